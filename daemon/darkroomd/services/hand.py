"""The hands of the scheduler: what is being worked on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

import anyio

from darkroom.protocol.types import Failure
from darkroomd.core.model import Claim, Happening, ItemId, Job

RECORD_SECONDS: Final = 5.0
"""How long the end of an interrupted item may take to be recorded before nobody waits for it any more."""


@dataclass(frozen=True, slots=True)
class Work:
    """How far the work on an item is."""

    item_id: ItemId
    stage: str | None
    percent: int


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
    """An item that is being worked on, and the means to stop it.

    Attributes:
        claim: the item.
        begun_at: when it was picked up, by the gatekeeper's clock.
        heard_at: when a sign of the work came last, by the same clock.
        scope: cancelled, the work stops.
        over: set once it is recorded how the work ended.
        canceled_by: why the item is canceled; None: it goes back to the queue if it is stopped.
        work: how far it is.
        following: what was taken along with the end of it.
    """

    def __init__(self, claim: Claim, *, begun_at: float) -> None:
        self.claim: Final = claim
        self.begun_at: Final = begun_at
        self.heard_at = begun_at
        self.scope: Final = anyio.CancelScope()
        self.over: Final = anyio.Event()
        self.canceled_by: Failure | None = None
        self.work = Work(claim.item.id, None, 0)
        self.following: Hand | None = None
        self._progress = claim.job.progress

    def learn(self, job: Job) -> None:
        """Take note of how far a job is: others may work on the same one."""
        if job.id == self.claim.job.id:
            self._progress = job.progress

    def progress(self, *, now_usec: int) -> Happening:
        """Return what is told of how far the work is."""
        claim = self.claim
        return Happening(
            "progress",
            now_usec,
            job_id=claim.job.id,
            session_id=claim.session.id,
            progress=replace(self._progress, current_item_id=claim.item.id, current_photo_id=claim.photo.id),
            stage=self.work.stage,
            percent=self.work.percent,
        )

    async def stop(self, failure: Failure | None) -> None:
        """Interrupt the work, and wait `RECORD_SECONDS` at most until that is recorded.

        With `failure` the item is canceled, without it goes back to the queue.
        """
        self.canceled_by = failure
        self.scope.cancel()
        with anyio.move_on_after(RECORD_SECONDS):
            await self.over.wait()


async def stop_all(hands: Collection[Hand], failure: Failure | None) -> None:
    """Interrupt the work in several hands at once; see `Hand.stop`."""
    async with anyio.create_task_group() as stops:
        for hand in hands:
            stops.start_soon(hand.stop, failure)
