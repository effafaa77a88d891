"""Several photos in work at once: what is started, in which order it is published, and what stops what."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio
import pytest

from darkroom.protocol.types import Failure, InhibitMode, ItemState, JobState, Priority
from darkroomd.core.failure_share import FailureLimit
from darkroomd.core.model import Arrival, Claim, CorrelationId, Happening, JobId, JobKind, SessionId
from darkroomd.core.naming import photo_id
from darkroomd.core.precedence import RunningBackground
from darkroomd.core.retry import Hold, RetryPolicy
from darkroomd.services.development import Developed, Failed, Outcome
from darkroomd.services.gatekeeper import Gatekeeper, Schedule
from darkroomd.services.jobs import Jobs
from darkroomd.services.scheduler import OnStage, Scheduler
from darkroomd.services.stories import Stories
from darkroomd.services.turnstile import Turnstile
from darkroomd.store.arrivals import NewJob
from darkroomd.store.desk import JobDesk
from darkroomd.store.exports import Exported, NewExport
from darkroomd.store.history import History
from darkroomd.store.store import Store, open_store
from standing import arrival, output_of

pytestmark = pytest.mark.anyio

NOW = 1_700_000_000_000_000
HOUR = 3_600_000_000
PATIENCE_SECONDS = 20.0
SESSIONS = (SessionId("s"), SessionId("t"))
FAILS = Failure(code="raw.unsupported", message="No such camera.", transient=False, context={})
RETRIES = Failure(code="raw.truncated", message="Not all there yet.", transient=True, context={})
GONE = Failure(code="session.gone", message="The folder is gone.", transient=True, context={})
NO_WORKER = Failure(code="worker.not_started", message="No memory.", transient=True, context={})


def arrival_in(session: SessionId, name: str) -> Arrival:
    return replace(arrival(name), session_id=session)


@dataclass
class Laboratory:
    """Develops photos when a test says so, and as it says; publishes through the turnstile.

    Attributes:
        in_work: photos that are being developed.
        begun: all that were, in order.
        published: those whose outputs stand, in order.
    """

    turnstile: Turnstile
    in_work: list[str] = field(default_factory=list)
    begun: list[str] = field(default_factory=list)
    published: list[str] = field(default_factory=list)
    _ends: dict[str, Outcome | None] = field(default_factory=dict)
    _news: anyio.Event = field(default_factory=anyio.Event)

    async def develop(self, claim: Claim, on_stage: OnStage) -> Outcome:
        name = claim.photo.name
        self.begun.append(name)
        self.in_work.append(name)
        self._tell()
        try:
            on_stage("unpack", 5)
            while name not in self._ends:
                await self._news.wait()
            failure = self._ends.pop(name)
            if failure is not None:
                return failure
            await self.turnstile.turn(claim.fence)
        finally:
            self.in_work.remove(name)
            self._tell()
        self.published.append(name)
        return Developed(
            output_of(claim.photo), captured_at_usec=None, camera="", pixels=1, busy_usec=1, seconds={}
        )

    def finish(self, *names: str, failure: Failure | None = None, environment: bool = False) -> None:
        """Let the work on photos end, now or as soon as it has begun."""
        self._ends |= {name: failure and Failed(failure, environment=environment) for name in names}
        self._tell()

    async def until(self, condition: Callable[[], bool]) -> None:
        with anyio.fail_after(PATIENCE_SECONDS):
            while not condition():
                await self._news.wait()

    async def until_in_work(self, *names: str) -> None:
        """Wait until these photos, and no others, are being developed."""
        await self.until(lambda: sorted(self.in_work) == sorted(names))

    def _tell(self) -> None:
        news, self._news = self._news, anyio.Event()
        news.set()


@dataclass
class House:
    """A scheduler with several hands at work, and two sessions."""

    store: Store
    scheduler: Scheduler
    gate: Gatekeeper
    jobs: Jobs
    laboratory: Laboratory
    told: list[Happening]
    news: list[anyio.Event]

    async def arrive(self, *names: str, session: SessionId = SESSIONS[0]) -> list[JobId]:
        """Queue photos, each with a job of its own."""
        queued = [
            await self.store.arrive(
                arrival_in(session, name), kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW
            )
            for name in names
        ]
        return [each.job_id for each in queued]

    async def find(self, *names: str, session: SessionId = SESSIONS[0]) -> JobId:
        """Queue photos in one job of low priority."""
        job = NewJob(JobKind.BACKFILL, session, "found", CorrelationId("b"))
        found = [arrival_in(session, name) for name in names]
        job_id = await self.store.arrive_many(found, job=job, recipe="jpg", now_usec=NOW)
        assert job_id is not None
        return job_id

    async def export(
        self, *names: str, session: SessionId = SESSIONS[0], paused: bool = False
    ) -> JobId | None:
        """Ask for photos that are known already."""
        photos = tuple(photo_id(session, name) for name in names)
        order = NewExport(session, photos, "jpg", "export", CorrelationId("e"), paused=paused)
        exported = await self.jobs.export(order)
        assert isinstance(exported, Exported)
        return exported.job_id

    async def settled(self, job_id: JobId, state: JobState) -> None:
        """Wait until a job is in this state."""
        with anyio.fail_after(PATIENCE_SECONDS):
            while True:
                news = self.news[-1]
                if (await self.store.job(job_id)).state is state:
                    return
                await news.wait()

    async def states(self, job_id: JobId) -> list[ItemState]:
        page = await self.store.items(job_id, states=None, cursor=None, limit=99)
        return [item.state for item in page.entries]


@asynccontextmanager
async def open_house(
    folder: Path,
    *,
    workers: int = 2,
    running_background: RunningBackground = RunningBackground.FINISH,
    failure_limit: FailureLimit | None = None,
) -> AsyncIterator[House]:
    told: list[Happening] = []
    news = [anyio.Event()]
    listeners: list[Callable[[Happening], None]] = [told.append]

    def publish(happening: Happening) -> None:
        for listener in listeners:
            listener(happening)
        news.append(anyio.Event())
        news.pop(0).set()

    turnstile = Turnstile()
    laboratory = Laboratory(turnstile)
    async with open_store(folder / "queue.db", publish) as store, anyio.create_task_group() as group:
        gate = Gatekeeper(History(store.front), publish, schedule=Schedule(), now_usec=lambda: NOW)
        scheduler = Scheduler(
            store,
            laboratory,
            publish,
            gate=gate,
            stories=Stories(lambda: NOW),
            policy=RetryPolicy(waits_seconds=(3600.0,), environment_wait_seconds=0.05),
            failure_limit=failure_limit or FailureLimit(),
            boot="b",
            now_usec=lambda: NOW,
            on_photo_changed=lambda _: None,
            workers=workers,
            turnstile=turnstile,
            running_background=running_background,
        )
        listeners.append(scheduler.notice)
        gate.on_change = scheduler.wake
        for session in SESSIONS:
            await store.add_session(Path("/") / session, name=session, session_id=session, now_usec=NOW)
        await group.start(scheduler.run)
        jobs = Jobs(JobDesk(store.front), scheduler, gate, now_usec=lambda: NOW)
        yield House(store, scheduler, gate, jobs, laboratory, told, news)
        scheduler.stop(within_seconds=0)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


async def test_as_many_photos_are_in_work_as_there_are_workers(house: House) -> None:
    await house.arrive("1", "2", "3")
    await house.laboratory.until_in_work("1", "2")

    house.laboratory.finish("1")

    await house.laboratory.until_in_work("2", "3")
    assert (await house.store.totals()).counts.running == 2


async def test_one_worker_never_has_two_photos_in_work(tmp_path: Path) -> None:
    async with open_house(tmp_path, workers=1) as house:
        await house.arrive("1", "2")
        await house.laboratory.until_in_work("1")
        await house.scheduler.settle()

        assert house.laboratory.in_work == ["1"]


async def test_photos_are_published_in_the_order_of_their_claims(tmp_path: Path) -> None:
    async with open_house(tmp_path, workers=3) as house:
        jobs = await house.arrive("1", "2", "3", "4", "5")
        await house.laboratory.until_in_work("1", "2", "3")

        house.laboratory.finish("3", "2", "4", "5")
        house.laboratory.finish("1")

        await house.settled(jobs[-1], JobState.COMPLETED)
        assert house.laboratory.published == ["1", "2", "3", "4", "5"]


async def test_a_photo_that_is_developed_early_is_published_once_the_earlier_one_is(house: House) -> None:
    first, second = await house.arrive("1", "2")
    await house.laboratory.until_in_work("1", "2")

    house.laboratory.finish("2")
    await house.scheduler.settle()

    assert house.laboratory.published == []
    assert (await house.store.job(second)).state is JobState.RUNNING
    house.laboratory.finish("1")
    await house.settled(second, JobState.COMPLETED)
    assert (await house.store.job(first)).state is JobState.COMPLETED


@pytest.mark.parametrize(
    ("failure", "environment"),
    [
        pytest.param(FAILS, False, id="it-fails"),
        pytest.param(RETRIES, False, id="it-is-tried-again-later"),
        pytest.param(GONE, True, id="its-session-is-gone"),
        pytest.param(NO_WORKER, True, id="the-queue-waits"),
    ],
)
async def test_an_earlier_photo_that_comes_to_nothing_lets_the_next_one_through(
    house: House, failure: Failure, environment: bool
) -> None:
    await house.arrive("1", session=SESSIONS[1])
    (second,) = await house.arrive("2")
    await house.laboratory.until_in_work("1", "2")
    house.laboratory.finish("2")

    house.laboratory.finish("1", failure=failure, environment=environment)

    await house.settled(second, JobState.COMPLETED)
    assert house.laboratory.published == ["2"]


async def test_a_canceled_photo_lets_the_next_one_through_and_nothing_else_is_stopped(house: House) -> None:
    first, second, third = await house.arrive("1", "2", "3")
    await house.laboratory.until_in_work("1", "2")
    house.laboratory.finish("2")

    assert await house.jobs.cancel([first], reason=None) == [first]

    await house.settled(second, JobState.COMPLETED)
    assert await house.states(first) == [ItemState.CANCELED]
    assert await house.states(third) == [ItemState.RUNNING]


async def test_a_photo_that_waits_for_an_earlier_one_can_be_canceled(house: House) -> None:
    first, second = await house.arrive("1", "2")
    await house.laboratory.until_in_work("1", "2")
    house.laboratory.finish("2")
    await house.scheduler.settle()

    await house.jobs.cancel([second], reason=None)

    assert await house.states(second) == [ItemState.CANCELED]
    house.laboratory.finish("1")
    await house.settled(first, JobState.COMPLETED)
    assert house.laboratory.published == ["1"]


async def test_a_job_is_canceled_with_all_its_photos_that_are_in_work(house: House) -> None:
    job = await house.find("1", "2", "3")
    await house.laboratory.until_in_work("1", "2")

    await house.jobs.cancel([job], reason=None)

    assert await house.states(job) == [ItemState.CANCELED] * 3
    assert (await house.store.job(job)).state is JobState.CANCELED


@pytest.mark.parametrize("finish_running", [True, False])
async def test_a_pause_stops_all_that_is_in_work_or_lets_all_of_it_end(
    house: House, finish_running: bool
) -> None:
    await house.arrive("1", "2", "3")
    await house.laboratory.until_in_work("1", "2")

    await house.jobs.pause_queue(reason=None, until_usec=None, finish_running=finish_running)

    assert (await house.store.totals()).counts.running == (2 if finish_running else 0)
    assert sorted(house.laboratory.begun) == ["1", "2"]


async def test_nothing_is_in_work_while_everything_is_inhibited(house: House) -> None:
    await house.arrive("1", "2", "3")
    await house.laboratory.until_in_work("1", "2")

    async with house.jobs.inhibited(InhibitMode.ALL, who="w", why="y", uid=None, pid=None):
        assert (await house.store.totals()).counts.running == 0
        assert house.laboratory.in_work == []

    await house.laboratory.until_in_work("1", "2")


async def test_all_that_is_in_work_returns_to_the_queue_when_the_daemon_stops(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.arrive("1", "2", "3")
        await house.laboratory.until_in_work("1", "2")

    async with open_store(tmp_path / "queue.db", lambda _: None) as store:
        counts = (await store.totals()).counts
    assert (counts.queued, counts.running) == (3, 0)


async def test_an_export_stops_the_background_work_on_its_own_photos_alone(house: House) -> None:
    first, second = await house.arrive("1", "2")
    await house.laboratory.until_in_work("1", "2")

    export = await house.export("2")

    assert export is not None
    assert (await house.store.job(second)).state is JobState.CANCELED
    assert (await house.store.job(first)).state is JobState.RUNNING
    await house.settled(export, JobState.RUNNING)
    await house.laboratory.until_in_work("1", "2")


async def test_while_what_was_asked_for_waits_nothing_else_is_started(house: House) -> None:
    await house.arrive("1", "2", "3", "4")
    await house.find("a", "b", "c", session=SESSIONS[1])
    await house.laboratory.until_in_work("1", "2")
    await house.export("a", "b", "c", session=SESSIONS[1])

    house.laboratory.finish("1", "2", "a", "b")

    await house.laboratory.until(lambda: "c" in house.laboratory.begun)
    await house.laboratory.until(lambda: "3" in house.laboratory.begun)
    assert house.laboratory.begun[:6] == ["1", "2", "a", "b", "c", "3"]


async def hold_session(house: House) -> None:
    house.gate.await_visit([SESSIONS[1]])
    await house.export("a", "b", session=SESSIONS[1])
    house.laboratory.finish("1", "2")


async def pause_job(house: House) -> None:
    await house.export("a", "b", session=SESSIONS[1], paused=True)
    house.laboratory.finish("1", "2")


async def retry_later(house: House) -> None:
    await house.export("a", "b", session=SESSIONS[1])
    house.laboratory.finish("a", "b", failure=RETRIES)
    house.laboratory.finish("1", "2")
    await house.laboratory.until(lambda: {"a", "b"} <= set(house.laboratory.begun))


@pytest.mark.parametrize("stand_in_the_way", [hold_session, pause_job, retry_later])
async def test_what_was_asked_for_but_cannot_run_keeps_nobody_waiting(
    house: House, stand_in_the_way: Callable[[House], Awaitable[None]]
) -> None:
    await house.arrive("1", "2")
    await house.laboratory.until_in_work("1", "2")
    await house.find("a", "b", session=SESSIONS[1])

    await stand_in_the_way(house)
    await house.arrive("3", "4")

    await house.laboratory.until_in_work("3", "4")


async def test_background_photos_of_another_session_are_finished(house: House) -> None:
    await house.arrive("1", "2")
    await house.find("a", session=SESSIONS[1])
    await house.laboratory.until_in_work("1", "2")

    await house.export("a", session=SESSIONS[1])
    await house.scheduler.settle()

    assert house.laboratory.in_work == ["1", "2"]
    house.laboratory.finish("1")
    await house.laboratory.until_in_work("2", "a")


@pytest.mark.parametrize("workers", [1, 2])
async def test_background_photos_make_way_where_that_is_wanted(tmp_path: Path, workers: int) -> None:
    async with open_house(tmp_path, workers=workers, running_background=RunningBackground.STOP) as house:
        background = (await house.arrive("1", "2"))[:workers]
        await house.laboratory.until_in_work(*["1", "2"][:workers])
        await house.find("a", session=SESSIONS[1])

        await house.export("a", session=SESSIONS[1])

        await house.laboratory.until(lambda: "a" in house.laboratory.in_work)
        items = [
            item
            for job in background
            for item in (await house.store.items(job, states=None, cursor=None, limit=9)).entries
        ]
        assert {item.attempt for item in items} <= {0, 1}
        house.laboratory.finish("a", "1", "2")
        for job in background:
            await house.settled(job, JobState.COMPLETED)


async def test_a_higher_priority_stops_nothing_where_it_cannot_run(tmp_path: Path) -> None:
    async with open_house(tmp_path, running_background=RunningBackground.STOP) as house:
        await house.arrive("1", "2")
        await house.laboratory.until_in_work("1", "2")
        await house.find("a", session=SESSIONS[1])

        await house.export("a", session=SESSIONS[1], paused=True)
        await house.scheduler.settle()

        assert house.laboratory.in_work == ["1", "2"]
        assert house.laboratory.begun == ["1", "2"]


async def test_a_job_that_is_hurried_makes_others_give_way(tmp_path: Path) -> None:
    async with open_house(tmp_path, workers=1, running_background=RunningBackground.STOP) as house:
        _, second = await house.arrive("1", "2")
        await house.laboratory.until_in_work("1")

        await house.jobs.set_priority([second], Priority.HIGH)

        await house.laboratory.until_in_work("2")


async def test_whether_a_session_works_again_one_photo_finds_out(tmp_path: Path) -> None:
    async with open_house(tmp_path, workers=3) as house:
        await house.find("a", "b", "c", "d", session=SESSIONS[1])
        await house.laboratory.until_in_work("a", "b", "c")
        house.laboratory.finish("a", "b", "c", failure=GONE, environment=True)

        await house.laboratory.until(lambda: len(house.laboratory.begun) == 4)
        await house.scheduler.settle()
        probes = len(house.laboratory.in_work)
        house.laboratory.finish("a", "b", "c", "d")

        await house.laboratory.until(lambda: len(house.laboratory.published) == 4)
        assert probes == 1


async def test_while_the_queue_is_at_fault_one_photo_at_a_time_finds_out(house: House) -> None:
    await house.arrive("1", "2", "3")
    await house.laboratory.until_in_work("1", "2")
    house.laboratory.finish("1", "2", failure=NO_WORKER, environment=True)

    await house.laboratory.until(lambda: len(house.laboratory.begun) == 3)
    await house.scheduler.settle()

    assert len(house.laboratory.in_work) == 1
    house.laboratory.finish("1", "2", "3")
    await house.laboratory.until(lambda: len(house.laboratory.published) == 3)


async def test_a_success_that_began_before_a_fault_does_not_end_it(house: House) -> None:
    (first,) = await house.arrive("1")
    await house.laboratory.until_in_work("1")
    house.gate.hold(Hold(3600.0, "disk.full"), "The disk is full.")

    house.laboratory.finish("1")
    await house.settled(first, JobState.COMPLETED)

    assert house.gate.wait_reasons() == ("disk.full",)


async def test_a_job_that_fails_too_often_is_stopped_whoever_works_on_it(tmp_path: Path) -> None:
    limit = FailureLimit(least_tried=2, most_percent=50)
    async with open_house(tmp_path, failure_limit=limit) as house:
        job = await house.find(*"abcdefgh")
        await house.laboratory.until_in_work("a", "b")

        house.laboratory.finish(*"abcd", failure=FAILS)

        await house.settled(job, JobState.FAILED)
        states = await house.states(job)
        assert set(states) == {ItemState.FAILED, ItemState.CANCELED}
        assert states.count(ItemState.FAILED) <= 4


async def test_the_oldest_photo_in_work_is_the_one_that_is_shown(house: House) -> None:
    first, _ = await house.arrive("1", "2")
    await house.laboratory.until_in_work("1", "2")

    totals = await house.store.totals()

    assert totals.running is not None
    assert totals.running.job_id == first
    assert totals.running_raw == Path("/s/Raw/1")


async def test_progress_is_told_of_the_oldest_photo_of_each_job(house: House) -> None:
    job = await house.find("1", "2")
    await house.laboratory.until_in_work("1", "2")
    await house.scheduler.settle()

    told = [happening for happening in house.told if happening.kind == "progress"]

    photos = [each.progress.current_photo_id for each in told if each.progress is not None]
    assert photos == [photo_id(SESSIONS[0], "1")]
    assert [each.job_id for each in told] == [job]


async def test_no_progress_counts_fewer_photos_than_the_one_before(house: House) -> None:
    await house.find(*"abcdef")
    await house.laboratory.until_in_work("a", "b")

    house.laboratory.finish(*"abcdef")

    await house.laboratory.until(lambda: len(house.laboratory.published) == 6)
    counted = [
        happening.progress.ended
        for happening in house.told
        if happening.kind == "progress" and happening.progress is not None
    ]
    assert counted == sorted(counted)


async def test_how_far_the_work_on_each_photo_is_can_be_asked(house: House) -> None:
    jobs = await house.arrive("1", "2", "3")
    await house.laboratory.until_in_work("1", "2")

    items = [(await house.store.items(job, states=None, cursor=None, limit=9)).entries[0].id for job in jobs]
    work = [house.scheduler.work_on(item) for item in items]

    assert [each and (each.stage, each.percent) for each in work] == [("unpack", 5), ("unpack", 5), None]
