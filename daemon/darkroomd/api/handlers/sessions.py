"""Sessions and photos."""

from __future__ import annotations

from darkroom.errors import DARKROOM_INTERFACE
from darkroom.protocol.calls import GetPhoto, GetSession, ListPhotos, ListSessions
from darkroom.protocol.replies import PhotoReply, PhotosReply, SessionReply, SessionsReply
from darkroomd.api import views
from darkroomd.api.paging import page_size, send_pages
from darkroomd.api.requests import Handlers, Request
from darkroomd.core.model import Page, Photo, PhotoId, Session, SessionId
from darkroomd.services.queries import Queries


class SessionHandlers:
    """Answers about sessions and their photos."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    def table(self) -> Handlers:
        """Return the handlers by qualified method."""
        return {
            f"{DARKROOM_INTERFACE}.ListSessions": self.list_sessions,
            f"{DARKROOM_INTERFACE}.GetSession": self.get_session,
            f"{DARKROOM_INTERFACE}.ListPhotos": self.list_photos,
            f"{DARKROOM_INTERFACE}.GetPhoto": self.get_photo,
        }

    async def list_sessions(self, request: Request[ListSessions]) -> SessionsReply:
        """Return a page of sessions; raise `InvalidCursor`."""
        asked = request.parameters

        async def fetch(cursor: str | None, limit: int) -> Page[Session]:
            return await self._queries.sessions(cursor=cursor, limit=limit)

        def show(page: Page[Session]) -> SessionsReply:
            sessions = tuple(
                views.session(entry, self._queries.watch_mode(entry.id)) for entry in page.entries
            )
            return SessionsReply(sessions=sessions, next_cursor=page.next_cursor)

        return await send_pages(
            fetch, show, cursor=asked.cursor, limit=page_size(asked.limit), stream=request.stream
        )

    async def get_session(self, request: Request[GetSession]) -> SessionReply:
        """Return one session; raise `NoSuchSession`."""
        session = await self._queries.session(SessionId(request.parameters.session_id))
        return SessionReply(session=views.session(session, self._queries.watch_mode(session.id)))

    async def list_photos(self, request: Request[ListPhotos]) -> PhotosReply:
        """Return a page of a session's photos; raise `NoSuchSession`, `InvalidCursor`."""
        asked = request.parameters

        async def fetch(cursor: str | None, limit: int) -> Page[Photo]:
            return await self._queries.photos(
                SessionId(asked.session_id),
                states=asked.states,
                discarded=asked.discarded,
                cursor=cursor,
                limit=limit,
            )

        def show(page: Page[Photo]) -> PhotosReply:
            return PhotosReply(photos=tuple(map(views.photo, page.entries)), next_cursor=page.next_cursor)

        return await send_pages(
            fetch, show, cursor=asked.cursor, limit=page_size(asked.limit), stream=request.stream
        )

    async def get_photo(self, request: Request[GetPhoto]) -> PhotoReply:
        """Return one photo; raise `NoSuchPhoto`."""
        photo = await self._queries.photo(PhotoId(request.parameters.photo_id))
        return PhotoReply(photo=views.photo(photo))
