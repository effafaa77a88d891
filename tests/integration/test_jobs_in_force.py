"""What is forbidden is in force once the verb returns, however close a claim was."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest

from darkroom.protocol.types import InhibitMode, ItemState, JobState
from darkroomd.bus import Bus
from darkroomd.core.failure_share import FailureLimit
from darkroomd.core.model import (
    Arrival,
    Claim,
    CorrelationId,
    Fingerprint,
    Happening,
    JobId,
    JobKind,
    SessionId,
)
from darkroomd.core.retry import RetryPolicy
from darkroomd.services.development import Outcome
from darkroomd.services.gatekeeper import Gatekeeper, Schedule
from darkroomd.services.jobs import Jobs
from darkroomd.services.scheduler import OnStage, Scheduler
from darkroomd.services.stories import Stories
from darkroomd.store.desk import JobDesk
from darkroomd.store.history import History
from darkroomd.store.store import Store, open_store

pytestmark = pytest.mark.anyio

NOW = 1_700_000_000_000_000
ROUNDS = 30


class Endless:
    """A developer that is never done."""

    async def develop(self, claim: Claim, on_stage: OnStage) -> Outcome:
        on_stage("unpack", claim.item.attempt)
        await anyio.sleep_forever()
        raise AssertionError


@dataclass
class House:
    store: Store
    scheduler: Scheduler
    jobs: Jobs

    async def add_photo(self, number: int) -> JobId:
        """Queue a photo, and return before the scheduler has had a turn."""
        arrival = Arrival(
            session_id=SessionId("s"),
            name=f"{number}.NEF",
            fingerprint=Fingerprint(device=1, inode=number, size_bytes=9, mtime_ns=5, ctime_ns=6),
            look="look",
            preset_id=None,
            unsupported=(),
            warnings=(),
            correlation_id=CorrelationId("c"),
            arrived_at_usec=NOW,
        )
        queued = await self.store.arrive(arrival, kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW)
        return queued.job_id

    async def running(self) -> int:
        return (await self.store.totals()).counts.running


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    bus = Bus[Happening]()
    listeners: list[Callable[[Happening], None]] = [bus.publish]

    def publish(happening: Happening) -> None:
        for listener in listeners:
            listener(happening)

    async with (
        open_store(tmp_path / "queue.db", publish) as store,
        anyio.create_task_group() as group,
    ):
        gate = Gatekeeper(History(store.front), bus.publish, schedule=Schedule(), now_usec=lambda: NOW)
        scheduler = Scheduler(
            store,
            Endless(),
            bus.publish,
            gate=gate,
            stories=Stories(lambda: NOW),
            policy=RetryPolicy(),
            failure_limit=FailureLimit(),
            boot="b",
            now_usec=lambda: NOW,
            on_photo_ended=lambda _: None,
            on_photo_changed=lambda _: None,
        )
        listeners.append(scheduler.notice)
        gate.on_change = scheduler.wake
        await store.add_session(Path("/s"), name="s", session_id=SessionId("s"), now_usec=NOW)
        await group.start(scheduler.run)
        yield House(store, scheduler, Jobs(JobDesk(store.front), scheduler, gate, now_usec=lambda: NOW))
        scheduler.stop(within_seconds=0)


async def turns(count: int) -> None:
    """Give the scheduler some turns, another number in each round."""
    for _ in range(count):
        await anyio.lowlevel.checkpoint()


async def test_nothing_runs_once_everything_is_inhibited(house: House) -> None:
    seen: list[int] = []
    for number in range(ROUNDS):
        await house.add_photo(number)
        await turns(number)

        async with house.jobs.inhibited(InhibitMode.ALL, who="w", why="y", uid=None, pid=None):
            seen.append(await house.running())
            await turns(number)
            seen.append(await house.running())

    assert seen == [0] * 2 * ROUNDS


async def test_nothing_is_started_once_a_pause_is_in_force(house: House) -> None:
    before: list[int] = []
    after: list[int] = []
    for number in range(ROUNDS):
        await house.add_photo(number)
        await turns(number)

        await house.jobs.pause_queue(reason=None, until_usec=None, finish_running=True)
        before.append(await house.running())
        await turns(number)
        after.append(await house.running())

        await house.scheduler.interrupt()
        await house.jobs.resume_queue()

    assert after == before


async def test_a_canceled_job_has_ended_when_the_verb_returns(house: House) -> None:
    ended: list[tuple[JobState, list[ItemState]]] = []
    for number in range(ROUNDS):
        job_id = await house.add_photo(number)
        await turns(number)

        await house.jobs.cancel([job_id], reason=None)

        items = await house.store.items(job_id, states=None, cursor=None, limit=9)
        ended.append(((await house.store.job(job_id)).state, [item.state for item in items.entries]))
    assert ended == [(JobState.CANCELED, [ItemState.CANCELED])] * ROUNDS
