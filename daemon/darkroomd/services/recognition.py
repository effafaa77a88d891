"""Which folders are sessions: known ones, renamed ones, new ones, and those that are to be left alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import partial
from pathlib import Path

import structlog

from darkroom.errors import DarkroomError
from darkroomd.core.model import Session
from darkroomd.core.places import FolderIdentity, children, refusal_of_session
from darkroomd.core.session_names import session_id, session_name
from darkroomd.files.folders import identity_of
from darkroomd.services.moves import Moves
from darkroomd.services.surroundings import Surroundings
from darkroomd.store.places import PlaceBook

log = structlog.get_logger()


class Recognition:
    """Tells what a folder is."""

    def __init__(self, around: Surroundings, book: PlaceBook) -> None:
        self._around = around
        self._book = book
        self._moves = Moves(around, book)
        self._forgotten: dict[Path, FolderIdentity | None] = {}
        self._refused: set[Path] = set()

    async def load(self) -> None:
        """Learn which folders are to be left alone; raises `DarkroomError`."""
        self._forgotten = await self._book.forgotten()

    async def renamed(self, folder: Path) -> tuple[Session, FolderIdentity] | None:
        """Return the known session that `folder` is under another name; raises `DarkroomError`, `OSError`."""
        identity = await self._identity(folder)
        session = None if identity is None else await self._moves.session_moved_to(folder, identity)
        return None if session is None or identity is None else (session, identity)

    async def follow(self, session: Session, folder: Path, identity: FolderIdentity) -> Session:
        """Let a session lie in `folder`, where nothing happens meanwhile; raises as `renamed` does."""
        return await self._moves.follow(session, folder, identity)

    async def known(self, folder: Path) -> Session | None:
        """Return the session that lies in a folder by the store; raises `DarkroomError`."""
        return await self._book.session_at(folder)

    async def new(self, folder: Path) -> Session:
        """Make a folder known as a session; raises `DarkroomError`."""
        return await self._around.store.add_session(
            folder, name=session_name(folder), session_id=session_id(folder), now_usec=self._around.now_usec()
        )

    def may_be_session(self, folder: Path, *, sessions: Iterable[Path], roots: Iterable[Path]) -> bool:
        """Whether a folder can be one beside what is watched; what cannot is spoken of once."""
        refusal = refusal_of_session(folder, sessions=sessions, roots=roots)
        if refusal is None:
            self._refused.discard(folder)
        elif folder not in self._refused:
            self._refused.add(folder)
            log.warning("session_not_added", folder=str(folder), problem=refusal)
        return refusal is None

    async def note_identity(self, session: Session) -> None:
        """Keep which folder a session is, to find it again under another name."""
        try:
            identity = await self._identity(session.folder)
            if identity is not None and identity != await self._book.identity(session.id):
                await self._book.note_identity(session.id, identity)
        except (OSError, DarkroomError) as error:
            log.warning("session_identity_not_kept", session=session.id, problem=str(error))

    def forget(self, folder: Path, identity: FolderIdentity | None) -> None:
        """Leave a folder below a root alone until it goes and comes back, or is added."""
        self._forgotten[folder] = identity

    def added(self, folder: Path) -> None:
        """Take a folder for a session that the store was told to remember."""
        self._forgotten.pop(folder, None)

    def left(self, root: Path) -> None:
        """Take all folders in a root that is watched no more for what they are."""
        for folder in children(root, self._forgotten.keys()):
            del self._forgotten[folder]

    async def is_forgotten(self, folder: Path) -> bool:
        """Whether a folder is to be left alone: it is the same folder that was to be then."""
        if folder not in self._forgotten:
            return False
        try:
            identity = await self._identity(folder)
        except OSError:
            return True
        if self._forgotten[folder] in {None, identity}:
            return True
        await self._remember({folder})
        return False

    async def listed(self, root: Path, *, found: Collection[Path]) -> None:
        """Note which folders are in a root: those that went may come back as sessions."""
        await self._remember(set(children(root, self._forgotten.keys())).difference(found))

    async def _remember(self, folders: Collection[Path]) -> None:
        if not folders:
            return
        try:
            await self._book.remember(folders)
        except DarkroomError as error:
            log.warning("folders_not_remembered", problem=error.message)
            return
        for folder in folders:
            self._forgotten.pop(folder, None)

    async def _identity(self, folder: Path) -> FolderIdentity | None:
        return await self._around.disks.do(folder, partial(identity_of, folder))
