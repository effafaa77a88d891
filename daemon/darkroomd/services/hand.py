"""What is being worked on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import anyio

from darkroom.protocol.types import Failure
from darkroomd.core.model import Claim, Happening, ItemId

RECORD_SECONDS: Final = 5.0
"""How long the end of an interrupted item may take to be recorded before nobody waits for it any more."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is being worked on."""

    item_id: ItemId
    stage: str | None
    percent: int


def progress_of(claim: Claim, *, stage: str, percent: int, now_usec: int) -> Happening:
    """Return what is told of how far the work on a claimed item is."""
    return Happening(
        "progress",
        now_usec,
        job_id=claim.job.id,
        session_id=claim.session.id,
        progress=replace(claim.job.progress, current_item_id=claim.item.id, current_photo_id=claim.photo.id),
        stage=stage,
        percent=percent,
    )


def failure_through(bug: Exception) -> Failure:
    """Return the failure of an item that met a fault of ours."""
    message = (
        "darkroomd failed on this photo through a fault of its own. The log has the details; "
        "please report it, and rescan the session."
    )
    return Failure(
        code="internal.bug", message=message, transient=True, context={"exception": repr(bug)[:1000]}
    )


class Hand:
    """An item that is being worked on, and the means to stop it."""

    def __init__(self, claim: Claim) -> None:
        self.claim: Final = claim
        self.scope: Final = anyio.CancelScope()
        self.canceled_by: Failure | None = None
        self.over: Final = anyio.Event()

    async def stop(self, failure: Failure | None) -> None:
        """Interrupt the work, and wait `RECORD_SECONDS` at most until that is recorded.

        With `failure` the item is canceled, without it goes back to the queue.
        """
        self.canceled_by = failure
        self.scope.cancel()
        with anyio.move_on_after(RECORD_SECONDS):
            await self.over.wait()
