"""What people do to photos: discard them, restore them, and correct when they were taken."""

from __future__ import annotations

from darkroom.errors import DARKROOM_INTERFACE, InvalidParameter
from darkroom.protocol.calls import SetCaptureTime, SetDiscarded
from darkroom.protocol.replies import CountReply
from darkroomd.api.requests import Handlers, Request
from darkroomd.core.culling import EARLIEST_USEC, LATEST_USEC, AsRecorded, At, Correction, Offset
from darkroomd.core.model import PhotoId
from darkroomd.services.culling import Culling


class CullingHandlers:
    """Changes photos: all that a call names, or none. All raise `NoSuchPhoto`."""

    def __init__(self, culling: Culling) -> None:
        self._culling = culling

    def table(self) -> Handlers:
        """Return the handlers by qualified method."""
        return {
            f"{DARKROOM_INTERFACE}.SetDiscarded": self.set_discarded,
            f"{DARKROOM_INTERFACE}.SetCaptureTime": self.set_capture_time,
        }

    async def set_discarded(self, request: Request[SetDiscarded]) -> CountReply:
        """Discard or restore photos; return how many were not so before."""
        asked = request.parameters
        count = await self._culling.set_discarded(_ids(asked.photo_ids), discarded=asked.discarded)
        return CountReply(count=count)

    async def set_capture_time(self, request: Request[SetCaptureTime]) -> CountReply:
        """Correct the times of photos; return how many have the time that was asked for."""
        asked = request.parameters
        return CountReply(
            count=await self._culling.correct_times(_ids(asked.photo_ids), correction_in(asked))
        )


def correction_in(asked: SetCaptureTime) -> Correction:
    """Return the one correction that is asked for; raise `InvalidParameter` for none, or for several."""
    given: dict[str, Correction] = {}
    if asked.at_usec is not None:
        given["atUsec"] = At(asked.at_usec)
    if asked.offset_usec is not None:
        given["offsetUsec"] = Offset(asked.offset_usec)
    if asked.clear:
        given["clear"] = AsRecorded()
    if len(given) != 1:
        raise InvalidParameter(list(given)[-1] if given else "atUsec")
    if asked.at_usec is not None and not EARLIEST_USEC <= asked.at_usec <= LATEST_USEC:
        raise InvalidParameter("atUsec")
    if asked.offset_usec is not None and abs(asked.offset_usec) > LATEST_USEC:
        raise InvalidParameter("offsetUsec")
    return next(iter(given.values()))


def _ids(photo_ids: tuple[str, ...]) -> list[PhotoId]:
    return [PhotoId(photo_id) for photo_id in photo_ids]
