"""What a photo shows whose work somebody canceled."""

from __future__ import annotations

from typing import Final

from darkroom.protocol.types import Failure

SESSION_REMOVED: Final = "The session was removed"
"""Said of jobs that are canceled because their session is to be forgotten."""


def canceled(reason: str | None = None) -> Failure:
    """Return the failure of an item whose job was canceled; `reason` is what the person who did it said."""
    said = "" if not reason else f": {reason.rstrip('.')}"
    return Failure(
        code="canceled",
        message=f"The job was canceled{said}. Retry the job with what was canceled to have it done.",
        transient=False,
        context={"reason": reason} if reason else {},
    )


def has_failed(failure: Failure | None) -> bool:
    """Whether what a photo shows is that it failed, and not that somebody canceled its work."""
    return failure is not None and failure.code != "canceled"


def is_by_removal(failure: Failure) -> bool:
    """Whether work was canceled with its session: once that is added again, nobody wants it left undone."""
    return failure.code == "canceled" and failure.context.get("reason") == SESSION_REMOVED
