"""Finds the photos: watches the sessions' folders and hands to the queue what is complete."""

from __future__ import annotations

import math
import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import anyio
import structlog
from anyio.abc import TaskGroup, TaskStatus

from darkroom.errors import DarkroomError
from darkroomd.core.intake import Vanished, is_temporary
from darkroomd.core.model import RAW_FOLDER, CorrelationId, SessionId, WatchMode
from darkroomd.core.scan_pace import ScanPace, next_on_grid
from darkroomd.core.session_names import session_id, session_name
from darkroomd.files.mounts import is_remote
from darkroomd.files.scan import RootListing, list_root
from darkroomd.files.watch import Change, FolderWatch, Hint, Target, find_targets
from darkroomd.services.disks import Disks
from darkroomd.services.session_intake import Presence, SessionIntake
from darkroomd.services.surroundings import Surroundings

Result = TypeVar("Result")

START_SECONDS: Final = 2.0
"""How long a disk may take to answer before the daemon starts without it."""

RETRY_SECONDS: Final = 5.0
"""Before a session that the store refused is added again."""

log = structlog.get_logger()


ROOT_PAUSE_SECONDS: Final = 0.1
"""Between a change in a root and the look at it."""

MOST_OTHERS: Final = 1000
"""So many folders of a root that are no sessions are watched, in case they become one; a scan sees all."""


class _Root:
    """A folder of sessions, and when to list it next."""

    def __init__(self, folder: Path, pace: ScanPace, *, remote: bool) -> None:
        self.folder: Final = folder
        self.pace: Final = pace
        self.remote: Final = remote
        self.others: tuple[Path, ...] = ()
        self.lost = False


class Intake:
    """Watches sessions that were named, and those that are or appear below roots.

    Folders need not be there yet, and may go and come back.
    """

    def __init__(self, around: Surroundings, *, sessions: Sequence[Path], roots: Sequence[Path]) -> None:
        self._around = around
        self._named: Final = (tuple(sessions), tuple(roots))
        self._roots: dict[Path, _Root] = {}
        self._sessions: dict[Path, SessionIntake] = {}
        self._by_id: dict[SessionId, SessionIntake] = {}
        self._busy: set[Path] = set()
        self._wake = anyio.Event()
        self._not_added: set[Path] = set()
        self._roots_not_added: set[Path] = set()
        self._add_at = math.inf
        self._choose_at = -math.inf
        self._troubled = False
        self._running = False
        # A way of its own: a disk that hangs here must not hold up the sessions of others.
        self._target_disks = Disks()
        self._replaced = False
        self._watch = FolderWatch(
            on_hints=self._take_hints, on_armed=self._note_armed, on_trouble=self._note_trouble
        )

    def watch_mode(self, session: SessionId) -> WatchMode:
        """Return how a session's folder is observed at this moment."""
        known = self._by_id.get(session)
        return WatchMode.UNAVAILABLE if known is None else known.mode

    @property
    def watch_problem(self) -> str | None:
        """Why not all local folders are watched but looked at again and again; None if they are watched."""
        return self._watch.problem

    def look_again(self, session: SessionId, name: str, correlation_id: CorrelationId | None = None) -> None:
        """Wait for a photo's RAW file to settle anew, because somebody found it changed.

        With `correlation_id` its story goes on, without one a new story begins.
        """
        known = self._by_id.get(session)
        if known is not None:
            known.look_again(name, correlation_id)
            self._wake.set()

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Watch until cancelled; started once all sessions that are there are known to the store."""
        sessions, roots = self._named
        for folder in sessions:
            await self._add_session(folder)
        for folder in roots:
            await self._add_root(folder)
        async with anyio.create_task_group() as group:
            await group.start(self._watch.run)
            task_status.started()
            self._running = True
            while True:
                self._start_what_is_due(group)
                await self._wait()

    async def _wait(self) -> None:
        times = [self._choose_at, self._add_at]
        times += [root.pace.at for folder, root in self._roots.items() if folder not in self._busy]
        times += [one.next_due() for folder, one in self._sessions.items() if folder not in self._busy]
        with anyio.move_on_after(max(0.0, min(times) - anyio.current_time())):
            await self._wake.wait()
        self._wake = anyio.Event()

    def _start_what_is_due(self, group: TaskGroup) -> None:
        now = anyio.current_time()
        if self._add_at <= now:
            self._add_at = math.inf
            group.start_soon(self._add_missing, tuple(self._not_added), tuple(self._roots_not_added))
        if self._choose_at <= now:
            self._choose_at = next_on_grid(now, self._around.options.scan_seconds)
            group.start_soon(self._choose_targets)
        for folder, root in self._roots.items():
            if folder not in self._busy and root.pace.at <= now:
                self._busy.add(folder)
                group.start_soon(self._attend_root, root)
        for folder, session in self._sessions.items():
            if folder not in self._busy and session.next_due() <= now:
                self._busy.add(folder)
                group.start_soon(self._attend_session, folder, session)

    async def _attend_session(self, folder: Path, session: SessionIntake) -> None:
        before = (session.presence, session.targets)
        await session.attend()
        if (session.presence, session.targets) != before:
            # Folders that came back may be others than those that went.
            self._replaced |= before[0] is not Presence.UNKNOWN
            self._choose_at = -math.inf
        self._busy.discard(folder)
        self._wake.set()

    async def _attend_root(self, root: _Root) -> None:
        await self._list_root(root)
        self._busy.discard(root.folder)
        self._wake.set()

    async def _add_missing(self, sessions: Sequence[Path], roots: Sequence[Path]) -> None:
        for folder in sessions:
            await self._add_session(folder)
        for folder in roots:
            await self._add_root(folder)
        self._wake.set()

    async def _add_session(self, folder: Path) -> None:
        real = await self._find(folder)
        if real is None:
            self._put_off(self._not_added, folder)
            return
        if real in self._sessions:
            return
        try:
            session = await self._around.store.add_session(
                real, name=session_name(real), session_id=session_id(real), now_usec=self._around.now_usec()
            )
        except DarkroomError as error:
            log.warning("session_not_added", folder=str(real), problem=error.message)
            self._put_off(self._not_added, folder)
            return
        self._not_added.discard(folder)
        intake = SessionIntake(session, self._around, appeared=self._running)
        self._sessions[real] = intake
        self._by_id[session.id] = intake
        log.info("session_watched", session=session.id, folder=str(real))

    async def _add_root(self, folder: Path) -> None:
        real = await self._find(folder)
        if real is None:
            self._put_off(self._roots_not_added, folder)
            return
        self._roots_not_added.discard(folder)
        self._roots[real] = _Root(real, self._around.new_pace(), remote=is_remote(real))
        log.info("root_watched", folder=str(real))
        await self._list_root(self._roots[real])

    async def _find(self, folder: Path) -> Path | None:
        """Return where a folder really is; None as long as its disk does not answer."""
        try:
            return await self._on_disk(folder, partial(_real, folder))
        except TimeoutError as error:
            log.warning("folder_not_added", folder=str(folder), problem=error.strerror)
            return None

    async def _on_disk(self, place: Path, work: Callable[[], Result]) -> Result:
        # The start waits for nobody; whoever does not answer is found later.
        patience = None if self._running else START_SECONDS
        return await self._around.disks.do(place, work, patience_seconds=patience)

    def _put_off(self, waiting: set[Path], folder: Path) -> None:
        waiting.add(folder)
        self._add_at = anyio.current_time() + RETRY_SECONDS

    async def _list_root(self, root: _Root) -> None:
        begun_at = anyio.current_time()
        root.pace.begin(now=begun_at)
        listing = await self._listing(root)
        for folder in listing.sessions:
            await self._add_session(folder)
        others = listing.others[:MOST_OTHERS]
        if others != root.others:
            root.others = others
            self._choose_at = -math.inf
        now, watched = anyio.current_time(), root.folder in self._watch.armed
        root.pace.found(now=now, watched=watched, took_seconds=now - begun_at, polled=len(self._roots))

    async def _listing(self, root: _Root) -> RootListing:
        try:
            listing = await self._on_disk(root.folder, partial(list_root, root.folder))
        except OSError as error:
            if not root.lost:
                problem = os.strerror(error.errno or 0)
                log.warning("root_lost", folder=str(root.folder), problem=problem)
            root.lost = True
            return RootListing((), ())
        if root.lost:
            log.info("root_found", folder=str(root.folder))
        root.lost = False
        return listing

    async def _choose_targets(self) -> None:
        local = [root for root in self._roots.values() if not root.remote]
        folders = [folder for root in local for folder in (root.folder, *root.others)]
        folders += [folder for session in self._sessions.values() for folder in session.targets]
        anew, self._replaced = self._replaced, False
        try:
            targets = await self._target_disks.do(Path("/"), partial(find_targets, folders))
        except TimeoutError as error:
            self._note_trouble(str(error))
            self._choose_at = anyio.current_time() + RETRY_SECONDS
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
            self._wake.set()
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
            self._replaced = True
            self._choose_at = -math.inf
        for root in self._roots.values():
            if root.folder == folder or (ours and root.folder == folder.parent):
                # Not at once: somebody may be writing files into the root all the time.
                root.pace.within(ROOT_PAUSE_SECONDS, now=anyio.current_time())
        self._wake.set()

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
            log.info("watch_restored", folders=len(self._watch.armed))
        self._troubled = False
        self._wake.set()

    def _note_trouble(self, problem: str) -> None:
        """Poll while nobody tells."""
        if not self._troubled:
            log.warning("watch_failed", problem=problem, polling_seconds=self._around.options.poll_seconds)
        self._troubled = True
        self._tell_sessions()
        for session in self._sessions.values():
            session.scan_soon()
        for root in self._roots.values():
            root.pace.soon()
        # Perhaps a folder went between the choice and the watching.
        self._choose_at = -math.inf
        self._wake.set()

    def _tell_sessions(self) -> None:
        armed = self._watch.armed
        polled = sum(session.raw not in armed for session in self._sessions.values())
        for session in self._sessions.values():
            session.note_watched(armed, polled=polled)


def _real(folder: Path) -> Path:
    # A folder that is not there yet is waited for; a loop of links, which `Path.resolve` refuses, as well.
    return Path(os.path.realpath(folder))
