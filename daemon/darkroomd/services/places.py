"""Roots and sessions, as people name and remove them while the daemon runs."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import anyio

from darkroom.errors import (
    DarkroomError,
    NoSuchRoot,
    PathNotAllowed,
    SessionBusy,
    TimedOut,
)
from darkroomd.core.cancellation import SESSION_REMOVED
from darkroomd.core.model import JobId, RootId, Session, SessionId
from darkroomd.core.places import (
    FolderIdentity,
    Root,
    RootStanding,
    children,
    refusal_of_root,
    refusal_of_session,
)
from darkroomd.core.session_names import root_id, session_id, session_name
from darkroomd.core.wording import readable
from darkroomd.files.folders import check_root, check_session, confined, identity_of, make_session
from darkroomd.services.disks import Disks
from darkroomd.services.gatekeeper import Gatekeeper
from darkroomd.services.intake import Intake
from darkroomd.services.jobs import Jobs
from darkroomd.services.presets import Presets
from darkroomd.services.session_records import SessionRecords
from darkroomd.store.places import PlaceBook

DISK_SECONDS: Final = 5.0
"""How long a disk may take to say what a path is."""

BACKFILL_SECONDS: Final = 5.0
"""How long a reply waits for the job of what a new session holds."""

FLUSH_SECONDS: Final = 2.0
"""How long the record of a session may take to be finished before the session is forgotten."""

MOST_ROUNDS: Final = 5
"""So often jobs may be made of a session's photos while they are canceled."""

_OUTSIDE: Final = (
    "The folder lies outside of those in which this user may name folders. Name one in a folder that "
    "socket.allowed_roots in the configuration lists, or ask as the daemon's user."
)


@dataclass(frozen=True, slots=True)
class AddedSession:
    """A session that somebody named; `job_id` is the backfill of what it holds, if that is known already."""

    session: Session
    created: bool
    job_id: JobId | None


@dataclass(frozen=True, slots=True)
class AddedRoot:
    """A root that somebody named."""

    root: RootStanding
    created: bool


@dataclass(frozen=True, slots=True)
class _Place:
    """A folder that is there, by its real path."""

    folder: Path
    identity: FolderIdentity


class Whereabouts:
    """What is added or removed is durable, and in force, when a method returns.

    Args:
        presets: knows which there are.
        now_usec: microseconds since the Unix epoch, UTC.
        on_canceled: is awaited for a while once jobs of a session were canceled, before that is forgotten.
    """

    def __init__(
        self,
        book: PlaceBook,
        intake: Intake,
        jobs: Jobs,
        gate: Gatekeeper,
        records: SessionRecords,
        *,
        presets: Presets,
        now_usec: Callable[[], int],
        on_canceled: Callable[[], Awaitable[object]],
    ) -> None:
        self._book = book
        self._intake = intake
        self._jobs = jobs
        self._gate = gate
        self._records = records
        self._presets = presets
        self._now_usec = now_usec
        self._on_canceled = on_canceled
        self._disks = Disks(patience_seconds=DISK_SECONDS)

    async def add_session(
        self, folder: Path, *, preset_id: str | None, within: tuple[Path, ...] | None = None
    ) -> AddedSession:
        """Watch a folder as a session, with a `Raw/` that is made if it is not there.

        It must lie in one of the folders `within`; None: anywhere. One that is known already stays as it is.
        Raises `PathNotAllowed`, `NoSuchPreset`.
        """
        if preset_id is not None:
            await self._presets.named(preset_id)
        place = await self._place(folder, check_session, within)
        async with self._intake.changing:
            known = await self._known(place)
            await self._make_raw(place)
            session = await self._book.add_session(
                place.folder,
                name=session_name(place.folder),
                session_id=session_id(place.folder),
                preset_id=preset_id,
                identity=place.identity,
                now_usec=self._now_usec(),
            )
            self._intake.take_up(session, appeared=False)
        job_id = await self._intake.backfill_of(session.id, within_seconds=BACKFILL_SECONDS)
        return AddedSession(session, created=known is None, job_id=job_id)

    async def remove_session(self, session_id: SessionId, *, cancel_jobs: bool) -> None:
        """Forget a session; no file is touched, but its record is finished.

        Raises:
            NoSuchSession: the id is not known.
            SessionBusy: jobs of it have not ended, and are not to be canceled; nothing was changed.
            TimedOut: new jobs were made of it all the time.
        """
        live = await self._book.live_jobs(session_id)
        if live and not cancel_jobs:
            raise SessionBusy(session_id, live)
        async with self._intake.changing:
            await self._remove(session_id, cancel_jobs=cancel_jobs, forgotten=True)

    async def add_root(self, folder: Path, *, within: tuple[Path, ...] | None = None) -> AddedRoot:
        """Watch a folder of sessions, which must lie in one of `within` if given; raises `PathNotAllowed`."""
        place = await self._place(folder, check_root, within)
        async with self._intake.changing:
            watched = {standing.root.folder for standing in self._intake.roots}
            created = place.folder not in watched
            refusal = refusal_of_root(place.folder, sessions=self._intake.sessions, roots=watched)
            if refusal is not None:
                raise _not_allowed(folder, refusal)
            root = Root(root_id(place.folder), place.folder)
            await self._book.add_root(root, now_usec=self._now_usec())
            await self._intake.watch_root(root)
        return AddedRoot(self._standing(root.id), created)

    async def remove_root(self, root_id: RootId) -> None:
        """Watch a root no more, and forget its sessions that nobody named by themselves.

        Raises:
            NoSuchRoot: the id is not known.
            SessionBusy: one of these sessions has jobs that have not ended.
        """
        async with self._intake.changing:
            root = self._standing(root_id).root
            sessions = await self._sessions_in(root)
            for session_id in sessions:
                live = await self._book.live_jobs(session_id)
                if live:
                    raise SessionBusy(session_id, live)
            await self._intake.let_go_of_root(root.folder)
            try:
                for session_id in sessions:
                    await self._remove(session_id, cancel_jobs=False, forgotten=False)
                await self._book.remove_root(root.id, root.folder)
            except DarkroomError:
                await self._intake.watch_root(root)
                raise

    def list_roots(self) -> tuple[RootStanding, ...]:
        """Return all roots, in order of their folders."""
        return self._intake.roots

    async def _known(self, place: _Place) -> Session | None:
        """Return the session in a folder, whose records follow if it was renamed; raises `PathNotAllowed`."""
        known = await self._book.session_at(place.folder)
        if place.folder in self._intake.sessions:
            return known
        refusal = refusal_of_session(
            place.folder,
            sessions=self._intake.sessions,
            roots=[standing.root.folder for standing in self._intake.roots],
        )
        if refusal is not None:
            raise _not_allowed(place.folder, refusal)
        try:
            return known or await self._intake.follow_move(place.folder)
        except OSError as error:
            raise _not_allowed(place.folder, _cannot("looked into", place.folder, error)) from error

    async def _make_raw(self, place: _Place) -> None:
        try:
            await self._disks.do(place.folder, partial(make_session, place.folder))
        except DarkroomError as error:
            raise _not_allowed(place.folder, error.message) from error
        except OSError as error:
            raise _not_allowed(place.folder, _cannot("given a Raw/", place.folder, error)) from error

    async def _remove(self, session_id: SessionId, *, cancel_jobs: bool, forgotten: bool) -> None:
        """Let a session go, then forget it; it is taken up again where that cannot be."""
        session = await self._book.session(session_id)
        await self._intake.let_go(session.folder)
        try:
            with anyio.move_on_after(FLUSH_SECONDS):
                await self._records.flush()
            await self._forget(session, cancel_jobs=cancel_jobs, forgotten=forgotten)
        except BaseException:
            self._intake.take_up(session, appeared=False)
            raise
        self._gate.forget(session_id)

    async def _forget(self, session: Session, *, cancel_jobs: bool, forgotten: bool) -> None:
        below_root = forgotten and session.folder.parent in {one.root.folder for one in self._intake.roots}
        identity = await self._book.identity(session.id)
        for _ in range(MOST_ROUNDS):
            live = await self._book.remove_session(
                session.id, forgotten=below_root, now_usec=self._now_usec()
            )
            if not live:
                if below_root:
                    self._intake.forget(session.folder, identity)
                return
            if not cancel_jobs:
                raise SessionBusy(session.id, live)
            # Photos of a canceled export return to the background, as a job that is canceled next.
            await self._jobs.cancel(live, reason=SESSION_REMOVED)
            # What was archived of it can be listed only as long as it is known.
            with anyio.move_on_after(FLUSH_SECONDS):
                await self._on_canceled()
        raise TimedOut

    async def _sessions_in(self, root: Root) -> list[SessionId]:
        """Return the sessions in a root that are there for no other reason."""
        added = {session.folder for session in await self._book.added_sessions()}
        watched = self._intake.sessions
        folders = children(root.folder, watched.keys())
        return [watched[folder] for folder in folders if folder not in added | self._intake.named]

    def _standing(self, root_id: RootId) -> RootStanding:
        for standing in self._intake.roots:
            if standing.root.id == root_id:
                return standing
        raise NoSuchRoot(root_id)

    async def _place(
        self, folder: Path, check: Callable[[Path], Path], within: tuple[Path, ...] | None
    ) -> _Place:
        if not folder.is_absolute():
            raise _not_allowed(folder, f"{folder} is not an absolute path. Give the whole path, from / on.")
        try:
            # First of all: whether anything is there is not told of other folders.
            named = (
                folder if within is None else await self._disks.do(folder, partial(confined, folder, within))
            )
            if named is None:
                raise _not_allowed(folder, _OUTSIDE)
            real = await self._disks.do(named, partial(check, named))
            if within is not None and real != named:
                # A link was put in its way since.
                raise _not_allowed(folder, _OUTSIDE)
            identity = await self._disks.do(real, partial(identity_of, real))
        except PathNotAllowed:
            raise
        except DarkroomError as error:
            raise _not_allowed(folder, error.message) from error
        except OSError as error:
            raise _not_allowed(folder, _cannot("looked into", folder, error)) from error
        if identity is None:
            raise _not_allowed(folder, f"The folder {folder} was there and is gone. Put it back.")
        return _Place(real, identity)


def _cannot(what: str, folder: Path, error: OSError) -> str:
    reason = os.strerror(error.errno or 0)
    return f"The folder {folder} cannot be {what} ({reason}). Put that right and try again."


def _not_allowed(folder: Path, message: str) -> PathNotAllowed:
    return PathNotAllowed(readable(folder), readable(message))
