"""Archives as they are asked for."""

from __future__ import annotations

from pathlib import Path

from darkroom.errors import DARKROOM_INTERFACE, InvalidParameter
from darkroom.protocol.calls import StartArchive
from darkroom.protocol.replies import StartedReply
from darkroomd.api.handlers.places import checked, path_in
from darkroomd.api.requests import Handlers, Request
from darkroomd.core.access import Grant
from darkroomd.core.model import SessionId
from darkroomd.services.archives import Archives, Wish


class ArchiveHandlers:
    """Starts archives; callers other than the owner may only name destinations in `allowed_roots`."""

    def __init__(self, archives: Archives, *, allowed_roots: tuple[Path, ...]) -> None:
        self._archives = archives
        self._allowed_roots = allowed_roots

    def adopt(self, allowed_roots: tuple[Path, ...]) -> None:
        """Let callers other than the owner name folders only in these from now on."""
        self._allowed_roots = allowed_roots

    def table(self) -> Handlers:
        """Return the handlers by qualified method."""
        return {f"{DARKROOM_INTERFACE}.StartArchive": self.start_archive}

    async def start_archive(self, request: Request[StartArchive]) -> StartedReply:
        """Have photos filed away, or tell how many would be.

        Raise `InvalidParameter`, `NoSuchSession`, `PathNotAllowed`.
        """
        asked = request.parameters
        options, uid = checked(asked.options), request.caller.peer.uid
        wish = Wish(
            tuple(map(SessionId, asked.session_ids)),
            None if asked.destination is None else _folder(request),
            asked.contents,
            None if request.grant is Grant.EVERYTHING else self._allowed_roots,
        )
        if asked.dry_run:
            count = await self._archives.foretell(wish, options, uid=uid)
            return StartedReply(job_id=None, created=False, item_count=count)
        started = await self._archives.start(wish, options, uid=uid)
        return StartedReply(job_id=started.job_id, created=started.created, item_count=started.items)


def _folder(request: Request[StartArchive]) -> Path:
    destination = request.parameters.destination
    assert destination is not None
    try:
        return path_in(destination)
    except InvalidParameter:
        raise InvalidParameter("destination") from None
