"""Sessions and photos: the methods of the client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from darkroom.aio.exchange import PAGE_ENTRIES, Exchange
from darkroom.protocol import calls, replies
from darkroom.protocol.types import Photo, Session


class SessionCalls(Exchange):
    """Asks for sessions and photos."""

    def list_sessions(self) -> AsyncIterator[Session]:
        """Return all sessions, fetched page by page."""
        return self._entries(
            lambda cursor: calls.ListSessions(limit=PAGE_ENTRIES, cursor=cursor),
            replies.SessionsReply,
            lambda page: page.sessions,
        )

    async def get_session(self, session_id: str) -> Session:
        """Return one session, or raise `NoSuchSession`."""
        return (await self._ask(calls.GetSession(session_id=session_id), replies.SessionReply)).session

    def list_photos(
        self, session_id: str, *, states: Sequence[str] | None = None, discarded: bool | None = None
    ) -> AsyncIterator[Photo]:
        """Return the photos of a session, or raise `NoSuchSession`.

        Args:
            session_id: of the session.
            states: only photos in one of these; None: in any.
            discarded: only those that are (True) or are not (False); None: both.
        """
        return self._entries(
            lambda cursor: calls.ListPhotos(
                session_id=session_id,
                states=None if states is None else tuple(states),
                discarded=discarded,
                limit=PAGE_ENTRIES,
                cursor=cursor,
            ),
            replies.PhotosReply,
            lambda page: page.photos,
        )

    async def get_photo(self, photo_id: str) -> Photo:
        """Return one photo, or raise `NoSuchPhoto`."""
        return (await self._ask(calls.GetPhoto(photo_id=photo_id), replies.PhotoReply)).photo
