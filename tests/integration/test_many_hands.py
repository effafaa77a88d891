"""Several photos in work at once: what is started, in which order it is published, and what stops what."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from darkroom.protocol.types import Failure, InhibitMode, ItemState, JobState, Priority
from darkroomd.core.failure_share import REASON, FailureLimit
from darkroomd.core.model import JobKind
from darkroomd.core.naming import photo_id
from darkroomd.core.retry import Hold
from darkroomd.store.store import open_store
from studio import SESSIONS, House, open_house

pytestmark = pytest.mark.anyio

FAILS = Failure(code="raw.unsupported", message="No such camera.", transient=False, context={})
RETRIES = Failure(code="raw.truncated", message="Not all there yet.", transient=True, context={})
GONE = Failure(code="session.gone", message="The folder is gone.", transient=True, context={})
NO_WORKER = Failure(code="worker.not_started", message="No memory.", transient=True, context={})


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


async def test_as_many_photos_are_in_work_as_there_are_workers(house: House) -> None:
    await house.arrive("1", "2", "3")
    await house.laboratory.until_in_work("1", "2")

    house.laboratory.finish("1")

    await house.laboratory.until_in_work("2", "3")
    assert (await house.store.totals.get()).counts.running == 2


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

    assert (await house.store.totals.get()).counts.running == (2 if finish_running else 0)
    assert sorted(house.laboratory.begun) == ["1", "2"]


async def test_nothing_is_in_work_while_everything_is_inhibited(house: House) -> None:
    await house.arrive("1", "2", "3")
    await house.laboratory.until_in_work("1", "2")

    async with house.jobs.inhibited(InhibitMode.ALL, who="w", why="y", uid=None, pid=None):
        assert (await house.store.totals.get()).counts.running == 0
        assert house.laboratory.in_work == []

    await house.laboratory.until_in_work("1", "2")


async def test_all_that_is_in_work_returns_to_the_queue_when_the_daemon_stops(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.arrive("1", "2", "3")
        await house.laboratory.until_in_work("1", "2")

    async with open_store(tmp_path / "queue.db", lambda _: None) as store:
        counts = (await store.totals.get()).counts
    assert (counts.queued, counts.running) == (3, 0)


async def test_an_archive_keeps_no_output_waiting(house: House) -> None:
    finished = await house.find("a", session=SESSIONS[1])
    house.laboratory.finish("a")
    await house.settled(finished, JobState.COMPLETED)
    await house.archive(SESSIONS[1], Priority.HIGH)
    await house.laboratory.until_in_work("a")

    (job,) = await house.arrive("1")
    house.laboratory.finish("1")

    await house.settled(job, JobState.COMPLETED)
    assert house.laboratory.in_work == ["a"]


async def test_two_items_of_one_photo_are_never_in_work_at_once(house: House) -> None:
    finished = await house.find("a", session=SESSIONS[1])
    house.laboratory.finish("a")
    await house.settled(finished, JobState.COMPLETED)
    archive = await house.archive(SESSIONS[1], Priority.NORMAL)
    await house.laboratory.until_in_work("a")

    export = await house.export("a", session=SESSIONS[1])
    await house.arrive("1")
    await house.laboratory.until_in_work("1", "a")

    assert export is not None
    assert (await house.store.job(export)).state is JobState.QUEUED
    await house.jobs.cancel([archive], reason=None)
    await house.settled(export, JobState.RUNNING)


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


async def test_a_folder_that_is_gone_is_counted_once_however_many_photos_meet_it(tmp_path: Path) -> None:
    async with open_house(tmp_path, workers=3) as house:
        await house.find("a", "b", "c", session=SESSIONS[1])
        await house.laboratory.until_in_work("a", "b", "c")

        house.laboratory.finish("a", "b", "c", failure=GONE, environment=True)

        await house.laboratory.until(lambda: len(house.laboratory.begun) > 3)
        assert house.gate.held_times(SESSIONS[1]) == 1


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
        await house.find(*"abcdefgh")
        job = await house.export(*"abcdefgh")
        assert job is not None
        await house.laboratory.until_in_work("a", "b")

        house.laboratory.finish(*"abcd", failure=FAILS)

        await house.settled(job, JobState.FAILED)
        states = await house.states(job)
        assert set(states) == {ItemState.FAILED, ItemState.CANCELED}
        assert states.count(ItemState.FAILED) <= 4


async def test_the_background_gets_to_good_photos_behind_ever_so_many_bad_ones(tmp_path: Path) -> None:
    async with open_house(tmp_path, failure_limit=FailureLimit(least_tried=2, most_percent=50)) as house:
        job = await house.find(*"abcdefgh")

        house.laboratory.finish(*"abcdefg", failure=FAILS)
        house.laboratory.finish("h")

        await house.settled(job, JobState.FAILED)
        await house.laboratory.until(lambda: house.laboratory.published == ["h"])
        page = await house.store.jobs(None, by_position=False, cursor=None, limit=9)
        [goes_on] = (each.id for each in page.entries if each.id != job)
        await house.settled(goes_on, JobState.FAILED)
        stopped, gone_through = await house.store.job(job), await house.store.job(goes_on)
        assert (stopped.state_reasons, gone_through.state_reasons) == ((REASON,), ())
        assert stopped.progress.canceled == gone_through.progress.total
        assert (gone_through.kind, gone_through.progress.canceled) == (JobKind.BACKFILL, 0)


async def test_the_oldest_photo_in_work_is_the_one_that_is_shown(house: House) -> None:
    first, _ = await house.arrive("1", "2")
    await house.laboratory.until_in_work("1", "2")

    totals = await house.store.totals.get()

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
