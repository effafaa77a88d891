"""What the daemon can say of itself: a line a part, ok or not, with what to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from darkroomd.core.gate import INHIBITED, OUTSIDE_SCHEDULE, PAUSED
from darkroomd.core.model import Check, Session, WatchMode
from darkroomd.core.wording import reason_in_words
from darkroomd.files.space import free_bytes
from darkroomd.imaging.version import kernel_is_built
from darkroomd.services.disks import Disks
from darkroomd.services.intake import Intake
from darkroomd.services.presets import Presets
from darkroomd.services.scheduler import Scheduler
from darkroomd.store.store import Store

HealthCheck = Callable[[], Awaitable[Check]]

PAGE: Final = 1000
DISK_SECONDS: Final = 2.0
"""How long a disk may take to say how much space it has."""

MOST_PROBLEMS: Final = 5
"""Sentences about presets that are shown; the log has all."""

WITHOUT_KERNEL: Final = (
    "The development kernel was not built when darkroomd was installed, so LibRaw develops alone, more "
    "slowly and less well. Install a C compiler, then darkroomd again."
)

_WANTED: Final = frozenset((PAUSED, INHIBITED, OUTSIDE_SCHEDULE))
"""Wait reasons that somebody has asked for."""

NO_SESSIONS: Final = (
    "No sessions are watched yet. Add one with `darkroom session add FOLDER`, or a folder of them with "
    "`darkroom root add FOLDER`."
)

LOW_SPACE_BYTES: Final = 500_000_000
"""Below this a session's disk is worth a warning: about fifty large JPEGs."""


def health_checks(
    store: Store, scheduler: Scheduler, intake: Intake, presets: Presets, *, pipeline: str, state_folder: Path
) -> tuple[HealthCheck, ...]:
    """Return the checks of a running daemon."""

    async def engine() -> Check:
        return Check("pipeline", ok=True, message=f"Photos are developed by {pipeline}.")

    async def queue() -> Check:
        return queue_check(scheduler.wait_reasons)

    disks = Disks(patience_seconds=DISK_SECONDS)

    async def folders() -> Check:
        sessions = await _all_sessions(store)
        lost = [
            str(session.folder)
            for session in sessions
            if intake.watch_mode(session.id) is WatchMode.UNAVAILABLE
        ]
        if lost:
            message = (
                f"Not to be found or read: {', '.join(lost)}. They are taken up again once they are back."
            )
            return Check("sessions", ok=False, message=message)
        return watched_check(len(sessions))

    async def space() -> Check:
        folders = {state_folder, *(session.folder for session in await _all_sessions(store))}
        scarce = [
            f"{folder} ({free // 1_000_000} MB)"
            for folder in sorted(folders)
            if (free := await _free_on(disks, folder)) is not None and free < LOW_SPACE_BYTES
        ]
        if scarce:
            return Check(
                "space", ok=False, message=f"Little space is left on the disk of {', '.join(scarce)}."
            )
        return Check("space", ok=True, message="There is enough space on every disk.")

    async def database() -> Check:
        if store.damage is not None:
            return Check("database", ok=False, message=store.damage.message)
        return Check("database", ok=True, message="The queue database was found in order.")

    watching = partial(_watching_check, intake)
    return (
        engine,
        _kernel_check,
        queue,
        database,
        folders,
        watching,
        space,
        partial(_presets_check, presets),
    )


def queue_check(reasons: Sequence[str]) -> Check:
    """Return whether the queue goes on; what somebody wants it to wait for is nothing wrong."""
    if not reasons:
        return Check("queue", ok=True, message="The queue is being worked on.")
    said = " and ".join(map(reason_in_words, reasons))
    message = f"Work waits: {said}. `darkroom status` tells more."
    return Check("queue", ok=_WANTED.issuperset(reasons), message=message)


def watched_check(sessions: int) -> Check:
    """Return how many sessions are watched, all of which are there."""
    if not sessions:
        return Check("sessions", ok=True, message=NO_SESSIONS)
    watched = "1 session is" if sessions == 1 else f"{sessions} sessions are"
    return Check("sessions", ok=True, message=f"{watched} watched.")


async def _kernel_check() -> Check:
    if kernel_is_built():
        return Check("kernel", ok=True, message="The development kernel is built.")
    return Check("kernel", ok=False, message=WITHOUT_KERNEL)


async def _presets_check(presets: Presets) -> Check:
    problems = await presets.problems()
    if problems:
        return Check("presets", ok=False, message=" ".join(problems[:MOST_PROBLEMS]))
    known = (await presets.library()).presets
    return Check("presets", ok=True, message=f"{len(known)} presets are known.")


async def _watching_check(intake: Intake) -> Check:
    problem = intake.watch_problem
    if problem is None:
        return Check("watching", ok=True, message="The system tells of changes in local folders.")
    message = (
        f"The system does not tell of changes in folders ({problem}), so they are looked at every few "
        "seconds instead. If it grants too few watches, raise fs.inotify.max_user_watches."
    )
    return Check("watching", ok=False, message=message)


async def _free_on(disks: Disks, folder: Path) -> int | None:
    # A session whose disk does not answer is told of by another check.
    with suppress(TimeoutError):
        return await disks.do(folder, partial(free_bytes, folder))
    return None


async def _all_sessions(store: Store) -> list[Session]:
    page = await store.sessions(cursor=None, limit=PAGE)
    sessions = list(page.entries)
    while page.next_cursor is not None:
        page = await store.sessions(cursor=page.next_cursor, limit=PAGE)
        sessions += page.entries
    return sessions
