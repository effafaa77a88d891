"""Lists of jobs: each filter takes its own way, and all find what a look at every job would."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from darkroom.protocol.types import Failure, ItemState, JobFilter, JobState
from darkroomd.core.model import (
    Arrival,
    CorrelationId,
    Inputs,
    Job,
    JobKind,
    Output,
    OutputId,
    Photo,
    SessionId,
)
from darkroomd.services.session_records import SessionRecords
from darkroomd.store.arrivals import NewJob
from darkroomd.store.desk import JobDesk
from darkroomd.store.queue import Ending
from darkroomd.store.store import Store, open_store
from make import make_arrival

pytestmark = pytest.mark.anyio

FAILURE = Failure(code="raw.truncated", message="It is cut off.", transient=False, context={})
A, B = SessionId("a"), SessionId("b")


def arrival(session: SessionId, name: str) -> Arrival:
    return make_arrival(name, session_id=session)


def output_of(photo: Photo) -> Output:
    return Output(
        id=OutputId("o"),
        photo_id=photo.id,
        recipe="jpg",
        path=Path("/photos/Jpg/0.jpg"),
        media_type="image/jpeg",
        size_bytes=1,
        mtime_ns=1,
        sha256="ab",
        inputs=Inputs(raw=photo.fingerprint, raw_sha256="cd", look=photo.look, recipe="r", pipeline="p"),
        created_at_usec=30,
    )


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """Two sessions with jobs in every state that a list can ask for, except those that pass at once."""
    async with open_store(tmp_path / "queue.db", lambda _: None) as store:
        for session in (A, B):
            await store.add_session(tmp_path / session, name=session, session_id=session, now_usec=1)
            for number in range(6):
                await store.arrive(
                    arrival(session, f"{number}.NEF"), kind=JobKind.DEVELOP, recipe="jpg", now_usec=number
                )
        found = [arrival(B, f"found-{number}.NEF") for number in range(3)]
        job = NewJob(JobKind.BACKFILL, B, "found", CorrelationId("b"))
        backfill = await store.arrive_many(found, job=job, recipe="jpg", now_usec=9)
        claim = await store.claim(boot="b", now_usec=20)
        assert claim is not None
        done = Ending(ItemState.COMPLETED, output=output_of(claim.photo))
        await store.end(claim.item, done, fence=claim.fence, now_usec=30)
        for state in (ItemState.FAILED, ItemState.CANCELED):
            claim = await store.claim(boot="b", now_usec=20)
            assert claim is not None
            await store.end(claim.item, Ending(state, failure=FAILURE), fence=claim.fence, now_usec=30)
        await store.claim(boot="b", now_usec=40)
        assert backfill is not None
        await JobDesk(store.front).pause([backfill], paused=True, now_usec=50)
        yield store


async def jobs_of(store: Store, job_filter: JobFilter | None, *, limit: int = 1000) -> list[Job]:
    found: list[Job] = []
    cursor = None
    while True:
        page = await store.jobs(job_filter, by_position=False, cursor=cursor, limit=limit)
        found += page.entries
        cursor = page.next_cursor
        if cursor is None:
            return found


@pytest.mark.parametrize("state", JobState)
async def test_a_state_finds_the_jobs_that_are_in_it(store: Store, state: JobState) -> None:
    everything = await jobs_of(store, None)

    found = await jobs_of(store, JobFilter(states=(state,)))

    assert found == [job for job in everything if job.state is state]


@pytest.mark.parametrize(
    ("job_filter", "count"),
    [
        pytest.param(JobFilter(states=(JobState.FAILED, JobState.RUNNING)), 2, id="two-states"),
        pytest.param(JobFilter(states=tuple(JobState)), 13, id="all-states"),
        pytest.param(JobFilter(states=()), 0, id="no-state"),
        pytest.param(JobFilter(kinds=("backfill", "export")), 1, id="kinds"),
        pytest.param(JobFilter(kinds=("develop",)), 12, id="the-usual-kind"),
        pytest.param(JobFilter(session_ids=("a",)), 6, id="session"),
        pytest.param(JobFilter(session_ids=("a", "b", "a")), 13, id="sessions"),
        pytest.param(JobFilter(session_ids=("b",), kinds=("backfill",)), 1, id="session-and-kind"),
        pytest.param(JobFilter(session_ids=("a",), states=(JobState.COMPLETED,)), 1, id="session-and-state"),
        pytest.param(JobFilter(creators=("kiosk",)), 0, id="creator"),
        pytest.param(JobFilter(creator_uid=1000), 0, id="user"),
        pytest.param(JobFilter(created_after_usec=3, created_before_usec=5), 4, id="time"),
    ],
)
@pytest.mark.parametrize("limit", [2, 1000])
async def test_a_filter_finds_its_jobs_newest_first_on_pages_of_any_size(
    store: Store, job_filter: JobFilter, count: int, limit: int
) -> None:
    found = [job.id for job in await jobs_of(store, job_filter, limit=limit)]

    assert len(found) == count
    assert found == sorted(set(found), reverse=True)


async def test_places_in_the_queue_are_the_same_in_every_list(store: Store) -> None:
    newest = {job.id: job.position for job in await jobs_of(store, None)}
    page = await store.jobs(None, by_position=True, cursor=None, limit=1000)
    single = {job.id: (await store.job(job.id)).position for job in page.entries}

    assert [job.position for job in page.entries] == list(range(len(page.entries)))
    assert single == {job.id: job.position for job in page.entries}
    assert {number: place for number, place in newest.items() if place is not None} == single


async def test_a_page_by_position_goes_on_counting(store: Store) -> None:
    first = await store.jobs(None, by_position=True, cursor=None, limit=3)

    second = await store.jobs(None, by_position=True, cursor=first.next_cursor, limit=3)

    assert [job.position for job in second.entries] == [3, 4, 5]


@pytest.mark.parametrize("state", [ItemState.FAILED, ItemState.CANCELED])
async def test_items_that_stand_apart_are_found(store: Store, state: ItemState) -> None:
    jobs = await jobs_of(store, JobFilter(session_ids=("a", "b")))

    found = [
        item
        for job in jobs
        for item in (await store.items(job.id, states=(state,), cursor=None, limit=10)).entries
    ]

    assert [item.state for item in found] == [state]


async def test_photos_that_stand_apart_are_found(store: Store) -> None:
    every = [
        photo
        for session in (A, B)
        for photo in (await store.photos(session, states=None, discarded=None, cursor=None, limit=99)).entries
    ]

    apart = [
        photo
        for session in (A, B)
        for photo in (
            await store.photos(
                session, states=("failed", "developing"), discarded=None, cursor=None, limit=99
            )
        ).entries
    ]

    assert apart == [photo for photo in every if photo.state in {"failed", "developing"}]
    assert len(apart) == 3


async def test_the_last_state_of_a_session_is_written_in_the_end(store: Store, tmp_path: Path) -> None:
    (tmp_path / "a" / "Raw").mkdir(parents=True)
    records = SessionRecords(store)
    records.mark(A)
    await records.flush()
    await store.arrive(arrival(A, "late.NEF"), kind=JobKind.DEVELOP, recipe="jpg", now_usec=60)
    records.mark(A)

    with anyio.fail_after(10):
        await records.flush()

    assert "late.NEF" in (tmp_path / "a" / "boothy.session.json").read_text()
