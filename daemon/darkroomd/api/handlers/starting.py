"""Exports as they are asked for."""

from __future__ import annotations

from darkroom.errors import DARKROOM_INTERFACE
from darkroom.protocol.calls import StartExport
from darkroom.protocol.replies import StartedReply
from darkroomd.api.handlers.places import checked
from darkroomd.api.requests import Handlers, Request
from darkroomd.core.model import PhotoId, SessionId
from darkroomd.services.exports import Exports, Order


class StartingHandlers:
    """Starts what people ask for."""

    def __init__(self, exports: Exports) -> None:
        self._exports = exports

    def table(self) -> Handlers:
        """Return the handlers by qualified method."""
        return {f"{DARKROOM_INTERFACE}.StartExport": self.start_export}

    async def start_export(self, request: Request[StartExport]) -> StartedReply:
        """Have photos developed now, or tell how many would be.

        Raise `NoSuchSession`, `NoSuchPhoto`, `SessionBusy`, `TimedOut`.
        """
        asked = request.parameters
        options, uid = checked(asked.options), request.caller.peer.uid
        order = Order(
            SessionId(asked.session_id),
            None if asked.photo_ids is None else tuple(map(PhotoId, asked.photo_ids)),
            asked.recipes,
            forced=bool(asked.force),
        )
        if asked.dry_run:
            count = await self._exports.foretell(order, options, uid=uid)
            return StartedReply(job_id=None, created=False, item_count=count)
        exported = await self._exports.start(order, options, uid=uid)
        return StartedReply(job_id=exported.job_id, created=exported.created, item_count=exported.items)
