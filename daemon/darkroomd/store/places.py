"""Roots and sessions as they were named, moved and removed while the daemon ran."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path

from darkroomd.core.model import Happening, JobId, RootId, Session, SessionId
from darkroomd.core.places import FolderIdentity, Root
from darkroomd.store.arrivals import add_session
from darkroomd.store.catalogue import read_session
from darkroomd.store.database import Database, Row
from darkroomd.store.front import Front
from darkroomd.store.journal import Journal
from darkroomd.store.rows import session_from


class PlaceBook:
    """Where sessions and roots lie. All methods raise `StateUnwritable` or `StateUnreadable`."""

    def __init__(self, front: Front) -> None:
        self._front = front

    async def roots(self) -> tuple[Root, ...]:
        """Return the roots that were added while the daemon ran."""
        return await self._front.read(lambda database: tuple(map(_root, database.all("roots"))))

    async def add_root(self, root: Root, *, now_usec: int) -> None:
        """Keep a root."""

        def change(database: Database) -> tuple[None, Sequence[Happening]]:
            database.one("insert_root", id=root.id, folder=os.fsencode(root.folder), now=now_usec)
            return None, ()

        await self._front.write(change)

    async def remove_root(self, root_id: RootId, folder: Path) -> None:
        """Forget a root, and that sessions in it were to be left alone."""

        def change(database: Database) -> tuple[None, Sequence[Happening]]:
            database.run("delete_root", id=root_id)
            forgotten = (Path(os.fsdecode(row["folder"])) for row in database.all("forgotten"))
            database.many(
                "remember_folder", [{"folder": os.fsencode(one)} for one in forgotten if one.parent == folder]
            )
            return None, ()

        await self._front.write(change)

    async def session(self, session_id: SessionId) -> Session:
        """Return the session; raise `NoSuchSession`."""
        return await self._front.read(lambda database: read_session(database, session_id))

    async def added_sessions(self) -> tuple[Session, ...]:
        """Return the sessions that were added by themselves while the daemon ran."""
        return await self._front.read(
            lambda database: tuple(map(session_from, database.all("added_sessions")))
        )

    async def session_at(self, folder: Path) -> Session | None:
        """Return the session in a folder, if it is known."""

        def read(database: Database) -> Session | None:
            row = database.one("session_by_folder", folder=os.fsencode(folder))
            return None if row is None else session_from(row)

        return await self._front.read(read)

    async def add_session(
        self,
        folder: Path,
        *,
        name: str,
        session_id: SessionId,
        preset_id: str | None,
        identity: FolderIdentity,
        now_usec: int,
    ) -> Session:
        """Keep a session that somebody added; one that is known stays as it is, but for that.

        `preset_id` is for one that is new.
        """

        def change(database: Database) -> tuple[Session, Sequence[Happening]]:
            session, happenings = add_session(
                database, folder, name=name, session_id=session_id, preset_id=preset_id, now_usec=now_usec
            )
            database.run("mark_added", id=session.id)
            _set_identity(database, session.id, identity)
            database.run("remember_folder", folder=os.fsencode(folder))
            return session, happenings

        return await self._front.write(change)

    async def identity(self, session_id: SessionId) -> FolderIdentity | None:
        """Return which folder a session was when it was last seen."""

        def read(database: Database) -> FolderIdentity | None:
            row = database.one("session_identity", id=session_id)
            return None if row is None else _identity(row)

        return await self._front.read(read)

    async def note_identity(self, session_id: SessionId, identity: FolderIdentity) -> None:
        """Keep which folder a session is."""

        def change(database: Database) -> tuple[None, Sequence[Happening]]:
            _set_identity(database, session_id, identity)
            return None, ()

        await self._front.write(change)

    async def sessions_like(self, identity: FolderIdentity) -> tuple[tuple[Session, FolderIdentity], ...]:
        """Return the sessions whose folder had that inode when it was last seen, on any device."""

        def read(database: Database) -> tuple[tuple[Session, FolderIdentity], ...]:
            rows = database.all("sessions_at_inode", inode=str(identity.inode))
            return tuple((session_from(row), found) for row in rows if (found := _identity(row)) is not None)

        return await self._front.read(read)

    async def move_session(
        self, session_id: SessionId, folder: Path, *, name: str, identity: FolderIdentity, now_usec: int
    ) -> Session:
        """Record that a session's folder is called or lies elsewhere now; raise `NoSuchSession`."""
        return await self._front.write(
            partial(
                move_session,
                session_id=session_id,
                folder=folder,
                name=name,
                identity=identity,
                now_usec=now_usec,
            )
        )

    async def live_jobs(self, session_id: SessionId) -> tuple[JobId, ...]:
        """Return the jobs of a session that have not ended; raise `NoSuchSession`."""

        def read(database: Database) -> tuple[JobId, ...]:
            read_session(database, session_id)
            return _live_jobs(database, session_id)

        return await self._front.read(read)

    async def remove_session(
        self,
        session_id: SessionId,
        *,
        forgotten: bool,
        now_usec: int,
    ) -> tuple[JobId, ...]:
        """Forget a session with its photos and jobs; statistics stay.

        `forgotten`: its folder stays forgotten as long as it is there. Returns the jobs that have not ended;
        where there are any, nothing was changed. Raises `NoSuchSession`.
        """
        return await self._front.write(
            partial(remove_session, session_id=session_id, forgotten=forgotten, now_usec=now_usec)
        )

    async def forgotten(self) -> dict[Path, FolderIdentity | None]:
        """Return the folders that are no sessions although they look like it."""
        return await self._front.read(
            lambda database: {
                Path(os.fsdecode(row["folder"])): _identity(row) for row in database.all("forgotten")
            }
        )

    async def remember(self, folders: Collection[Path]) -> None:
        """Let folders be sessions again."""

        def change(database: Database) -> tuple[None, Sequence[Happening]]:
            database.many("remember_folder", ({"folder": os.fsencode(folder)} for folder in folders))
            return None, ()

        await self._front.write(change)


def move_session(
    database: Database,
    *,
    session_id: SessionId,
    folder: Path,
    name: str,
    identity: FolderIdentity,
    now_usec: int,
) -> tuple[Session, list[Happening]]:
    """Let a session and its outputs lie in another folder."""
    before = read_session(database, session_id)
    old, new = os.fsencode(before.folder), os.fsencode(folder)
    database.run("move_session", id=session_id, folder=new, name=name, now=now_usec)
    database.run("move_outputs", session_id=session_id, old=old, new=new)
    _set_identity(database, session_id, identity)
    journal = Journal(database, now_usec)
    journal.session(session_id)
    return read_session(database, session_id), journal.happenings


def remove_session(
    database: Database, *, session_id: SessionId, forgotten: bool, now_usec: int
) -> tuple[tuple[JobId, ...], list[Happening]]:
    """Forget a session, unless it has jobs that have not ended, which are returned."""
    session = read_session(database, session_id)
    live = _live_jobs(database, session_id)
    if live:
        return live, []
    if forgotten:
        row = database.one("session_identity", id=session_id)
        folder = os.fsencode(session.folder)
        database.run("forget_folder", folder=folder, identity=None if row is None else row["identity"])
    journal = Journal(database, now_usec)
    _delete(database, journal, session_id)
    return (), journal.happenings


def _delete(database: Database, journal: Journal, session_id: SessionId) -> None:
    """Delete what refers to a session before it, and tell of its jobs and of itself."""
    for row in database.all("jobs_of_session", session_id=session_id):
        journal.job_removed(JobId(row["id"]), session_id)
    journal.session(session_id, "session.removed")
    for statement in (
        "delete_items_of_session",
        "delete_jobs_of_session",
        "delete_outputs_of_session",
        "forget_photo_facts",
        "delete_photos_of_session",
        "delete_lanes_of_session",
        "delete_session",
    ):
        database.run(statement, session_id=session_id)


def _live_jobs(database: Database, session_id: SessionId) -> tuple[JobId, ...]:
    rows = database.all("live_jobs_of_session", session_id=session_id)
    return tuple(JobId(row["id"]) for row in rows)


def _set_identity(database: Database, session_id: SessionId, identity: FolderIdentity) -> None:
    # Text: inodes of some file systems need all 64 bits, and SQLite's integers are signed.
    text = f"{identity.device}:{identity.inode}"
    database.run("set_session_identity", id=session_id, identity=text, inode=str(identity.inode))


def _identity(row: Row) -> FolderIdentity | None:
    if row["identity"] is None:
        return None
    device, inode = row["identity"].split(":")
    return FolderIdentity(int(device), int(inode))


def _root(row: Row) -> Root:
    return Root(RootId(row["id"]), Path(os.fsdecode(row["folder"])))
