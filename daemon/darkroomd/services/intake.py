"""Finds the photos: watches the sessions' folders and hands to the queue what is complete."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import anyio
import structlog
from anyio.abc import TaskGroup, TaskStatus

from darkroom.errors import DarkroomError
from darkroomd.core.model import CorrelationId, JobId, Photo, Session, SessionId, WatchMode
from darkroomd.core.output_plan import OutputPlan
from darkroomd.core.places import FolderIdentity, Root, RootStanding
from darkroomd.files.folders import FolderIsLink
from darkroomd.files.mounts import is_remote
from darkroomd.files.scan import RootListing, list_root
from darkroomd.services.attendance import Attendance
from darkroomd.services.lookout import Lookout
from darkroomd.services.named_places import NamedPlaces
from darkroomd.services.recognition import Recognition
from darkroomd.services.roots import WatchedRoot
from darkroomd.services.session_intake import Presence, SessionIntake
from darkroomd.services.surroundings import IntakeOptions, Surroundings
from darkroomd.store.places import PlaceBook

Result = TypeVar("Result")

START_SECONDS: Final = 2.0
"""How long a disk may take to answer before the daemon starts without it."""

FOUND_SECONDS: Final = 0.5
"""Between a session's first look and the choice of what to watch."""

log = structlog.get_logger()


class Intake:
    """Watches sessions that were named, those that were added, and those that are or appear below roots.

    Folders need not be there yet, may go and come back, and be renamed. Whoever changes what is watched holds
    `changing` until the store knows of it as well.
    """

    def __init__(self, around: Surroundings, *, sessions: Sequence[Path], roots: Sequence[Path]) -> None:
        self._around = around
        self._named: Final = NamedPlaces(self, sessions=sessions, roots=roots)
        self._book = PlaceBook(around.store.front)
        self._recognition = Recognition(around, self._book)
        self._roots: dict[Path, WatchedRoot] = {}
        self._sessions: dict[Path, SessionIntake] = {}
        self._by_id: dict[SessionId, SessionIntake] = {}
        self._attended = Attendance()
        self.changing: Final = anyio.Lock()
        self._wake = anyio.Event()
        self._renewals: list[Sequence[anyio.Event]] = []
        self._until = -math.inf
        self._started: Final = anyio.Event()
        self._lookout = Lookout(self._sessions, self._roots, around.options, wake=self._wake_up)

    def watch_mode(self, session: SessionId) -> WatchMode:
        """Return how a session's folder is observed at this moment."""
        known = self._by_id.get(session)
        return WatchMode.UNAVAILABLE if known is None else known.mode

    def arriving(self, session: SessionId) -> tuple[Photo, ...]:
        """Return what was seen in a session's folder and is no photo of the queue yet."""
        known = self._by_id.get(session)
        return () if known is None else known.arriving

    @property
    def named(self) -> frozenset[Path]:
        """The folders of the sessions that the command line and the configuration name."""
        return self._named.sessions.folders

    def is_wanted(self, folder: Path) -> bool:
        """Tell whether a known session is watched, or is to be as soon as its disk answers."""
        return folder in self._sessions or folder.parent in self._roots or self._named.has_session(folder)

    @property
    def sessions(self) -> Mapping[Path, SessionId]:
        """The sessions that are watched, by folder."""
        return {folder: one.session.id for folder, one in self._sessions.items()}

    @property
    def roots(self) -> tuple[RootStanding, ...]:
        """The roots that are watched, in order of their folders."""
        armed = self._lookout.armed
        return tuple(
            self._roots[folder].standing(self._sessions, armed=armed) for folder in sorted(self._roots)
        )

    @property
    def watch_problem(self) -> str | None:
        """Why not all local folders are watched but looked at again and again; None if they are watched."""
        return self._lookout.problem

    @property
    def wanted_watches(self) -> int:
        """How many folders are to be watched for all of them."""
        of_sessions = sum(len(session.targets) for session in self._sessions.values())
        return of_sessions + sum(len(root.targets) for root in self._roots.values())

    def look_again(self, session: SessionId, name: str, correlation_id: CorrelationId | None = None) -> None:
        """Wait for a photo's RAW file to settle anew, because somebody found it changed.

        With `correlation_id` its story goes on, without one a new story begins.
        """
        known = self._by_id.get(session)
        if known is not None:
            known.look_again(name, correlation_id)
            self._wake.set()

    async def backfill_of(self, session_id: SessionId, *, within_seconds: float) -> JobId | None:
        """Wait for the job of what a session held when it was first looked at; None: none, or not yet."""
        known = self._by_id.get(session_id)
        if known is None:
            return None
        with anyio.move_on_after(within_seconds):
            await known.first_look.wait()
        return known.backfill

    async def folders_seen(self) -> Sequence[anyio.Event]:
        """Wait until what is there at the start was looked at; return what is set once its files settled."""
        await self._started.wait()
        sessions = tuple(self._sessions.values())
        for session in sessions:
            await session.seen.wait()
        return [session.first_look for session in sessions]

    def scan_soon(self, session_id: SessionId) -> None:
        """Have the whole folder of a session looked at as soon as possible."""
        known = self._by_id.get(session_id)
        if known is not None:
            known.scan_soon()
            self._wake.set()

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Watch until cancelled; started once all sessions that are there are known to the store."""
        await self._recognition.load()
        for session in await self._book.added_sessions():
            self.take_up(session, appeared=False)
        await self._named.watch()
        for root in await self._book.roots():
            await self.watch_root(root)
        async with anyio.create_task_group() as group:
            await group.start(self._lookout.run)
            task_status.started()
            self._started.set()
            while True:
                self._start_what_is_due(group)
                await self._wait()

    async def _wait(self) -> None:
        times = [self._lookout.at, self._named.at]
        times += [root.pace.at for folder, root in self._roots.items() if folder not in self._attended]
        times += [one.next_due() for folder, one in self._sessions.items() if folder not in self._attended]
        self._until = min(times)
        with anyio.move_on_after(max(0.0, self._until - anyio.current_time())):
            await self._wake.wait()
        self._wake = anyio.Event()

    def _wake_up(self) -> None:
        self._wake.set()

    def _start_what_is_due(self, group: TaskGroup) -> None:
        now = anyio.current_time()
        while self._renewals:
            group.start_soon(self._compare_after, self._renewals.pop())
        if self._named.at <= now:
            self._named.begin()
            group.start_soon(self._watch_named)
        if self._lookout.at <= now:
            self._lookout.begin(now=now)
            group.start_soon(self._lookout.choose)
        for folder, root in self._roots.items():
            if folder not in self._attended and root.pace.at <= now:
                group.start_soon(self._attend_root, root, self._attended.begin(folder))
        for folder, session in self._sessions.items():
            if folder not in self._attended and session.next_due() <= now:
                group.start_soon(self._attend_session, folder, session, self._attended.begin(folder))

    async def _attend_session(self, folder: Path, session: SessionIntake, scope: anyio.CancelScope) -> None:
        with scope:
            before = (session.presence, session.targets)
            await session.attend()
            if (session.presence, session.targets) != before:
                # Folders that came back may be others than those that went.
                news = before[0] is not Presence.UNKNOWN
                # At the start hundreds of sessions are found one after the other where they were expected.
                self._lookout.choose_soon(within_seconds=0.0 if news else FOUND_SECONDS, replaced=news)
                if session.presence is Presence.PRESENT:
                    await self._recognition.note_identity(session.session)
        self._rest(folder, scope, due_at=session.next_due())

    async def _attend_root(self, root: WatchedRoot, scope: anyio.CancelScope) -> None:
        with scope:
            await self._list_root(root)
        self._rest(root.folder, scope, due_at=root.pace.at)

    def _rest(self, folder: Path, scope: anyio.CancelScope, *, due_at: float) -> None:
        self._attended.end(folder, scope)
        # To ask all sessions when they are due, after each of them, would be most of the work of watching.
        if min(due_at, self._lookout.at) < self._until:
            self._wake.set()

    def name(self, *, sessions: Sequence[Path], roots: Sequence[Path]) -> anyio.Event:
        """Watch these folders in place of those that were named; return what is set once that is done.

        A folder that is named no more is let go, unless it is watched for another reason as well. Nothing of
        it is forgotten: named again, it goes on where it was.
        """
        done = self._named.become(sessions=sessions, roots=roots)
        self._wake.set()
        return done

    def adopt(self, options: IntakeOptions) -> None:
        """Observe folders like this from now on; files that are waited for are looked at again."""
        if options == self._around.options:
            return
        anew = options.extensions != self._around.options.extensions
        self._around.options = options
        self._lookout.adopt(options)
        for root in self._roots.values():
            self._around.set_pace(root.pace)
        for session in self._sessions.values():
            session.adopt()
            if anew:
                session.scan_soon()
        self._wake.set()

    def adopt_plan(self, plan: OutputPlan, *, in_work: Sequence[anyio.Event]) -> None:
        """Want these outputs from now on; what others made is made again at low priority.

        That is looked for once the work is over that began before: `in_work` are set by then.
        """
        if plan != self._around.plan:
            self._around.plan = plan
            self._renewals.append(in_work)
            self._wake.set()

    async def _compare_after(self, in_work: Sequence[anyio.Event]) -> None:
        for over in in_work:
            await over.wait()
        for session in self._sessions.values():
            session.compare_soon()
        self._wake.set()

    async def added(self) -> tuple[frozenset[Path], frozenset[Path]]:
        """Return the folders of the sessions and roots that were added; raise `DarkroomError`."""
        sessions, roots = await self._book.added_sessions(), await self._book.roots()
        return frozenset(one.folder for one in sessions), frozenset(one.folder for one in roots)

    async def _watch_named(self) -> None:
        await self._named.watch()
        self._wake.set()

    async def watch_session(self, real: Path, *, appeared: bool) -> bool:
        """Watch a session; return False where that is to be tried again. The caller holds `changing`."""
        if real in self._sessions:
            return True
        try:
            session = await self._session_in(real)
        except DarkroomError as error:
            log.warning("session_not_added", folder=str(real), problem=error.message)
            return False
        except OSError as error:
            problem = os.strerror(error.errno or 0)
            log.warning("session_not_added", folder=str(real), problem=problem)
            return False
        if session is not None:
            self.take_up(session, appeared=appeared)
        return True

    async def _session_in(self, real: Path) -> Session | None:
        """Return the session in a folder: known, renamed or new; None where none may be."""
        known = await self._recognition.known(real)
        if known is not None:
            return known
        if not self._recognition.may_be_session(real, sessions=self._sessions, roots=self._roots):
            return None
        return await self.follow_move(real) or await self._recognition.new(real)

    async def follow_move(self, real: Path) -> Session | None:
        """Return the known session whose folder is called `real` now, once its records have followed.

        The caller holds `changing`.

        Raises:
            DarkroomError, OSError: the store, or a disk, refuses.
        """
        found = await self._recognition.renamed(real)
        if found is None:
            return None
        session, identity = found
        await self.let_go(session.folder)
        self._named.sessions.moved(session.folder, real)
        return await self._recognition.follow(session, real, identity)

    def take_up(self, session: Session, *, appeared: bool) -> None:
        """Watch a session that the store knows; `appeared`: its folder was made while we watched."""
        folder = session.folder
        if folder not in self._sessions:
            self._recognition.added(folder)
            intake = SessionIntake(session, self._around, appeared=appeared)
            self._sessions[folder] = self._by_id[session.id] = intake
            log.info("session_watched", session=session.id, folder=str(folder))
            self._lookout.choose_soon()
            self._wake.set()

    async def let_go(self, folder: Path) -> None:
        """Watch a session no more; what is under way in its folder is stopped."""
        intake = self._sessions.pop(folder, None)
        if intake is None:
            return
        del self._by_id[intake.session.id]
        await self._attended.stop(folder)
        intake.end()
        log.info("session_let_go", session=intake.session.id, folder=str(folder))
        self._lookout.choose_soon()
        self._wake.set()

    def forget(self, folder: Path, identity: FolderIdentity | None) -> None:
        """Leave a folder below a root alone until it goes and comes back, or is added."""
        self._recognition.forget(folder, identity)

    async def watch_root(self, root: Root) -> None:
        """Watch a root, and the sessions that are in it."""
        if root.folder in self._roots:
            return
        watched = WatchedRoot(root, self._around.new_pace(), remote=is_remote(root.folder))
        self._roots[root.folder] = watched
        log.info("root_watched", folder=str(root.folder))
        if not self._started.is_set():
            await self._list_root(watched)
        self._lookout.choose_soon()
        self._wake.set()

    async def let_go_of_root(self, folder: Path) -> None:
        """Watch a root no more; its sessions are watched as before."""
        if self._roots.pop(folder, None) is None:
            return
        await self._attended.stop(folder)
        self._recognition.left(folder)
        log.info("root_let_go", folder=str(folder))
        self._lookout.choose_soon()
        self._wake.set()

    async def find(self, name: Path) -> Path | None:
        """Return where a folder really is; None as long as its disk does not answer."""
        try:
            return await self._on_disk(name, partial(_real, name))
        except TimeoutError as error:
            log.warning("folder_not_added", folder=str(name), problem=error.strerror)
            return None

    async def _on_disk(self, place: Path, work: Callable[[], Result]) -> Result:
        # The start waits for nobody; whoever does not answer is found later.
        patience = None if self._started.is_set() else START_SECONDS
        return await self._around.disks.do(place, work, patience_seconds=patience)

    async def _list_root(self, root: WatchedRoot) -> None:
        begun_at = anyio.current_time()
        root.pace.begin(now=begun_at)
        try:
            listing = await self._on_disk(root.folder, partial(list_root, root.folder))
        except (OSError, FolderIsLink) as error:
            news = root.lost(error)
        else:
            appeared = root.is_known
            news = root.found(listing)
            await self._take_up_new(root.folder, listing, appeared=appeared)
        if news:
            self._lookout.choose_soon()
        now, watched = anyio.current_time(), root.folder in self._lookout.armed
        root.pace.found(now=now, watched=watched, took_seconds=now - begun_at, polled=len(self._roots))

    async def _take_up_new(self, folder: Path, listing: RootListing, *, appeared: bool) -> None:
        """Watch the sessions of a root that are neither watched nor to be left alone."""
        for session in listing.sessions:
            if session in self._sessions:
                continue
            async with self.changing:
                if folder in self._roots and not await self._recognition.is_forgotten(session):
                    await self.watch_session(session, appeared=appeared)
        await self._recognition.listed(folder, found=(*listing.sessions, *listing.others))


def _real(folder: Path) -> Path:
    # A folder that is not there yet is waited for; a loop of links, which `Path.resolve` refuses, as well.
    return Path(os.path.realpath(folder))
