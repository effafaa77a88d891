"""Finds a session again whose folder was renamed: the same folder and files under another name."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from pathlib import Path

import structlog

from darkroomd.core.model import RAW_FOLDER, Fingerprint, PhotoState, Session
from darkroomd.core.places import FolderIdentity, has_moved
from darkroomd.core.session_names import session_name
from darkroomd.files.folders import FolderIsLink, identity_of
from darkroomd.files.scan import list_raw
from darkroomd.services.surroundings import Surroundings
from darkroomd.services.survey import sweep_leftovers
from darkroomd.store.places import PlaceBook

log = structlog.get_logger()


class Moves:
    """Looks up which known session a new folder is, and has its records follow."""

    def __init__(self, around: Surroundings, book: PlaceBook) -> None:
        self._around = around
        self._book = book

    async def session_moved_to(self, folder: Path, identity: FolderIdentity) -> Session | None:
        """Return the known session that lies in `folder` now and no longer in its own, if there is one.

        Raises:
            DarkroomError, OSError: the store, or a disk, refuses.
        """
        for session, before in await self._book.sessions_like(identity):
            if await self._is_same(session, folder, before=before, now=identity):
                return session
        return None

    async def follow(self, session: Session, folder: Path, identity: FolderIdentity) -> Session:
        """Let a session lie in `folder` from now on; nothing may be developed in it meanwhile.

        Raises:
            DarkroomError, OSError: the store, or a disk, refuses.
        """
        # What was being written under the old name will not be finished.
        sweep = partial(sweep_leftovers, folder, output_folders=self._around.plan.folders)
        await self._around.disks.do(folder, sweep)
        moved = await self._book.move_session(
            session.id,
            folder,
            name=session_name(folder),
            identity=identity,
            now_usec=self._around.now_usec(),
        )
        log.info("session_moved", session=moved.id, folder=str(folder), before=str(session.folder))
        self._around.on_document_dirty(moved.id)
        return moved

    async def _is_same(
        self, session: Session, folder: Path, *, before: FolderIdentity, now: FolderIdentity
    ) -> bool:
        if session.folder == folder:
            return False
        standing = await self._around.disks.do(session.folder, partial(identity_of, session.folder))
        if standing == now:
            # One folder in two places, by a mount: the session is where it was.
            return False
        photos = await self._around.store.known_photos(session.id)
        known = {
            name: photo.fingerprint for name, photo in photos.items() if photo.state is not PhotoState.MISSING
        }
        list_files = partial(_raw_files, folder, self._around.options.extensions)
        found = await self._around.disks.do(folder, list_files)
        return has_moved(known, found, before=before, now=now)


def _raw_files(folder: Path, extensions: Collection[str]) -> dict[str, Fingerprint]:
    try:
        return dict(list_raw(folder / RAW_FOLDER, extensions).candidates)
    except (FolderIsLink, FileNotFoundError):
        return {}
