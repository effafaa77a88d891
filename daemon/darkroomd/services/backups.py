"""Backs the database up every day, while the queue goes on; what is missed is made up for after a start."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import anyio
import structlog
from anyio.abc import TaskStatus

from darkroom.errors import DarkroomError
from darkroomd.core.backups import backup_moment, backup_name, next_backup_at, superfluous_backups
from darkroomd.core.naming import part_name
from darkroomd.core.state_faults import BackupNotMade
from darkroomd.files.atomic import OWN_PARTS
from darkroomd.files.space import free_bytes
from darkroomd.files.sweep import sweep
from darkroomd.sections import BackupSection
from darkroomd.services.disks import Disks, Ear
from darkroomd.store.backup import Stop, copy_database, problem_in_copy, sync

FOLDER: Final = "backups"
"""Where backups lie in the state folder, unless the configuration says otherwise."""

SUFFIX: Final = ".db"

START_SECONDS: Final = 20.0
"""After a start others come first."""

LOOK_SECONDS: Final = 3600.0
"""How often it is looked whether a backup is due: a clock may be set, and a computer sleep."""

RETRY_SECONDS: Final = 600.0
"""Before a backup that failed is tried again."""

PATIENCE_SECONDS: Final = 600.0
"""For a check that says nothing of how far it is, of a large database on a slow disk."""

SPARE_BYTES: Final = 64_000_000
"""What a backup leaves free on its disk: it must not be what fills it."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class BackupStanding:
    """How it stands with the backups.

    Attributes:
        folder: where they lie.
        newest_at: when the newest good one was made, in UTC; None: there is none, or nobody looked yet.
        problem: why the one that is due could not be made, in a sentence; None: it was, or none is due.
    """

    folder: Path
    newest_at: datetime | None = None
    problem: str | None = None


class Backups:
    """Makes backups when they are due, and removes those that are too many."""

    def __init__(
        self,
        database: Path,
        section: BackupSection,
        disks: Disks,
        *,
        now_usec: Callable[[], int],
        start_seconds: float = START_SECONDS,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self._database = database
        self._disks = disks
        self._now_usec = now_usec
        self._start_seconds = start_seconds
        self._retry_seconds = retry_seconds
        self._section = section
        self._newest_at: datetime | None = None
        self._problem: str | None = None

    def adopt(self, section: BackupSection) -> None:
        """Go by this from the next round on."""
        self._section = section

    @property
    def folder(self) -> Path:
        """Where the backups lie."""
        return backup_folder(self._database, self._section)

    @property
    def is_wanted(self) -> bool:
        """Whether the configuration asks for any."""
        return self._section.keep > 0

    @property
    def standing(self) -> BackupStanding:
        """How it stands at this moment."""
        return BackupStanding(self.folder, self._newest_at, self._problem)

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Back up whenever it is time, until cancelled."""
        task_status.started()
        await anyio.sleep(self._start_seconds)
        await self._sweep()
        while True:
            seconds = await self.attend()
            await anyio.sleep(seconds)

    async def attend(self) -> float:
        """Make a backup if one is due; return in how many seconds to call again."""
        if not self._section.keep:
            self._problem = None
            return LOOK_SECONDS
        try:
            due_in = await self._due_in_seconds()
            if due_in <= 0:
                await self.make()
                due_in = await self._due_in_seconds()
        except (DarkroomError, OSError) as error:
            self._problem = _sentence(error, self.folder)
            code = error.code if isinstance(error, DarkroomError) else BackupNotMade.code
            log.warning("backup_failed", code=code, message=self._problem, folder=str(self.folder))
            return self._retry_seconds
        self._problem = None
        return max(1.0, min(due_in, LOOK_SECONDS))

    async def make(self) -> Path:
        """Make a backup now, and remove those that are too many; return where it is.

        Raises:
            BackupNotMade, OSError: there is none, and all others are as they were.
        """
        begun, at = anyio.current_time(), self._now()
        made, size_bytes = await self._make(at)
        self._newest_at = at
        seconds = round(anyio.current_time() - begun, 3)
        log.info("backup_made", path=str(made), bytes=size_bytes, seconds=seconds)
        rotate = partial(_rotate, made, keep=self._section.keep)
        if removed := await self._disks.do(self.folder, rotate):
            log.info("backups_removed", folder=str(self.folder), names=removed)
        return made

    async def _make(self, at: datetime) -> tuple[Path, int]:
        stop = Stop()
        work = partial(_make, self._database, self.folder, at, stop)
        refusal: DarkroomError | OSError | None = None
        made: list[tuple[Path, int]] = []
        async with anyio.create_task_group() as group:
            # A check may call nobody for seconds, and whoever stops the daemon is not to wait for it.
            group.start_soon(_once_cancelled, stop)
            try:
                made.append(await self._disks.do_at_length(self.folder, work))
            except (DarkroomError, OSError) as error:
                refusal = error
            group.cancel_scope.cancel()
        if refusal is not None:
            raise refusal
        return made[0]

    async def _due_in_seconds(self) -> float:
        now, every = self._now(), timedelta(hours=self._section.every_hours)
        names = await self._disks.do(self.folder, partial(_names_in, self.folder))
        past = [at for name in names if (at := backup_moment(name)) is not None and at <= now]
        self._newest_at = max(past, default=None)
        return (next_backup_at(names, now=now, every=every) - now).total_seconds()

    async def _sweep(self) -> None:
        """Remove what a daemon that was killed left of backups, and of a state that was being taken over."""
        for folder in {self.folder, self._database.parent}:
            with suppress(OSError, DarkroomError):
                removed = await self._disks.do(folder, partial(_sweep, folder))
                if removed:
                    log.info("parts_swept", folder=str(folder), count=len(removed))

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._now_usec() // 1_000_000, UTC)


def backup_folder(database: Path, section: BackupSection) -> Path:
    """Return where the backups of a database lie."""
    return Path(section.folder) if section.folder else database.with_name(FOLDER)


def _sentence(error: DarkroomError | OSError, folder: Path) -> str:
    if isinstance(error, DarkroomError):
        return error.message
    return BackupNotMade(folder, os.strerror(error.errno or 0)).message


def _sweep(folder: Path) -> tuple[str, ...]:
    # Whoever configures the daemon may have its folders be links; `Path.resolve` refuses a loop of them.
    return sweep(Path(os.path.realpath(folder)), live=OWN_PARTS, suffix=SUFFIX)


def _names_in(folder: Path) -> tuple[str, ...]:
    try:
        return tuple(entry.name for entry in folder.iterdir())
    except FileNotFoundError:
        return ()


async def _once_cancelled(stop: Stop) -> None:
    try:
        await anyio.sleep_forever()
    finally:
        stop()


def _make(database: Path, folder: Path, at: datetime, stop: Stop, ear: Ear) -> tuple[Path, int]:
    # No parents: what should be mounted there may not be.
    folder.mkdir(mode=0o700, exist_ok=True)
    _check_space(folder, database.stat().st_size + SPARE_BYTES)
    made = folder / backup_name(at)
    part = folder / part_name(made.name, secrets.choice(OWN_PARTS))
    try:
        copy_database(database, part, on_step=ear.go_on)
        _check_copy(part, made, stop, ear)
        size_bytes = part.stat().st_size
        part.rename(made)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync(folder)
    return made, size_bytes


def _check_copy(part: Path, made: Path, stop: Stop, ear: Ear) -> None:
    problem = problem_in_copy(part, on_step=ear.go_on, stop=stop)
    if problem is not None:
        raise BackupNotMade(made, f"the copy is damaged, as the database may be: {problem}")


def _check_space(folder: Path, wanted_bytes: int) -> None:
    free = free_bytes(folder)
    if free is not None and free < wanted_bytes:
        problem = f"{os.strerror(errno.ENOSPC)}: {wanted_bytes // 1_000_000 + 1} MB have to be free"
        raise BackupNotMade(folder, f"{problem}, and {free // 1_000_000} MB are")


def _rotate(made: Path, *, keep: int) -> list[str]:
    removed = list(superfluous_backups(_names_in(made.parent), made=made.name, keep=keep))
    for name in removed:
        made.with_name(name).unlink(missing_ok=True)
    return removed
