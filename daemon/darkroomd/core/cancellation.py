"""What a photo shows whose work somebody canceled."""

from __future__ import annotations

from darkroom.protocol.types import Failure


def canceled(reason: str | None = None) -> Failure:
    """Return the failure of an item whose job was canceled; `reason` is what the person who did it said."""
    said = "" if not reason else f": {reason.rstrip('.')}"
    return Failure(
        code="canceled",
        message=f"The job was canceled{said}. Retry the job, or export the photo, to have it developed.",
        transient=False,
        context={"reason": reason} if reason else {},
    )
