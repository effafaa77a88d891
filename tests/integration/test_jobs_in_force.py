"""What is forbidden is in force once the verb returns, however close a claim was."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest

from darkroom.protocol.types import Failure, InhibitMode, ItemState, JobState
from darkroomd.bus import Bus
from darkroomd.core.failure_share import FailureLimit
from darkroomd.core.model import (
    Claim,
    CorrelationId,
    Happening,
    JobId,
    JobKind,
    PhotoState,
    SessionId,
)
from darkroomd.core.retry import RetryPolicy
from darkroomd.services.gatekeeper import Gatekeeper, Schedule
from darkroomd.services.jobs import Jobs
from darkroomd.services.outcomes import Outcome
from darkroomd.services.scheduler import OnStage, Scheduler
from darkroomd.services.stories import Stories
from darkroomd.store.desk import JobDesk
from darkroomd.store.exports import Exported, NewExport
from darkroomd.store.history import History
from darkroomd.store.store import Store, open_store
from make import make_arrival

pytestmark = pytest.mark.anyio

NOW = 1_700_000_000_000_000
ROUNDS = 30
FAILURE = Failure(code="canceled", message="It is over.", transient=False, context={})


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
        arrival = make_arrival(f"{number}.NEF", session_id=SessionId("s"), inode=number)
        queued = await self.store.arrive(arrival, kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW)
        return queued.job_id

    async def export(self, *jobs: JobId) -> Exported:
        """Export the photos of these jobs."""
        photos = [
            item.photo_id
            for job in jobs
            for item in (await self.store.items(job, states=None, cursor=None, limit=9)).entries
            if item.photo_id is not None
        ]
        order = NewExport(SessionId("s"), tuple(photos), "jpg", "export", CorrelationId("e"))
        return await self.jobs.export(order)

    async def states(self) -> list[tuple[JobKind, JobState]]:
        """Return what each job is and where it stands, oldest first."""
        page = await self.store.jobs(None, by_position=False, cursor=None, limit=99)
        return [(job.kind, job.state) for job in reversed(page.entries)]

    async def running(self) -> int:
        return (await self.store.totals.get()).counts.running


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


async def test_an_export_is_developed_instead_of_what_ran_in_the_background(house: House) -> None:
    seen: list[list[tuple[JobKind, JobState]]] = []
    for number in range(ROUNDS):
        job_id = await house.add_photo(number)
        await turns(number)

        exported = await house.export(job_id)

        seen.append((await house.states())[-2:])
        assert exported.job_id is not None
        await house.store.stop_job(exported.job_id, reason="over", now_usec=NOW)
        await house.scheduler.interrupt(job_ids=[exported.job_id], failure=FAILURE)
    assert [background for background, _ in seen] == [(JobKind.DEVELOP, JobState.CANCELED)] * ROUNDS
    assert {export for _, export in seen} <= {
        (JobKind.EXPORT, JobState.QUEUED),
        (JobKind.EXPORT, JobState.RUNNING),
    }


async def test_an_export_leaves_the_background_work_on_other_photos_alone(house: House) -> None:
    first = await house.add_photo(1)
    await turns(50)
    second = await house.add_photo(2)

    exported = await house.export(second)

    assert exported.superseded == (second,)
    assert (await house.store.job(first)).state is JobState.RUNNING


async def test_a_canceled_export_leaves_all_its_photos_in_the_background(house: House) -> None:
    jobs = [await house.add_photo(number) for number in range(3)]
    await turns(50)
    exported = await house.export(*jobs)
    await turns(50)
    assert exported.job_id is not None

    await house.jobs.cancel([exported.job_id], reason=None)

    photos = (
        await house.store.photos(SessionId("s"), states=None, discarded=None, cursor=None, limit=9)
    ).entries
    backfill = [state for kind, state in await house.states() if kind is JobKind.BACKFILL]
    assert (await house.store.job(exported.job_id)).state is JobState.CANCELED
    assert [photo.failure for photo in photos] == [None] * 3
    assert {photo.state for photo in photos} <= {PhotoState.WAITING, PhotoState.DEVELOPING}
    assert set(backfill) <= {JobState.QUEUED, JobState.RUNNING}
    assert (await house.store.totals.get()).progress.total == 3
