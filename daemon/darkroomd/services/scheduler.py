"""What runs next: items taken from the queue, and each carried out by a hand of its own."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Final, Protocol

import anyio
import structlog
from anyio.abc import TaskGroup, TaskStatus
from structlog.contextvars import bound_contextvars

from darkroom.protocol.types import Failure, ItemState, Priority
from darkroomd.core.estimate import Rate
from darkroomd.core.export_plan import BACKGROUND
from darkroomd.core.failure_share import FailureLimit
from darkroomd.core.faults import StateUnreadable, StateUnwritable
from darkroomd.core.model import Claim, Happening, Job, JobId, JobKind, PhotoId, SessionId
from darkroomd.core.precedence import RunningBackground, making_way
from darkroomd.core.pulse import Standing
from darkroomd.core.queue_rules import QueueRules
from darkroomd.core.retry import RetryPolicy
from darkroomd.services.bookkeeper import Bookkeeper, OnPhotoEnding, tell_nobody
from darkroomd.services.gatekeeper import Gatekeeper
from darkroomd.services.hand import RECORD_SECONDS, Hand, Work, failure_through, stop_all
from darkroomd.services.hands import Hands
from darkroomd.services.outcomes import Failed, Outcome
from darkroomd.services.stories import Stories
from darkroomd.services.turnstile import Turnstile
from darkroomd.store.line import Line
from darkroomd.store.queue import Ending, Kinds, Wanted
from darkroomd.store.store import Store

USEC: Final = 1_000_000

LONGEST_REST: Final = 30.0
"""Seconds after which the clock on the wall is looked at again, if something is to happen at a time."""

_GOES_ON: Final = frozenset({ItemState.COMPLETED, ItemState.SKIPPED})
"""Ends of items after which nothing has to be seen to before the next one is taken."""

log = structlog.get_logger()

OnStage = Callable[[str, int], None]


class Developer(Protocol):
    """Takes a claimed item through its work to its published output."""

    async def develop(self, claim: Claim, on_stage: OnStage) -> Outcome:
        """Return how it went; `on_stage` is told the stage and percent of the whole."""
        ...


class Scheduler:
    """Takes items from the queue and has them carried out, `workers` of them at a time.

    `notice` wakes it; `stop` lets what runs end, for a while. `by_kind` names who does jobs of kinds that
    are not for the `developer`. `turnstile` is the one that developers publish through.
    """

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
        on_photo_ending: OnPhotoEnding = tell_nobody,
        by_kind: Mapping[JobKind, Developer] = MappingProxyType({}),
        workers: int = 1,
        turnstile: Turnstile | None = None,
        running_background: RunningBackground = RunningBackground.FINISH,
    ) -> None:
        self._store = store
        self._line = Line(store.front)
        self._developer = developer
        self._by_kind = by_kind
        self._publish = publish
        self._boot = boot
        self._now_usec = now_usec
        self._gate = gate
        self._workers = workers
        self._running_background = running_background
        self._made_way = 0
        self._longest_wait_usec = round(policy.longest_wait_seconds * USEC)
        self._woken = anyio.Event()
        self._stop_requested = anyio.Event()
        self._choosing = anyio.Lock()
        self._hands = Hands(turnstile or Turnstile())
        self._turn_since: float | None = None
        self._kept_since: float | None = None
        self._archives: set[JobId] = set()
        self._books = Bookkeeper(
            store,
            gate=gate,
            stories=stories,
            policy=policy,
            failure_limit=failure_limit,
            now_usec=now_usec,
            on_photo_changed=on_photo_changed,
            on_photo_ending=on_photo_ending,
            end=self._end,
            stop_requested=self._stop_requested,
        )

    @property
    def rate(self) -> Rate:
        """What photos have cost so far, each by itself."""
        return self._books.rate

    @rate.setter
    def rate(self, rate: Rate) -> None:
        self._books.rate = rate

    @property
    def workers(self) -> int:
        """How many items are carried out at a time."""
        return self._workers

    def adopt(self, rules: QueueRules) -> None:
        """Go by these from now on; where too many items are at work, they end as they began."""
        self._longest_wait_usec = round(rules.policy.longest_wait_seconds * USEC)
        self._workers, self._running_background = rules.workers, rules.running_background
        self._books.adopt(rules)
        self.wake()

    @property
    def in_work(self) -> tuple[anyio.Event, ...]:
        """What is set once each of the photos is over that are at work at this moment."""
        return tuple(hand.over for hand in self._hands.developing)

    @property
    def wait_reasons(self) -> tuple[str, ...]:
        """Why nothing is started although there may be work."""
        return self._gate.wait_reasons()

    @property
    def _stopping(self) -> bool:
        return self._stop_requested.is_set()

    def standing(self) -> Standing:
        """Return how the work stands, as far as it is known here."""
        return Standing(
            turn_since=self._turn_since,
            kept_since=self._kept_since,
            heard_at=tuple(hand.heard_at for hand in self._hands.at_work),
            at_fault=self._gate.is_at_fault,
        )

    async def has_left_work(self) -> bool:
        """Tell whether nothing at all is done although something might be; raise `StateUnreadable`."""
        least_priority = self._gate.unhindered()
        busy = self._turn_since is not None or self._hands.at_work or self._stopping
        if busy or least_priority is None:
            return False
        return await self._line.is_ready(self._wanted(least_priority, frozenset()))

    def work_on(self, item_id: int | None) -> Work | None:
        """Return how far the work on an item is; None where nobody works on it."""
        hand = self._hands.on_item(item_id)
        return None if hand is None else hand.work

    def wake(self) -> None:
        """Look at the queue again."""
        self._woken.set()

    def notice(self, happening: Happening) -> None:
        """Look at the queue again if the happening can have put something into it."""
        if happening.kind in {"job.created", "job.updated", "item.updated", "photo.changed"}:
            self._woken.set()
        if happening.job is not None:
            self._know(happening.job)
            self._hands.learn(happening.job)

    def _know(self, job: Job) -> None:
        if job.kind is JobKind.ARCHIVE and job.ended_at_usec is None:
            self._archives.add(job.id)
        else:
            self._archives.discard(job.id)

    async def settle(self) -> None:
        """Return once nothing is started any more that was allowed only before this call."""
        async with self._choosing:
            return

    async def interrupt(
        self, *, job_ids: Collection[JobId] | None = None, failure: Failure | None = None
    ) -> None:
        """Stop what runs and belongs to one of the jobs (None: any), and wait until it is stopped.

        With `failure` these items are canceled, without it they go back to the queue.
        """
        await self.settle()
        await stop_all(self._hands.on_jobs(job_ids), failure)

    @asynccontextmanager
    async def aside(self, photo_ids: Collection[PhotoId]) -> AsyncGenerator[None, None]:
        """Start nothing inside; background work on these photos is stopped, and back in the queue."""
        async with self._choosing:
            self._kept_since = anyio.current_time()
            try:
                await stop_all(self._hands.in_background(photo_ids), None)
                yield
            finally:
                self._kept_since = None
                if self._turn_since is not None:
                    # A turn that waited for this has only now begun.
                    self._turn_since = anyio.current_time()

    def stop(self, *, within_seconds: float) -> None:
        """Start nothing more; what runs is interrupted after `within_seconds` and goes back to the queue."""
        self._stop_requested.set()
        self._woken.set()
        latest = anyio.current_time() + within_seconds
        for hand in self._hands.at_work:
            hand.scope.deadline = min(hand.scope.deadline, latest)

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Work until `stop`."""
        async with anyio.create_task_group() as group:
            task_status.started()
            while not self._stopping:
                await self._start_or_wait(group)
            self._turn_since = None

    async def _start_or_wait(self, group: TaskGroup) -> None:
        self._turn_since = anyio.current_time()
        # Both are taken before the look: what arrives or lapses in between is not slept through.
        self._woken = woken = anyio.Event()
        change_at = anyio.current_time() + self._gate.seconds_to_change()
        await self._make_way()
        if self._kinds() is None:
            self._turn_since = None
            await woken.wait()
            return
        async with self._choosing:
            # Whoever forbids work from here on waits until it is known what was taken before.
            kinds = self._kinds()
            claim = None if kinds is None else await self._take(kinds)
            hand = None if claim is None else self._hands.pick_up(claim, begun_at=self._gate.moment())
        if hand is None:
            await self._rest(woken, change_at)
        else:
            group.start_soon(self._work, hand)

    def _kinds(self, *, leaving: Hand | None = None) -> Kinds | None:
        """Return what there is a place for once a hand has left; None: there is none."""
        # Whether a fault is gone one item finds out as well as many.
        workers = 1 if self._gate.is_at_fault else self._workers
        return self._hands.places(workers, archive_waits=bool(self._archives), leaving=leaving)

    async def _make_way(self) -> None:
        """Put background work back for what somebody asked for, where that is wanted."""
        in_work = self._hands.in_work()
        fences = making_way(self._running_background, in_work, times_before=self._made_way)
        if not fences or self._gate.permission().least_priority is None:
            return
        try:
            # Archives have a place of their own: nobody has to make way for them.
            wanted = self._wanted(Priority.HIGH, self._gate.held_sessions(), Kinds.NO_ARCHIVES)
            if not await self._line.is_ready(wanted):
                return
        except StateUnreadable as error:
            self._books.hold(error)
            return
        self._made_way += 1
        await stop_all(self._hands.with_fences(fences), None)

    async def _take(self, kinds: Kinds) -> Claim | None:
        try:
            await self._gate.lapse()
            least_priority = self._gate.permission().least_priority
            if least_priority is None:
                return None
            # Sessions that failed come after all others, whatever their turn: a probe may take seconds.
            wanted = self._wanted(least_priority, self._gate.held_sessions(), kinds)
            claim = await self._store.claim_wanted(wanted, now_usec=self._now_usec())
            waiting = self._gate.waiting_sessions()
            if claim is None and self._gate.held_sessions():
                wanted = self._wanted(least_priority, waiting | self._hands.sessions, kinds)
                claim = await self._store.claim_wanted(wanted, now_usec=self._now_usec())
        except (StateUnwritable, StateUnreadable) as error:
            self._books.hold(error)
            return None
        if claim is None and not self._hands.at_work:
            self._gate.release_all_but(waiting)
        return claim

    def _wanted(
        self, least_priority: Priority, sessions: AbstractSet[SessionId], kinds: Kinds = Kinds.ANY
    ) -> Wanted:
        return Wanted(
            self._boot,
            least_priority,
            sessions,
            self._longest_wait_usec,
            waiting_jobs=self._books.hopeless | self._gate.waiting_jobs(),
            kinds=kinds,
        )

    async def _work(self, hand: Hand) -> None:
        """Carry out a claim, and then each that was taken along with the end of the one before."""
        following: Hand | None = hand
        while following is not None:
            claim = following.claim
            with bound_contextvars(
                session=claim.session.id,
                job=claim.job.id,
                item=claim.item.id,
                attempt=claim.item.attempt,
                correlation_id=claim.item.correlation_id,
            ):
                await self._carry_out(following)
            following = following.following

    async def _carry_out(self, hand: Hand) -> None:
        claim = hand.claim
        if claim.job.kind in BACKGROUND:
            # What somebody asked for may have nothing to be done.
            log.info("item_started", raw=str(claim.photo.raw), kind=claim.job.kind)
        finished = False
        try:
            with hand.scope:
                if not self._stopping:
                    outcome = await self._outcome_of(hand)
                    with anyio.CancelScope(shield=True):
                        await self._books.record(hand, outcome)
                    finished = True
                    if claim.job.kind in BACKGROUND:
                        self._made_way = 0
        finally:
            if not finished:
                with anyio.CancelScope(shield=True) as recording:
                    if self._stopping:
                        recording.deadline = anyio.current_time() + RECORD_SECONDS
                    await self._books.record_interruption(hand)
            self._hands.put_down(hand)
            self.wake()

    async def _outcome_of(self, hand: Hand) -> Outcome:
        claim = hand.claim
        developer = self._by_kind.get(claim.job.kind, self._developer)
        try:
            return await developer.develop(claim, lambda stage, percent: self._on_stage(hand, stage, percent))
        except Exception as bug:
            log.exception("item_hit_a_bug")
            return Failed(failure_through(bug), environment=False)

    def _on_stage(self, hand: Hand, stage: str, percent: int) -> None:
        hand.work, hand.heard_at = Work(hand.claim.item.id, stage, percent), self._gate.moment()
        if self._hands.is_first_of_its_job(hand):
            self._publish(hand.progress(now_usec=self._now_usec()))

    async def _end(self, hand: Hand, ending: Ending) -> bool:
        """Record how the item ended and take the next with it, if nothing has to be seen to in between."""
        claim = hand.claim
        # Whoever holds the lock may be waiting for this item to be over.
        if ending.state in _GOES_ON and not self._stopping and not self._choosing.locked():
            async with self._choosing:
                least_priority, kinds = self._gate.unhindered(), self._kinds(leaving=hand)
                if least_priority is not None and kinds is not None:
                    recorded, following = await self._store.end_and_claim(
                        claim.item,
                        ending,
                        fence=claim.fence,
                        wanted=self._wanted(least_priority, frozenset(), kinds),
                        now_usec=self._now_usec(),
                    )
                    if following is not None:
                        self._hands.hand_on(hand, following, begun_at=self._gate.moment())
                    return recorded
        return await self._store.end(claim.item, ending, fence=claim.fence, now_usec=self._now_usec())

    async def _rest(self, woken: anyio.Event, change_at: float) -> None:
        try:
            retry = await self._store.next_retry_usec()
        except StateUnreadable as error:
            self._books.hold(error)
            retry = None
        seconds = min(self._gate.seconds_to_change(), max(0.0, change_at - anyio.current_time()))
        # A retry that is due changes nothing while nothing may be started.
        if retry is not None and self._gate.permission().least_priority is not None:
            seconds = min(seconds, max(0.0, (retry - self._now_usec()) / USEC))
        if not math.isinf(seconds):
            # The clock on the wall may jump, and does not stand still while the machine sleeps.
            seconds = min(seconds, LONGEST_REST)
        self._turn_since = None
        with anyio.move_on_after(seconds):
            await woken.wait()
