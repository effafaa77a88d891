"""What the system tells in its tables of what it grants us and what we take; None: it does not tell."""

from __future__ import annotations

import os
import resource
from pathlib import Path
from typing import Final

from darkroomd.core.checks.machine import Inotify, Memory

_TABLES: Final = Path("/proc")
_GROUPS: Final = Path("/sys/fs/cgroup")
_SETTINGS: Final = Path("sys/fs/inotify")
_PER_USER: Final = Path("sys/user")
_KILOBYTE: Final = 1024


def inotify_granted(*, wanted: int, tables: Path = _TABLES) -> Inotify:
    """Return how many folders this user may watch, in how many watchers; `wanted` is passed on."""
    settings, per_user = tables / _SETTINGS, tables / _PER_USER
    return Inotify(
        wanted=wanted,
        # A container may be granted less than the machine is.
        watches=_least(settings / "max_user_watches", per_user / "max_inotify_watches"),
        instances=_least(settings / "max_user_instances", per_user / "max_inotify_instances"),
        queued_events=_least(settings / "max_queued_events"),
    )


def files_open() -> int | None:
    """Return how many files this process has open."""
    for folder in (_TABLES / "self/fd", Path("/dev/fd")):
        try:
            # The folder itself is open while it is listed.
            return len(os.listdir(folder)) - 1  # noqa: PTH208 - names are counted, not looked at
        except OSError:
            continue
    return None


def files_allowed() -> int | None:
    """Return how many files this process may have open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


def memory_in_use(*, tables: Path = _TABLES, groups: Path = _GROUPS) -> Memory:
    """Return what this process holds, what the machine has to give, and what the service may take."""
    return Memory(
        resident=_kilobytes(tables / "self/status", "VmRSS"),
        available=_kilobytes(tables / "meminfo", "MemAvailable"),
        allowed=_allowed(tables, groups),
    )


def _allowed(tables: Path, groups: Path) -> int | None:
    """Return the least bound on memory of the control groups that this process is in."""
    own = next((line for line in _text(tables / "self/cgroup").splitlines() if line.startswith("0::")), "")
    group = groups / own.removeprefix("0::").lstrip("/")
    within = [place for place in (group, *group.parents) if place.is_relative_to(groups)]
    return _least(*(place / "memory.max" for place in within)) if own else None


def _least(*tables: Path) -> int | None:
    numbers = [int(text) for table in tables if (text := _text(table).strip()).isdecimal()]
    return min(numbers, default=None)


def _kilobytes(table: Path, name: str) -> int | None:
    for line in _text(table).splitlines():
        key, _, value = line.partition(":")
        number = value.strip().removesuffix(" kB")
        if key == name and number.isdecimal():
            return int(number) * _KILOBYTE
    return None


def _text(table: Path) -> str:
    try:
        return table.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
