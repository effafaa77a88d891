"""Verbs for very many items take many transactions: others get their turn, and a kill does no harm."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import anyio
import pytest

from darkroom.protocol.types import ItemState, JobState
from darkroomd.core.model import CorrelationId, Happening, JobId, JobKind, PhotoState
from darkroomd.core.naming import photo_id
from darkroomd.store import catalogue, verbs
from darkroomd.store.arrivals import NewJob
from darkroomd.store.database import open_database
from darkroomd.store.desk import JobDesk
from darkroomd.store.exports import Exported
from darkroomd.store.store import Store, open_store
from standing import CANCELED, NOW, SESSION, Standing, arrival, assert_told_once, newest_fact

NAMES = ("A.NEF", "B.NEF", "C.NEF", "D.NEF", "E.NEF")
MANY = 3 * verbs.CHANGED_AT_ONCE


@pytest.fixture
def standing() -> Iterator[Standing]:
    database = open_database(Path(":memory:"))
    standing = Standing(database)
    standing.open()
    standing.job = standing.find(*NAMES)
    yield standing
    database.close()


def begin_canceling(standing: Standing, *, by_client: bool = True) -> list[JobId]:
    return standing.step(
        lambda database: verbs.cancel_jobs(
            database, [standing.job], failure=CANCELED, reason="r", by_client=by_client, most=2, now_usec=NOW
        )
    )


def go_on_canceling(standing: Standing) -> bool:
    return standing.step(lambda database: verbs.go_on_canceling(database, most=2, now_usec=NOW))


def begin_retrying(standing: Standing) -> tuple[list[JobId], int]:
    return standing.step(
        lambda database: verbs.retry_jobs(
            database, [standing.job], include_canceled=True, most=2, now_usec=NOW
        )
    )


def go_on_retrying(standing: Standing) -> int:
    return standing.step(
        lambda database: verbs.go_on_retrying(
            database, standing.job, include_canceled=True, most=2, now_usec=NOW
        )
    )


def export_all(standing: Standing) -> JobId:
    exported = standing.export(*NAMES)
    assert isinstance(exported, Exported)
    assert exported.job_id is not None
    return exported.job_id


def states(standing: Standing) -> list[ItemState]:
    return [item.state for item in standing.items()]


def names_claimed(standing: Standing, count: int) -> list[str]:
    claims = [standing.start() for _ in range(count)]
    return [claim.photo.name for claim in claims if claim is not None]


def test_nothing_is_started_of_a_job_that_is_being_canceled(standing: Standing) -> None:
    begun = begin_canceling(standing)

    assert begun == [standing.job]
    assert standing.now().state is JobState.CANCELING
    assert states(standing) == [ItemState.CANCELED] * 2 + [ItemState.QUEUED] * 3
    assert standing.start() is None


def test_a_job_is_canceled_a_few_items_at_a_time_and_each_is_told_once(standing: Standing) -> None:
    begin_canceling(standing)

    more: list[bool] = []
    for _ in range(3):
        before, newest = standing.all(), newest_fact(standing)
        more.append(go_on_canceling(standing))
        assert_told_once(standing, before, after_fact=newest)

    assert more == [True, True, False]
    assert standing.now().state is JobState.CANCELED
    assert [item.failure for item in standing.items()] == [CANCELED] * 5
    photos = [catalogue.read_photo(standing.database, photo_id(SESSION, name)) for name in NAMES]
    assert [(photo.state, photo.failure) for photo in photos] == [(PhotoState.FAILED, CANCELED)] * 5


def test_a_running_item_outlives_the_others_of_its_job_until_it_is_stopped(standing: Standing) -> None:
    standing.start()
    begin_canceling(standing)
    while go_on_canceling(standing):
        pass
    before = standing.now().state

    standing.end(ItemState.CANCELED)

    assert (before, standing.now().state) == (JobState.CANCELING, JobState.CANCELED)


def test_what_a_canceled_export_leaves_goes_to_the_background_as_one_job(standing: Standing) -> None:
    standing.job = export_all(standing)
    begin_canceling(standing)
    while go_on_canceling(standing):
        assert standing.now().kind is JobKind.EXPORT

    export, standing.job = standing.job, JobId(standing.job + 1)
    assert standing.now().kind is JobKind.BACKFILL
    assert states(standing) == [ItemState.QUEUED] * 5
    assert names_claimed(standing, 6) == list(NAMES)
    assert catalogue.read_job(standing.database, export).state is JobState.CANCELED


def test_a_job_that_failed_is_stopped_by_asking_until_nothing_of_it_waits(standing: Standing) -> None:
    standing.start()
    standing.end(ItemState.FAILED)

    rounds = 0
    while verbs.has_waiting(standing.database, standing.job):
        begin_canceling(standing, by_client=False)
        rounds += 1

    assert rounds == 2
    assert standing.now().state is JobState.FAILED


def test_a_job_is_retried_a_few_items_at_a_time_in_its_order_and_each_is_told_once(
    standing: Standing,
) -> None:
    standing.cancel()
    before, newest = standing.all(), newest_fact(standing)
    begun = begin_retrying(standing)
    assert_told_once(standing, before, after_fact=newest)

    counts: list[int] = []
    for _ in range(3):
        before, newest = standing.all(), newest_fact(standing)
        counts.append(go_on_retrying(standing))
        assert_told_once(standing, before, after_fact=newest)

    assert (begun, counts) == (([standing.job], 2), [2, 1, 0])
    assert names_claimed(standing, 6) == list(NAMES)


def test_what_is_retried_of_a_job_that_was_paused_meanwhile_is_held(standing: Standing) -> None:
    standing.cancel()
    begin_retrying(standing)
    standing.pause()

    count = go_on_retrying(standing)

    assert count == 2
    assert standing.start() is None


def test_no_more_is_retried_of_a_job_that_was_canceled_meanwhile(standing: Standing) -> None:
    standing.cancel()
    begin_retrying(standing)
    standing.cancel()

    assert go_on_retrying(standing) == 0
    assert standing.now().state is JobState.CANCELED


def test_a_retried_export_takes_each_photo_back_when_its_turn_comes(standing: Standing) -> None:
    standing.job = export_all(standing)
    standing.cancel()
    live = "SELECT count(*), count(DISTINCT photo_id) FROM item WHERE state IN ('queued', 'running')"
    begin_retrying(standing)

    queued = [tuple(standing.database._connection.execute(live).fetchone())]
    while go_on_retrying(standing):
        queued.append(tuple(standing.database._connection.execute(live).fetchone()))

    # Killed at any of these points, every photo is still queued once.
    assert queued == [(5, 5)] * 3
    assert names_claimed(standing, 6) == list(NAMES)


async def backfill(store: Store, count: int) -> JobId:
    await store.add_session(Path("/s"), name="s", session_id=SESSION, now_usec=NOW)
    found = [arrival(f"{number}.NEF") for number in range(count)]
    job = NewJob(JobKind.BACKFILL, SESSION, "found", CorrelationId("b"))
    job_id = await store.arrive_many(found, job=job, recipe="jpg", now_usec=NOW)
    assert job_id is not None
    return job_id


class Ear:
    """Hears what the store tells, and when a job is first told of in one of these states."""

    def __init__(self, states: Sequence[JobState]) -> None:
        self.heard: list[Happening] = []
        self.begun = anyio.Event()
        self._states = states

    def hear(self, happening: Happening) -> None:
        """Take in what happened."""
        self.heard.append(happening)
        if happening.job is not None and happening.job.state in self._states:
            self.begun.set()

    def when(self, fits: Callable[[Happening], bool]) -> list[int]:
        """Return the numbers of what happened that fits."""
        return [number for number, happening in enumerate(self.heard) if fits(happening)]


@pytest.mark.anyio
async def test_others_write_while_very_many_items_are_canceled(tmp_path: Path) -> None:
    ear = Ear([JobState.CANCELING])
    async with open_store(tmp_path / "queue.db", ear.hear) as store:
        job_id, desk = await backfill(store, MANY), JobDesk(store.front)

        async def cancel() -> None:
            await desk.cancel([job_id], failure=CANCELED, reason="r", now_usec=NOW)
            await desk.finish_canceling(now_usec=NOW)

        with anyio.fail_after(60):
            async with anyio.create_task_group() as group:
                group.start_soon(cancel)
                await ear.begun.wait()
                await store.arrive(arrival("new.NEF"), kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW)

        totals = await store.totals.get()
    [arrived] = ear.when(lambda each: each.kind == "job.created" and each.job_id != job_id)
    [canceled] = ear.when(lambda each: each.kind == "job.canceled")
    assert arrived < canceled
    assert (totals.counts.queued, totals.counts.canceled) == (1, MANY)


@pytest.mark.anyio
async def test_others_write_while_very_many_items_are_retried(tmp_path: Path) -> None:
    ear = Ear([JobState.QUEUED])
    async with open_store(tmp_path / "queue.db", ear.hear) as store:
        job_id, desk = await backfill(store, MANY), JobDesk(store.front)
        await desk.cancel([job_id], failure=CANCELED, reason="r", now_usec=NOW)
        await desk.finish_canceling(now_usec=NOW)
        ear.begun = anyio.Event()
        counts: list[int] = []

        async def retry() -> None:
            _, count = await desk.retry([job_id], include_canceled=True, now_usec=NOW)
            counts.append(count)

        with anyio.fail_after(60):
            async with anyio.create_task_group() as group:
                group.start_soon(retry)
                await ear.begun.wait()
                await store.arrive(arrival("new.NEF"), kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW)

        totals = await store.totals.get()
    [arrived] = ear.when(lambda each: each.kind == "job.created" and each.job_id != job_id)
    assert arrived < ear.when(lambda each: each.kind == "job.updated" and each.job_id == job_id)[-1]
    assert counts == [MANY]
    assert totals.counts.queued == MANY + 1
