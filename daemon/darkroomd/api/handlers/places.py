"""Roots and sessions as they are named and removed, and looked through on request."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final
from urllib.parse import unquote_to_bytes

from darkroom.errors import DARKROOM_INTERFACE, InvalidParameter
from darkroom.protocol.calls import (
    AddRoot,
    AddSession,
    ListRoots,
    RemoveRoot,
    RemoveSession,
    RescanSession,
)
from darkroom.protocol.replies import (
    AddedRootReply,
    AddedSessionReply,
    EmptyReply,
    RescanReply,
    RootsReply,
)
from darkroom.protocol.types import File, JobOptions
from darkroomd.api import views
from darkroomd.api.requests import Handlers, Request, bounded
from darkroomd.core.access import Grant
from darkroomd.core.model import RootId, SessionId
from darkroomd.services.places import Whereabouts
from darkroomd.services.queries import Queries
from darkroomd.services.rescans import Rescans

_FILE_URI: Final = re.compile(r"file:(?://(?:localhost)?)?(?P<path>/(?!/).*)", re.DOTALL | re.IGNORECASE)
"""RFC 8089, of a file on this machine."""


class PlaceHandlers:
    """Changes where the daemon looks for photos."""

    def __init__(
        self,
        places: Whereabouts,
        rescans: Rescans,
        queries: Queries,
        *,
        allowed_roots: tuple[Path, ...],
    ) -> None:
        self._places = places
        self._allowed_roots = allowed_roots
        self._rescans = rescans
        self._queries = queries

    def adopt(self, allowed_roots: tuple[Path, ...]) -> None:
        """Let callers other than the owner name folders only in these from now on."""
        self._allowed_roots = allowed_roots

    def table(self) -> Handlers:
        """Return the handlers by qualified method."""
        return {
            f"{DARKROOM_INTERFACE}.AddSession": self.add_session,
            f"{DARKROOM_INTERFACE}.RemoveSession": self.remove_session,
            f"{DARKROOM_INTERFACE}.AddRoot": self.add_root,
            f"{DARKROOM_INTERFACE}.RemoveRoot": self.remove_root,
            f"{DARKROOM_INTERFACE}.ListRoots": self.list_roots,
            f"{DARKROOM_INTERFACE}.RescanSession": self.rescan_session,
        }

    async def add_session(self, request: Request[AddSession]) -> AddedSessionReply:
        """Watch a folder as a session; raise `PathNotAllowed`, `NoSuchPreset`."""
        asked = request.parameters
        added = await self._places.add_session(
            path_in(asked.folder), preset_id=asked.preset_id, within=self._within(request.grant)
        )
        session = await self._queries.session(added.session.id)
        shown = views.session(session, self._queries.watch_mode(session.id))
        return AddedSessionReply(session=shown, created=added.created, job_id=added.job_id)

    async def remove_session(self, request: Request[RemoveSession]) -> EmptyReply:
        """Forget a session; raise `NoSuchSession`, `SessionBusy`."""
        asked = request.parameters
        await self._places.remove_session(SessionId(asked.session_id), cancel_jobs=bool(asked.cancel_jobs))
        return EmptyReply()

    async def add_root(self, request: Request[AddRoot]) -> AddedRootReply:
        """Watch a folder of sessions; raise `PathNotAllowed`."""
        folder = path_in(request.parameters.folder)
        added = await self._places.add_root(folder, within=self._within(request.grant))
        return AddedRootReply(root=views.root(added.root), created=added.created)

    async def remove_root(self, request: Request[RemoveRoot]) -> EmptyReply:
        """Watch a root no more; raise `NoSuchRoot`, `SessionBusy`."""
        await self._places.remove_root(RootId(request.parameters.root_id))
        return EmptyReply()

    async def list_roots(self, _: Request[ListRoots]) -> RootsReply:
        """Return all roots."""
        return RootsReply(roots=tuple(map(views.root, self._places.list_roots())))

    async def rescan_session(self, request: Request[RescanSession]) -> RescanReply:
        """Queue what has no up-to-date output; raise `NoSuchSession`, `PathNotAllowed`."""
        asked = request.parameters
        options = checked(asked.options)
        answer = await self._rescans.rescan(SessionId(asked.session_id), options, uid=request.caller.peer.uid)
        return RescanReply(job_id=answer.job_id, item_count=answer.items)

    def _within(self, grant: Grant) -> tuple[Path, ...] | None:
        """Return where a caller may name folders; None: anywhere."""
        return None if grant is Grant.EVERYTHING else self._allowed_roots


def path_in(file: File) -> Path:
    """Return the path that a caller names in one way or the other; raise `InvalidParameter`."""
    if (file.path is None) == (file.uri is None):
        raise InvalidParameter("folder")
    if file.path is not None:
        return Path(file.path)
    found = _FILE_URI.fullmatch(file.uri or "")
    if found is None:
        raise InvalidParameter("folder")
    return Path(os.fsdecode(unquote_to_bytes(found["path"])))


def checked(options: JobOptions | None) -> JobOptions:
    """Return what a caller says about a job; raise `InvalidParameter` where a text is too long."""
    given = options or JobOptions()
    for text in (given.creator, given.label, given.idempotency_key, given.correlation_id):
        bounded(text, "options")
    return given
