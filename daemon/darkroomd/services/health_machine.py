"""Measures the machine: what the system grants, memory, open files, the clock, and the socket."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from darkroomd.core.checks.door import Door, socket_check
from darkroomd.core.checks.machine import (
    AHEAD_SECONDS,
    ClockFacts,
    clock_check,
    files_check,
    inotify_check,
    memory_check,
)
from darkroomd.core.status import Check
from darkroomd.files.machine import files_allowed, files_open, inotify_granted, memory_in_use
from darkroomd.store.inspection import Inspection

USEC: Final = 1_000_000


class ClockWatch:
    """Knows how far the wall clock went beside the steady one.

    Args:
        now_usec: microseconds since the Unix epoch, UTC.
        steady: seconds of a clock that nobody sets, and that goes on while the machine sleeps.
    """

    def __init__(
        self, inspection: Inspection, *, now_usec: Callable[[], int], steady: Callable[[], float]
    ) -> None:
        self._inspection = inspection
        self._now_usec = now_usec
        self._steady = steady
        self._begun = now_usec() / USEC - steady()

    async def examine(self) -> tuple[Check, ...]:
        """Look at the clock, and at what was recorded by it."""
        now_usec = self._now_usec()
        jumped = now_usec / USEC - self._steady() - self._begun
        ahead_usec = now_usec + round(AHEAD_SECONDS * USEC)
        facts = ClockFacts(
            now_usec=now_usec,
            jumped_seconds=jumped,
            newest_usec=await self._inspection.newest_usec(),
            photos_ahead=await self._inspection.photos_ahead(of_usec=ahead_usec),
        )
        return (clock_check(facts),)


class DoorWatch:
    """Knows the socket's file as it was when the daemon began.

    Attributes:
        group: the one that is to be let in; may be replaced.
    """

    def __init__(self, path: Path, *, group: int | None) -> None:
        self._path = path
        self.group = group
        self._identity = _identity(path)

    async def examine(self) -> tuple[Check, ...]:
        """Look at the socket's file."""
        try:
            found = self._path.lstat()
        except OSError:
            return (socket_check(Door(self._path, mode=None)),)
        ours = self._identity is None or self._identity == (found.st_dev, found.st_ino)
        door = Door(self._path, mode=found.st_mode, ours=ours, group=found.st_gid, wanted_group=self.group)
        return (socket_check(door),)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def limits_examination(wanted_watches: Callable[[], int]) -> Callable[[], Sequence[Check]]:
    """Return what looks at what the system grants and what is taken of it."""

    def examine() -> Sequence[Check]:
        return (
            inotify_check(inotify_granted(wanted=wanted_watches())),
            files_check(opened=files_open(), allowed=files_allowed()),
            memory_check(memory_in_use()),
        )

    return examine
