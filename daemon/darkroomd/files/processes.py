"""What the kernel says of processes: memory, processor time, open files."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_USER_TICKS, _SYSTEM_TICKS, _PAGES = 11, 12, 21
"""Places in /proc/PID/stat behind the name, which may hold anything."""


@dataclass(frozen=True, slots=True)
class Burden:
    """What processes take together; `cpu_seconds` since each of them was started."""

    resident_bytes: int = 0
    cpu_seconds: float = 0.0


def own_burden() -> Burden:
    """Return what this process takes; where there is no /proc, the most memory it ever held."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    burden = _burden(os.getpid())
    # Linux counts in kilobytes, macOS in bytes.
    most = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    resident = most if burden is None else burden.resident_bytes
    return Burden(resident, usage.ru_utime + usage.ru_stime)


def children_burden(pids: Iterable[int]) -> Burden:
    """Return what these children of this process take, and the time that all took that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    alive = [burden for pid in pids if (burden := _burden(pid)) is not None]
    return Burden(
        sum(burden.resident_bytes for burden in alive),
        ended.ru_utime + ended.ru_stime + sum(burden.cpu_seconds for burden in alive),
    )


def open_files() -> int | None:
    """Return how many file descriptors this process holds; None where the kernel does not say."""
    try:
        return sum(1 for _ in _PROC.joinpath("self/fd").iterdir()) - 1
    except OSError:
        return None


def _burden(pid: int) -> Burden | None:
    try:
        fields = _PROC.joinpath(str(pid), "stat").read_bytes().rpartition(b")")[2].split()
        ticks = int(fields[_USER_TICKS]) + int(fields[_SYSTEM_TICKS])
        return Burden(int(fields[_PAGES]) * resource.getpagesize(), ticks / _TICKS)
    except (OSError, ValueError, IndexError):
        # No /proc, or the process has ended at this moment.
        return None
