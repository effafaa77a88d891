"""Looks at the disks, and at the folders of all sessions on them, each disk on its own account."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import anyio

from darkroomd.core.checks.folders import (
    Disk,
    Obstacle,
    Rounds,
    folders_check,
    sessions_check,
    space_check,
    watching_check,
)
from darkroomd.core.model import Session, WatchMode
from darkroomd.core.status import Check
from darkroomd.files.rights import obstacles_in
from darkroomd.files.volumes import Room, Volume, room_in, volumes_of
from darkroomd.services.disks import Disks
from darkroomd.services.intake import Intake
from darkroomd.store.store import Store

PAGE: Final = 1000

DISK_SECONDS: Final = 2.0
"""How long a disk may take to answer at all."""

LOOK_SECONDS: Final = 0.5
"""How long the folders on one disk are looked at; a local disk has answered for thousands by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What is looked at besides the sessions themselves.

    Attributes:
        outputs: names of the folders that outputs are written to, below each session's.
        others: folders that are no sessions, whose disks need room as well.
    """

    outputs: Collection[str]
    others: Collection[Path]


@dataclass(frozen=True, slots=True)
class _Found:
    """What one disk has answered; `room` is None where it would not say."""

    room: Room | None
    obstacles: tuple[tuple[Obstacle, ...], ...]


class FolderRound:
    """Measures what `folders_check`, `sessions_check`, `space_check` and `watching_check` are about.

    Attributes:
        places: what is looked at besides; may be replaced.
    """

    def __init__(self, store: Store, intake: Intake, places: Places) -> None:
        self._store = store
        self._intake = intake
        self.places = places
        self._disks = Disks(patience_seconds=DISK_SECONDS)

    async def examine(self) -> tuple[Check, ...]:
        """Look at everything once."""
        sessions = {session.folder: session for session in await self._sessions()}
        modes = {folder: self._intake.watch_mode(session.id) for folder, session in sessions.items()}
        away = [folder for folder, mode in modes.items() if mode is WatchMode.UNAVAILABLE]
        lost = [folder for folder in away if self._intake.is_wanted(folder)]
        let_go = [folder for folder in away if not self._intake.is_wanted(folder)]
        standing = [folder for folder, mode in modes.items() if mode is not WatchMode.UNAVAILABLE]
        volumes = volumes_of({*standing, *self.places.others})
        by_volume: defaultdict[Volume, list[Path]] = defaultdict(list)
        for folder in standing:
            by_volume[volumes[folder]].append(folder)
        found = await self._look(by_volume, {volumes[folder]: folder for folder in self.places.others})
        kinds = Counter((volumes[folder].file_system, modes[folder]) for folder in standing)
        return (
            sessions_check(len(sessions) - len(let_go), lost=lost, let_go=let_go),
            folders_check(_rounds(by_volume, found)),
            watching_check(kinds, problem=self._intake.watch_problem),
            space_check(_disks(found)),
        )

    async def _look(
        self, sessions: defaultdict[Volume, list[Path]], others: dict[Volume, Path]
    ) -> dict[Volume, _Found | None]:
        """Return what each disk has answered; None for those that did not."""
        found: dict[Volume, _Found | None] = {}
        outputs = [Path(folder) for folder in self.places.outputs]

        async def ask(volume: Volume, folders: Sequence[Path]) -> None:
            place = folders[0] if folders else others[volume]
            try:
                found[volume] = await self._disks.do(place, partial(_look_at, place, folders, outputs))
            except TimeoutError:
                found[volume] = None

        async with anyio.create_task_group() as group:
            for volume in {*sessions, *others}:
                group.start_soon(ask, volume, sessions.get(volume, ()))
        return found

    async def _sessions(self) -> list[Session]:
        page = await self._store.sessions(cursor=None, limit=PAGE)
        sessions = list(page.entries)
        while page.next_cursor is not None:
            page = await self._store.sessions(cursor=page.next_cursor, limit=PAGE)
            sessions += page.entries
        return sessions


def _look_at(place: Path, sessions: Sequence[Path], outputs: Collection[Path]) -> _Found:
    try:
        room = room_in(place)
    except TimeoutError:
        raise
    except OSError:
        # A folder that is not there, or not to be entered, is told by another check.
        room = None
    return _Found(room, tuple(obstacles_in(sessions, outputs=outputs, seconds=LOOK_SECONDS)))


def _rounds(sessions: defaultdict[Volume, list[Path]], found: dict[Volume, _Found | None]) -> Rounds:
    answers = [one for one in found.values() if one is not None]
    return Rounds(
        wanted=sum(map(len, sessions.values())),
        looked_at=sum(len(one.obstacles) for one in answers),
        obstacles=tuple(each for one in answers for obstacles in one.obstacles for each in obstacles),
        silent=tuple(sorted(volume.point for volume in sessions if found[volume] is None)),
    )


def _disks(found: dict[Volume, _Found | None]) -> list[Disk]:
    disks: list[Disk] = []
    for volume, one in sorted(found.items(), key=lambda each: each[0].point):
        if one is None:
            disks.append(Disk(volume.point, volume.file_system, free_bytes=None))
        elif one.room is not None:
            disks.append(Disk(volume.point, volume.file_system, one.room.free_bytes, one.room.free_inodes))
    return disks
