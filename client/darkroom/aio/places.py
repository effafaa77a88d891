"""Roots and sessions as they are named and removed: the methods of the client."""

from __future__ import annotations

import os

from darkroom.aio.exchange import Exchange
from darkroom.client.paths import file_at
from darkroom.protocol import calls, replies
from darkroom.protocol.types import Root


class PlaceCalls(Exchange):
    """Says where the daemon looks for photos.

    Folders are given by their absolute paths on the daemon's machine.
    """

    async def add_session(
        self, folder: str | os.PathLike[str], *, preset_id: str | None = None
    ) -> replies.AddedSessionReply:
        """Watch a folder as a session, and return it, whether it is new, and the job of what it holds.

        One that is known already stays as it is. Raises `PathNotAllowed`, `NoSuchPreset`.
        """
        question = calls.AddSession(folder=file_at(folder), preset_id=preset_id)
        return await self._ask_once(question, replies.AddedSessionReply)

    async def remove_session(self, session_id: str, *, cancel_jobs: bool | None = None) -> None:
        """Forget a session, or raise `NoSuchSession`; no file is touched.

        Args:
            session_id: of the session.
            cancel_jobs: stop what is queued of it; otherwise that is a `SessionBusy`.
        """
        question = calls.RemoveSession(session_id=session_id, cancel_jobs=cancel_jobs)
        await self._ask_once(question, replies.EmptyReply)

    async def add_root(self, folder: str | os.PathLike[str]) -> replies.AddedRootReply:
        """Watch the sub-folders of a folder as sessions; raises `PathNotAllowed`."""
        return await self._ask_once(calls.AddRoot(folder=file_at(folder)), replies.AddedRootReply)

    async def remove_root(self, root_id: str) -> None:
        """Watch a root no more; raises `NoSuchRoot`, `SessionBusy`."""
        await self._ask_once(calls.RemoveRoot(root_id=root_id), replies.EmptyReply)

    async def list_roots(self) -> tuple[Root, ...]:
        """Return all roots."""
        return (await self._ask(calls.ListRoots(), replies.RootsReply)).roots
