"""Chooses the folders that are watched, and has looked at what something is heard of."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import anyio
import structlog
from anyio.abc import TaskStatus

from darkroomd.core.intake import Vanished, is_temporary
from darkroomd.core.model import RAW_FOLDER
from darkroomd.core.scan_pace import next_on_grid
from darkroomd.files.watch import Change, FolderWatch, Hint, Target, find_targets
from darkroomd.services.disks import Disks
from darkroomd.services.roots import WatchedRoot
from darkroomd.services.session_intake import SessionIntake
from darkroomd.services.surroundings import IntakeOptions

RETRY_SECONDS: Final = 5.0
"""Before folders are chosen again where a disk did not answer."""

ROOT_PAUSE_SECONDS: Final = 0.1
"""Between a change in a root and the look at it."""

log = structlog.get_logger()


class Lookout:
    """Keeps the watch on the folders of sessions and roots, which others add to and take away from.

    Args:
        wake: is called when something is due earlier than it was.
    """

    def __init__(
        self,
        sessions: Mapping[Path, SessionIntake],
        roots: Mapping[Path, WatchedRoot],
        options: IntakeOptions,
        *,
        wake: Callable[[], None],
    ) -> None:
        self._sessions = sessions
        self._roots = roots
        self._options = options
        self._wake = wake
        self._at = -math.inf
        self._troubled = False
        self._replaced = False
        # A way of its own: a disk that hangs here must not hold up the sessions of others.
        self._disks = Disks()
        self._watch = FolderWatch(
            on_hints=self._take_hints, on_armed=self._note_armed, on_trouble=self._note_trouble
        )

    @property
    def armed(self) -> frozenset[Path]:
        """The folders that hints come from at this moment."""
        return self._watch.armed

    @property
    def problem(self) -> str | None:
        """Why not all local folders are watched but looked at again and again; None if they are watched."""
        return self._watch.problem

    @property
    def at(self) -> float:
        """When to choose next, in seconds of the monotonic clock."""
        return self._at

    def choose_soon(self, *, within_seconds: float = 0.0, replaced: bool = False) -> None:
        """Have the folders chosen anew; `replaced`: some may be others than they were under their names."""
        self._replaced |= replaced
        self._at = min(self._at, anyio.current_time() + within_seconds)

    def begin(self, *, now: float) -> None:
        """Note that `choose` is called; folders are chosen again later even if nobody asks."""
        self._at = next_on_grid(now, self._options.scan_seconds)

    def adopt(self, options: IntakeOptions) -> None:
        """Observe folders like this from now on."""
        self._options = options
        self.choose_soon(within_seconds=options.scan_seconds)

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Listen until cancelled."""
        await self._watch.run(task_status=task_status)

    async def choose(self) -> None:
        """Watch the folders that are worth it now."""
        folders = [folder for root in self._roots.values() for folder in root.targets]
        folders += [folder for session in self._sessions.values() for folder in session.targets]
        anew, self._replaced = self._replaced, False
        try:
            targets = await self._disks.do(Path("/"), partial(find_targets, folders))
        except TimeoutError as error:
            self._note_trouble(str(error))
            self._at = anyio.current_time() + RETRY_SECONDS
            return
        self._watch.watch(targets, anew=anew)
        self._tell_sessions()

    def _take_hints(self, hints: Sequence[Hint]) -> None:
        by_folder: defaultdict[Path, list[Hint]] = defaultdict(list)
        for hint in hints:
            by_folder[hint.folder].append(hint)
        gone = [hint for hint in hints if hint.change is Change.DELETED]
        temporary = tuple(hint.name for hint in gone if is_temporary(hint.name))
        for folder, some in by_folder.items():
            elsewhere = frozenset(hint.name for hint in gone if hint.folder != folder)
            self._take_hints_in(folder, some, Vanished(temporary, elsewhere))

    def _take_hints_in(self, folder: Path, hints: Sequence[Hint], vanished: Vanished) -> None:
        session = self._sessions.get(folder.parent) if folder.name == RAW_FOLDER else None
        if session is not None:
            session.take_hints(hints, vanished)
            self._wake()
        else:
            moved = [folder / hint.name for hint in hints if hint.change is not Change.MODIFIED]
            self._look_around(folder, moved)

    def _look_around(self, folder: Path, moved: Sequence[Path]) -> None:
        """Folders may have come or gone, or been replaced: sessions, their `Raw/`, or what may become one."""
        if not moved:
            return
        ours = [place for place in moved if place in self._sessions or place.name == RAW_FOLDER]
        for place in ours:
            session = self._sessions.get(place) or self._sessions.get(place.parent)
            if session is not None:
                session.scan_soon()
        if ours:
            self.choose_soon(replaced=True)
        for root in self._roots.values():
            if root.folder == folder or (ours and root.folder == folder.parent):
                # Not at once: somebody may be writing files into the root all the time.
                root.pace.within(ROOT_PAUSE_SECONDS, now=anyio.current_time())
        self._wake()

    def _note_armed(self, new: frozenset[Target]) -> None:
        """Look at what is listened to from now on: what happened before nobody told."""
        fresh = {target.path for target in new}
        self._tell_sessions()
        for folder, session in self._sessions.items():
            if folder in fresh or session.raw in fresh:
                session.scan_soon()
        for folder, root in self._roots.items():
            if fresh.intersection((folder, *root.others)):
                root.pace.soon()
        if self._troubled:
            log.info("watch_restored", folders=len(self.armed))
        self._troubled = False
        self._wake()

    def _note_trouble(self, problem: str) -> None:
        """Poll while nobody tells."""
        if not self._troubled:
            log.warning("watch_failed", problem=problem, polling_seconds=self._options.poll_seconds)
        self._troubled = True
        self._tell_sessions()
        for session in self._sessions.values():
            session.scan_soon()
        for root in self._roots.values():
            root.pace.soon()
        # Perhaps a folder went between the choice and the watching.
        self.choose_soon()
        self._wake()

    def _tell_sessions(self) -> None:
        armed = self.armed
        polled = sum(session.raw not in armed for session in self._sessions.values())
        for session in self._sessions.values():
            session.note_watched(armed, polled=polled)
