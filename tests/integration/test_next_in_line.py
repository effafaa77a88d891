"""The end of an item and the claim of the next one, in one transaction."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from darkroom.protocol.types import InhibitMode, ItemState, JobState, Priority
from darkroomd.core.failure_share import FailureLimit
from darkroomd.core.model import (
    Claim,
    CorrelationId,
    Happening,
    Inputs,
    JobId,
    JobKind,
    Output,
    OutputId,
    SessionId,
)
from darkroomd.core.retry import RetryPolicy
from darkroomd.services.gatekeeper import Gatekeeper, Schedule
from darkroomd.services.jobs import Jobs
from darkroomd.services.outcomes import Developed, Outcome
from darkroomd.services.scheduler import OnStage, Scheduler
from darkroomd.services.stories import Stories
from darkroomd.store.arrivals import NewJob
from darkroomd.store.desk import JobDesk
from darkroomd.store.history import History
from darkroomd.store.queue import Ending, Wanted
from darkroomd.store.store import Store, open_store
from make import make_arrival

pytestmark = pytest.mark.anyio

NOW = 1_700_000_000_000_000
SESSION = SessionId("s")
ROUNDS = 20
IN_LINE = 4


async def queue_photos(store: Store, names: list[str]) -> JobId:
    await store.add_session(Path("/s"), name="s", session_id=SESSION, now_usec=NOW)
    arrivals = [make_arrival(name, session_id=SESSION) for name in names]
    job = NewJob(JobKind.BACKFILL, SESSION, "found", CorrelationId("b"))
    job_id = await store.arrive_many(arrivals, job=job, recipe="jpg", now_usec=NOW)
    assert job_id is not None
    return job_id


def output_of(claim: Claim) -> Output:
    inputs = Inputs(raw=claim.photo.fingerprint, raw_sha256="a", look="look", recipe="r", pipeline="p")
    return Output(
        id=OutputId(f"o-{claim.photo.id}"),
        photo_id=claim.photo.id,
        recipe="jpg",
        path=Path("/s/Jpg") / f"{claim.photo.name}.jpg",
        media_type="image/jpeg",
        size_bytes=1,
        mtime_ns=1,
        sha256="b",
        inputs=inputs,
        created_at_usec=NOW,
    )


async def first_claim(store: Store) -> Claim:
    claim = await store.claim(boot="b", now_usec=NOW)
    assert claim is not None
    return claim


async def test_an_end_and_a_claim_in_one_tell_what_each_tells_by_itself(tmp_path: Path) -> None:
    apart: list[Happening] = []
    in_one: list[Happening] = []
    async with (
        open_store(tmp_path / "apart.db", apart.append) as one,
        open_store(tmp_path / "in_one.db", in_one.append) as other,
    ):
        claims: list[Claim] = []
        for store in (one, other):
            await queue_photos(store, ["1.NEF", "2.NEF"])
            claims.append(await first_claim(store))
        ending = Ending(ItemState.COMPLETED, output=output_of(claims[0]))

        await one.end(claims[0].item, ending, fence=claims[0].fence, now_usec=NOW)
        expected = await first_claim(one)
        ended, following = await other.end_and_claim(
            claims[1].item, ending, fence=claims[1].fence, wanted=Wanted("b", Priority.LOW), now_usec=NOW
        )

    assert ended
    assert following == expected
    assert in_one == apart


async def test_a_late_end_takes_nothing(tmp_path: Path) -> None:
    told: list[Happening] = []
    async with open_store(tmp_path / "queue.db", told.append) as store:
        job_id = await queue_photos(store, ["1.NEF", "2.NEF"])
        claim = await first_claim(store)
        told.clear()

        ended, following = await store.end_and_claim(
            claim.item,
            Ending(ItemState.COMPLETED, output=output_of(claim)),
            fence=claim.fence - 1,
            wanted=Wanted("b", Priority.LOW),
            now_usec=NOW,
        )
        items = await store.items(job_id, states=None, cursor=None, limit=9)

    assert (ended, following, told) == (False, None, [])
    assert [item.state for item in items.entries] == [ItemState.RUNNING, ItemState.QUEUED]


class Prompt:
    """A developer that is done after some turns."""

    def __init__(self, turns: int) -> None:
        self._turns = turns

    async def develop(self, claim: Claim, on_stage: OnStage) -> Outcome:
        on_stage("unpack", 0)
        await turns(self._turns)
        return Developed(
            output_of(claim), captured_at_usec=None, camera="", pixels=1, busy_usec=1, seconds={}, warnings=()
        )


async def turns(count: int) -> None:
    for _ in range(count):
        await anyio.lowlevel.checkpoint()


@dataclass
class House:
    store: Store
    scheduler: Scheduler
    jobs: Jobs
    job_id: JobId

    async def states(self) -> set[ItemState]:
        page = await self.store.items(self.job_id, states=None, cursor=None, limit=99)
        return {item.state for item in page.entries}


@asynccontextmanager
async def open_house(folder: Path, number: int) -> AsyncGenerator[House]:
    """Open a house with photos in line, whose scheduler has had another number of turns in each round."""

    def tell(happening: Happening) -> None:
        scheduler.notice(happening)

    def ignore(_happening: Happening) -> None:
        return

    async with open_store(folder / f"{number}.db", tell) as store, anyio.create_task_group() as group:
        gate = Gatekeeper(History(store.front), ignore, schedule=Schedule(), now_usec=lambda: NOW)
        scheduler = Scheduler(
            store,
            Prompt(number % 3),
            ignore,
            gate=gate,
            stories=Stories(lambda: NOW),
            policy=RetryPolicy(),
            failure_limit=FailureLimit(),
            boot="b",
            now_usec=lambda: NOW,
            on_photo_changed=lambda _: None,
        )
        gate.on_change = scheduler.wake
        job_id = await queue_photos(store, [f"{one}.NEF" for one in range(IN_LINE)])
        await group.start(scheduler.run)
        await turns(20 * number)
        yield House(
            store, scheduler, Jobs(JobDesk(store.front), scheduler, gate, now_usec=lambda: NOW), job_id
        )
        scheduler.stop(within_seconds=0)


async def test_all_in_line_are_developed(tmp_path: Path) -> None:
    async with open_house(tmp_path, 0) as house:
        with anyio.fail_after(30):
            while (await house.store.job(house.job_id)).state is not JobState.COMPLETED:
                await turns(1)

        assert await house.states() == {ItemState.COMPLETED}


async def test_nothing_is_taken_along_once_everything_is_inhibited(tmp_path: Path) -> None:
    seen: set[ItemState] = set()
    for number in range(ROUNDS):
        async with (
            open_house(tmp_path, number) as house,
            house.jobs.inhibited(InhibitMode.ALL, who="w", why="y", uid=None, pid=None),
        ):
            seen |= await house.states()
            await turns(number)
            seen |= await house.states()

    assert seen <= {ItemState.QUEUED, ItemState.COMPLETED}


async def test_what_is_taken_along_is_canceled_with_its_job(tmp_path: Path) -> None:
    seen: set[ItemState] = set()
    for number in range(ROUNDS):
        async with open_house(tmp_path, number) as house:
            await house.jobs.cancel([house.job_id], reason=None)
            seen |= await house.states()

    assert seen <= {ItemState.CANCELED, ItemState.COMPLETED}


async def test_what_is_taken_along_returns_to_the_queue_when_the_daemon_stops(tmp_path: Path) -> None:
    seen: set[ItemState] = set()
    for number in range(ROUNDS):
        async with open_house(tmp_path, number):
            pass
        async with open_store(tmp_path / f"{number}.db", lambda _: None) as store:
            page = await store.items(JobId(1), states=None, cursor=None, limit=99)
            seen |= {item.state for item in page.entries}

    assert seen <= {ItemState.QUEUED, ItemState.COMPLETED}
