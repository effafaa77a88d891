"""What runs next: one item at a time, taken from the queue, developed, and recorded however it ends."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final, Protocol

import anyio
import structlog
from anyio.abc import TaskStatus
from structlog.contextvars import bound_contextvars

from darkroom.errors import DarkroomError
from darkroom.protocol.types import Failure, ItemState, Priority
from darkroomd.core.estimate import Developed as Cost
from darkroomd.core.estimate import Rate
from darkroomd.core.export_plan import BACKGROUND
from darkroomd.core.failure_share import REASON, FailureLimit, has_failed_too_often
from darkroomd.core.faults import StateUnreadable, StateUnwritable
from darkroomd.core.model import Claim, Happening, JobId, PhotoId, PhotoState, SessionId
from darkroomd.core.retry import (
    GiveUp,
    Hold,
    RetryPolicy,
    SessionHold,
    TryAgain,
    after_failure,
    session_hold_seconds,
)
from darkroomd.services.development import Changed, Developed, Failed, Gone, Outcome, Skipped
from darkroomd.services.gatekeeper import Gatekeeper
from darkroomd.services.hand import RECORD_SECONDS, Hand, Work, failure_through, progress_of
from darkroomd.services.stories import Stories
from darkroomd.store.queue import Ending, Wanted
from darkroomd.store.store import Store

USEC: Final = 1_000_000
_GOES_ON: Final = frozenset({ItemState.COMPLETED, ItemState.SKIPPED})
"""Ends of items after which nothing has to be seen to before the next one is taken."""

LONGEST_REST: Final = 30.0
"""Seconds after which the clock on the wall is looked at again, if something is to happen at a time."""

log = structlog.get_logger()

OnStage = Callable[[str, int], None]


async def _tell_nobody(_claim: Claim, _ending: Ending) -> None:
    return


class Developer(Protocol):
    """Takes a claimed item through development to its published output."""

    async def develop(self, claim: Claim, on_stage: OnStage) -> Outcome:
        """Return how it went; `on_stage` is told the stage and percent of the whole."""
        ...


class Scheduler:
    """Claims, develops, records. `notice` wakes it; `stop` lets the running item end, for a while."""

    def __init__(
        self,
        store: Store,
        developer: Developer,
        publish: Callable[[Happening], None],
        *,
        gate: Gatekeeper,
        stories: Stories,
        policy: RetryPolicy,
        failure_limit: FailureLimit,
        boot: str,
        now_usec: Callable[[], int],
        on_photo_changed: Callable[[Claim], None],
        on_photo_ending: Callable[[Claim, Ending], Awaitable[None]] = _tell_nobody,
    ) -> None:
        self._store = store
        self._developer = developer
        self._publish = publish
        self._policy = policy
        self._failure_limit = failure_limit
        self._boot = boot
        self._now_usec = now_usec
        self._on_photo_ending = on_photo_ending
        self._on_photo_changed = on_photo_changed
        self._woken = anyio.Event()
        self._stop_requested = anyio.Event()
        self._gate = gate
        self._stories = stories
        self._longest_wait_usec = round(policy.longest_wait_seconds * USEC)
        self._choosing = anyio.Lock()
        self._hand: Hand | None = None
        self.work: Work | None = None
        self.rate = Rate()

    @property
    def _stopping(self) -> bool:
        return self._stop_requested.is_set()

    @property
    def wait_reasons(self) -> tuple[str, ...]:
        """Why nothing is started although there may be work."""
        return self._gate.wait_reasons()

    def wake(self) -> None:
        """Look at the queue again."""
        self._woken.set()

    def notice(self, happening: Happening) -> None:
        """Look at the queue again if the happening can have put something into it."""
        if happening.kind in {"job.created", "job.updated", "item.updated", "photo.changed"}:
            self._woken.set()

    async def settle(self) -> None:
        """Return once nothing is started any more that was allowed only before this call."""
        async with self._choosing:
            return

    async def interrupt(
        self, *, job_ids: Collection[JobId] | None = None, failure: Failure | None = None
    ) -> None:
        """Stop the running item, if it belongs to one of the jobs (None: any), and wait until it is stopped.

        With `failure` the item is canceled, without it goes back to the queue.
        """
        await self.settle()
        hand = self._hand
        if hand is not None and (job_ids is None or hand.claim.job.id in job_ids):
            await hand.stop(failure)

    @asynccontextmanager
    async def aside(self, photo_ids: Collection[PhotoId]) -> AsyncGenerator[None, None]:
        """Start nothing inside; background work on one of these photos is stopped, and back in the queue."""
        async with self._choosing:
            hand = self._hand
            if hand is not None and hand.claim.job.kind in BACKGROUND and hand.claim.photo.id in photo_ids:
                await hand.stop(None)
            yield

    def stop(self, *, within_seconds: float) -> None:
        """Start nothing more; what runs is interrupted after `within_seconds` and goes back to the queue."""
        self._stop_requested.set()
        self._woken.set()
        if self._hand is not None:
            scope = self._hand.scope
            scope.deadline = min(scope.deadline, anyio.current_time() + within_seconds)

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Work until `stop`."""
        task_status.started()
        while self._hand is not None or not self._stopping:
            # Both are taken before the look: what arrives or lapses in between is not slept through.
            self._woken = woken = anyio.Event()
            change_at = anyio.current_time() + self._gate.seconds_to_change()
            if not await self._work_once():
                await self._rest(woken, change_at)

    async def _work_once(self) -> bool:
        if self._hand is None:
            async with self._choosing:
                # Whoever forbids work from here on waits until it is known what was taken before.
                self._hand = await self._take()
        hand = self._hand
        if hand is None:
            return False
        claim = hand.claim
        with bound_contextvars(
            session=claim.session.id,
            job=claim.job.id,
            item=claim.item.id,
            attempt=claim.item.attempt,
            correlation_id=claim.item.correlation_id,
        ):
            await self._carry_out(hand)
        return True

    async def _take(self) -> Hand | None:
        try:
            await self._gate.lapse()
            least_priority = self._gate.permission().least_priority
            if least_priority is None:
                return None
            # Sessions that failed come after all others, whatever their turn: a probe may take seconds.
            claim = await self._claim(least_priority, self._gate.held_sessions())
            waiting = self._gate.waiting_sessions()
            if claim is None and self._gate.held_sessions():
                claim = await self._claim(least_priority, waiting)
        except (StateUnwritable, StateUnreadable) as error:
            self._gate.hold(Hold(self._policy.environment_wait_seconds, error.code), error.message)
            return None
        if claim is None:
            self._gate.release_all_but(waiting)
            return None
        return Hand(claim)

    async def _claim(self, least_priority: Priority, sessions: Collection[SessionId]) -> Claim | None:
        return await self._store.claim(
            boot=self._boot,
            least_priority=least_priority,
            waiting_sessions=sessions,
            longest_wait_usec=self._longest_wait_usec,
            now_usec=self._now_usec(),
        )

    async def _carry_out(self, hand: Hand) -> None:
        claim = hand.claim
        log.info("item_started", raw=str(claim.photo.raw), kind=claim.job.kind)
        self.work = Work(claim.item.id, None, 0)
        finished = False
        try:
            with hand.scope:
                if not self._stopping:
                    outcome = await self._outcome_of(claim)
                    with anyio.CancelScope(shield=True):
                        await self._record(claim, outcome)
                    finished = True
        finally:
            self.work = None
            if not finished:
                with anyio.CancelScope(shield=True) as recording:
                    if self._stopping:
                        recording.deadline = anyio.current_time() + RECORD_SECONDS
                    await self._record_interruption(hand)
            if self._hand is hand:
                self._hand = None
            hand.over.set()

    async def _outcome_of(self, claim: Claim) -> Outcome:
        try:
            return await self._developer.develop(
                claim, lambda stage, percent: self._on_stage(claim, stage, percent)
            )
        except Exception as bug:
            log.exception("item_hit_a_bug")
            return Failed(failure_through(bug), environment=False)

    def _on_stage(self, claim: Claim, stage: str, percent: int) -> None:
        self.work = Work(claim.item.id, stage, percent)
        self._publish(progress_of(claim, stage=stage, percent=percent, now_usec=self._now_usec()))

    async def _record_interruption(self, hand: Hand) -> None:
        raw = str(hand.claim.photo.raw)
        if hand.canceled_by is None:
            await self._put_back(hand.claim, failure=None, retry_at_usec=None)
            log.info("item_interrupted", raw=raw)
        else:
            log.info("item_canceled", raw=raw)
            await self._end(hand.claim, Ending(ItemState.CANCELED, failure=hand.canceled_by))

    async def _record(self, claim: Claim, outcome: Outcome) -> None:
        match outcome:
            case Developed():
                await self._record_success(claim, outcome)
            case Skipped():
                ending = Ending(ItemState.SKIPPED, along=outcome.along, rest_is_due=outcome.rest_is_due)
                await self._end(claim, ending)
            case Changed():
                log.info("raw_changed", raw=str(claim.photo.raw))
                # Intake waits for the writer again; until then the queue leaves the photo alone.
                pause = round(self._policy.waits_seconds[0] * USEC)
                await self._put_back(claim, failure=None, retry_at_usec=self._now_usec() + pause)
                self._on_photo_changed(claim)
            case Gone():
                await self._record_gone(claim, outcome)
            case Failed():
                await self._record_failure(claim, outcome)

    async def _record_success(self, claim: Claim, outcome: Developed) -> None:
        self._gate.release(claim.session.id)
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
        await self._end(claim, ending)
        self.rate = self.rate.after(Cost(outcome.pixels, outcome.busy_usec))

    async def _record_gone(self, claim: Claim, outcome: Gone) -> None:
        log.warning("raw_missing", raw=str(claim.photo.raw))
        ending = Ending(ItemState.FAILED, failure=outcome.failure, photo_state=PhotoState.MISSING)
        await self._end(claim, ending)

    async def _record_failure(self, claim: Claim, outcome: Failed) -> None:
        failure = outcome.failure
        decision = after_failure(
            self._policy,
            failure,
            attempt=claim.item.attempt - claim.item.deaths,
            environment=outcome.environment,
            now_usec=self._now_usec(),
        )
        facts = {"code": failure.code, "message": failure.message, "context": failure.context}
        match decision:
            case TryAgain(at_usec=at):
                log.warning("item_will_be_retried", **facts, retry_at_usec=at)
                await self._put_back(claim, failure=failure, retry_at_usec=at, refund=False)
            case Hold():
                self._gate.hold(decision, failure.message)
                await self._put_back(claim, failure=failure, retry_at_usec=None)
            case SessionHold():
                times = self._gate.held_times(claim.session.id) + 1
                hold = SessionHold(session_hold_seconds(self._policy, times=times), decision.reason)
                self._gate.hold_session(claim.session.id, hold, failure.message)
                await self._put_back(claim, failure=failure, retry_at_usec=None)
            case GiveUp():
                log.error("item_failed", **facts, raw=str(claim.photo.raw))
                await self._end(claim, Ending(ItemState.FAILED, failure=failure))
                await self._stop_hopeless(claim)

    async def _stop_hopeless(self, claim: Claim) -> None:
        try:
            job = await self._store.job(claim.job.id)
        except DarkroomError as error:
            log.warning("job_not_judged", code=error.code, message=error.message)
            return
        if job.ended_at_usec is None and has_failed_too_often(self._failure_limit, job.progress):
            log.error("job_stopped", reason=REASON, failed=job.progress.failed)
            await self._insist(lambda: self._store.stop_job(job.id, reason=REASON, now_usec=self._now_usec()))

    async def _end(self, claim: Claim, ending: Ending) -> None:
        told = replace(ending, lines=self._stories.take(claim.item.correlation_id))
        if not self._stopping:
            await self._on_photo_ending(claim, ending)
        recorded = await self._insist(lambda: self._record_end(claim, told))
        if recorded is False:
            log.warning("late_result_discarded", fence=claim.fence)

    async def _record_end(self, claim: Claim, ending: Ending) -> bool:
        """Record how the item ended and take the next with it, if nothing has to be seen to in between."""
        # Whoever holds the lock may be waiting for this item to be over.
        if ending.state in _GOES_ON and not self._stopping and not self._choosing.locked():
            async with self._choosing:
                least_priority = self._gate.unhindered()
                if least_priority is not None:
                    wanted = Wanted(self._boot, least_priority, (), self._longest_wait_usec)
                    recorded, following = await self._store.end_and_claim(
                        claim.item, ending, fence=claim.fence, wanted=wanted, now_usec=self._now_usec()
                    )
                    self._hand = self._hand if following is None else Hand(following)
                    return recorded
        return await self._store.end(claim.item, ending, fence=claim.fence, now_usec=self._now_usec())

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
                self._gate.hold(Hold(self._policy.environment_wait_seconds, error.code), error.message)
                if self._stopping:
                    return None
            with anyio.move_on_after(self._policy.environment_wait_seconds):
                await self._stop_requested.wait()

    async def _rest(self, woken: anyio.Event, change_at: float) -> None:
        try:
            retry = await self._store.next_retry_usec()
        except StateUnreadable as error:
            self._gate.hold(Hold(self._policy.environment_wait_seconds, error.code), error.message)
            retry = None
        seconds = min(self._gate.seconds_to_change(), max(0.0, change_at - anyio.current_time()))
        # A retry that is due changes nothing while nothing may be started.
        if retry is not None and self._gate.permission().least_priority is not None:
            seconds = min(seconds, max(0.0, (retry - self._now_usec()) / USEC))
        if not math.isinf(seconds):
            # The clock on the wall may jump, and does not stand still while the machine sleeps.
            seconds = min(seconds, LONGEST_REST)
        with anyio.move_on_after(seconds):
            await woken.wait()
