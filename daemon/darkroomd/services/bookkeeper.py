"""Records what became of the work on an item: its end, or that it waits again, and why."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace
from typing import Final

import anyio
import structlog

from darkroom.errors import DarkroomError
from darkroom.protocol.types import Failure, ItemState
from darkroomd.core.due import UP_TO_DATE
from darkroomd.core.estimate import Developed as Cost
from darkroomd.core.estimate import Rate
from darkroomd.core.failure_share import REASON, FailureLimit, has_failed_too_often
from darkroomd.core.faults import StateUnreadable, StateUnwritable
from darkroomd.core.model import Claim, JobId, JobKind, PhotoState
from darkroomd.core.queue_rules import QueueRules
from darkroomd.core.retry import (
    GiveUp,
    Hold,
    JobHold,
    RetryPolicy,
    SessionHold,
    TryAgain,
    after_failure,
    session_hold_seconds,
)
from darkroomd.services.gatekeeper import Gatekeeper
from darkroomd.services.hand import Hand
from darkroomd.services.outcomes import (
    Archived,
    Changed,
    Developed,
    Failed,
    Gone,
    Outcome,
    Skipped,
    Withdrawn,
)
from darkroomd.services.stories import Stories
from darkroomd.store.queue import Ending
from darkroomd.store.store import Store

USEC: Final = 1_000_000

LONGEST_JOB_HOLD_SECONDS: Final = 30.0
"""Bound on the time between two looks whether what stands in the way of a job is gone."""

log = structlog.get_logger()

OnPhotoEnding = Callable[[Claim, Ending], AbstractAsyncContextManager[None]]
"""Entered when it is known how an item ends, and left once that is recorded or cannot be."""


def tell_nobody(_claim: Claim, _ending: Ending) -> AbstractAsyncContextManager[None]:
    """Take no note of how an item is about to end."""
    return nullcontext()


class Bookkeeper:
    """Records outcomes, holds back what cannot go on, and stops jobs that are hopeless.

    Attributes:
        rate: what photos have cost so far.
        hopeless: jobs of which nothing more is to be started, whatever still waits.
    """

    def __init__(
        self,
        store: Store,
        *,
        gate: Gatekeeper,
        stories: Stories,
        policy: RetryPolicy,
        failure_limit: FailureLimit,
        now_usec: Callable[[], int],
        on_photo_changed: Callable[[Claim], None],
        on_photo_ending: OnPhotoEnding,
        end: Callable[[Hand, Ending], Awaitable[bool]],
        stop_requested: anyio.Event,
    ) -> None:
        self._store = store
        self._gate = gate
        self._stories = stories
        self._policy = policy
        self._failure_limit = failure_limit
        self._now_usec = now_usec
        self._on_photo_changed = on_photo_changed
        self._on_photo_ending = on_photo_ending
        self._end_in_store = end
        self._stop_requested = stop_requested
        self._ending = anyio.Lock(fast_acquire=True)
        self.rate = Rate()
        self.hopeless: set[JobId] = set()

    def adopt(self, rules: QueueRules) -> None:
        """Go by these from now on; what waits already is tried again when it was said to be."""
        self._policy = rules.policy
        self._failure_limit = rules.failure_limit

    async def record(self, hand: Hand, outcome: Outcome) -> None:
        """Record how the work in a hand ended."""
        claim = hand.claim
        match outcome:
            case Developed():
                await self._record_success(hand, outcome)
            case Skipped():
                ending = Ending(
                    ItemState.SKIPPED,
                    looked_at=outcome.photo,
                    along=outcome.along,
                    rest_is_due=outcome.rest_is_due,
                )
                await self._end(hand, ending)
            case Withdrawn():
                log.warning("item_withdrawn", raw=str(claim.photo.raw), reason=outcome.failure.code)
                await self._end(hand, Ending(ItemState.CANCELED, failure=outcome.failure))
            case Changed():
                log.info("raw_changed", raw=str(claim.photo.raw))
                # Intake waits for the writer again; until then the queue leaves the photo alone.
                pause = round(self._policy.waits_seconds[0] * USEC)
                await self._put_back(claim, failure=None, retry_at_usec=self._now_usec() + pause)
                self._on_photo_changed(claim)
            case Gone():
                log.warning("raw_missing", raw=str(claim.photo.raw))
                ending = Ending(ItemState.FAILED, failure=outcome.failure, photo_state=PhotoState.MISSING)
                await self._end(hand, ending)
            case Archived():
                await self._record_archived(hand, outcome)
            case Failed():
                await self._record_failure(hand, outcome)

    async def record_interruption(self, hand: Hand) -> None:
        """Record that the work in a hand was stopped: the item is canceled, or waits again."""
        raw = str(hand.claim.photo.raw)
        if hand.canceled_by is None:
            await self._put_back(hand.claim, failure=None, retry_at_usec=None)
            log.info("item_interrupted", raw=raw)
        else:
            log.info("item_canceled", raw=raw)
            await self._end(hand, Ending(ItemState.CANCELED, failure=hand.canceled_by))

    def hold(self, refusal: StateUnwritable | StateUnreadable) -> None:
        """Start nothing for a while: the state folder's disk refuses."""
        self._gate.hold(Hold(self._policy.environment_wait_seconds, refusal.code), refusal.message)

    async def _record_success(self, hand: Hand, outcome: Developed) -> None:
        self._gate.release(hand.claim.session.id, begun_at=hand.begun_at)
        ending = Ending(
            ItemState.COMPLETED,
            output=outcome.output,
            others=outcome.others,
            captured_at_usec=outcome.captured_at_usec,
            zone_minutes=outcome.zone_minutes,
            left_out=outcome.left_out,
            camera=outcome.camera,
            pixels=outcome.pixels,
            busy_usec=outcome.busy_usec,
            rest_is_due=outcome.rest_is_due,
        )
        # Said before it is recorded, so that the line is stored with the record.
        for output in ending.outputs:
            log.info(
                "item_developed",
                output=str(output.path),
                size_bytes=output.size_bytes,
                seconds=outcome.seconds,
            )
        await self._end(hand, ending)
        self.rate = self.rate.after(Cost(outcome.pixels, outcome.busy_usec))

    async def _record_archived(self, hand: Hand, outcome: Archived) -> None:
        claim = hand.claim
        if outcome.left_out is None:
            self._gate.release(claim.session.id, begun_at=hand.begun_at)
            self._gate.release_job(claim.job.id)
        if outcome.copied:
            log.info(
                "item_archived", place=outcome.place, files=outcome.copied, size_bytes=outcome.size_bytes
            )
        else:
            reason = UP_TO_DATE if outcome.left_out is None else outcome.left_out.code
            log.info("item_skipped", reason=reason, place=outcome.place, raw=str(claim.photo.raw))
        state = ItemState.COMPLETED if outcome.copied else ItemState.SKIPPED
        await self._end(hand, Ending(state, failure=outcome.left_out, archived=outcome.files))

    async def _record_failure(self, hand: Hand, outcome: Failed) -> None:
        claim, failure = hand.claim, outcome.failure
        decision = after_failure(
            self._policy,
            failure,
            attempt=claim.item.attempt - claim.item.deaths,
            environment=outcome.environment,
            concern=outcome.concern,
            now_usec=self._now_usec(),
        )
        facts = {"code": failure.code, "message": failure.message, "context": failure.context}
        match decision:
            case TryAgain(at_usec=at):
                log.warning("item_will_be_retried", **facts, retry_at_usec=at)
                await self._put_back(claim, failure=failure, retry_at_usec=at, refund=False)
            case GiveUp():
                log.error("item_failed", **facts, raw=str(claim.photo.raw))
                await self._end(hand, Ending(ItemState.FAILED, failure=failure))
                await self._stop_hopeless(claim)
            case Hold() | SessionHold() | JobHold():
                self._hold_back(hand, decision, failure)
                await self._put_back(claim, failure=failure, retry_at_usec=None)

    def _hold_back(self, hand: Hand, decision: Hold | SessionHold | JobHold, failure: Failure) -> None:
        claim = hand.claim
        match decision:
            case Hold():
                self._gate.hold(decision, failure.message)
            case SessionHold():
                times = self._gate.held_times(claim.session.id) + 1
                hold = SessionHold(session_hold_seconds(self._policy, times=times), decision.reason)
                self._gate.hold_session(claim.session.id, hold, failure.message, begun_at=hand.begun_at)
            case JobHold():
                times = self._gate.job_held_times(claim.job.id) + 1
                seconds = min(session_hold_seconds(self._policy, times=times), LONGEST_JOB_HOLD_SECONDS)
                job_hold = JobHold(seconds, decision.reason)
                self._gate.hold_job(claim.job.id, job_hold, failure.message)

    async def _stop_hopeless(self, claim: Claim) -> None:
        try:
            job = await self._store.job(claim.job.id)
            if job.ended_at_usec is not None or not has_failed_too_often(self._failure_limit, job.progress):
                return
            # Good photos may be behind the bad ones, and nobody else would take them up.
            if await self._store.takes_over(job, reason=REASON):
                return
        except DarkroomError as error:
            log.warning("job_not_judged", code=error.code, message=error.message)
            return
        log.error("job_stopped", reason=REASON, failed=job.progress.failed)
        self.hopeless.add(job.id)
        try:
            await self._insist(lambda: self._store.stop_job(job.id, reason=REASON, now_usec=self._now_usec()))
        finally:
            self.hopeless.discard(job.id)

    async def _end(self, hand: Hand, ending: Ending) -> None:
        # One after the other: what the record of a session says ahead holds for its last photo alone.
        async with self._ending:
            told = replace(ending, lines=self._stories.take(hand.claim.item.correlation_id))
            is_of_photo = hand.claim.job.kind is not JobKind.ARCHIVE
            foretelling = (
                self._on_photo_ending if is_of_photo and not self._stop_requested.is_set() else tell_nobody
            )
            async with foretelling(hand.claim, ending):
                recorded = await self._insist(lambda: self._end_in_store(hand, told))
        if recorded is False:
            log.warning("late_result_discarded", fence=hand.claim.fence)

    async def _put_back(
        self, claim: Claim, *, failure: Failure | None, retry_at_usec: int | None, refund: bool = True
    ) -> None:
        await self._insist(
            lambda: self._store.put_back(
                claim.item,
                fence=claim.fence,
                failure=failure,
                retry_at_usec=retry_at_usec,
                refund=refund,
                now_usec=self._now_usec(),
            )
        )

    async def _insist(self, write: Callable[[], Awaitable[bool]]) -> bool | None:
        """Record the end of an item however long the state folder's disk is full.

        None if the daemon was told to stop before it could be recorded: the next start finds the item
        running, and from its intent whether it was published.
        """
        while True:
            try:
                return await write()
            except (StateUnwritable, StateUnreadable) as error:
                self.hold(error)
                if self._stop_requested.is_set():
                    return None
            with anyio.move_on_after(self._policy.environment_wait_seconds):
                await self._stop_requested.wait()
