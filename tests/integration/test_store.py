from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest

from darkroom.errors import InvalidCursor, NoSuchJob, NoSuchSession
from darkroom.protocol.types import Failure, ItemState, JobState, Priority
from darkroomd.core.model import (
    Arrival,
    CorrelationId,
    Entry,
    Fingerprint,
    Happening,
    Inputs,
    JobId,
    JobKind,
    Output,
    OutputId,
    Page,
    Photo,
    PhotoState,
    Session,
    SessionId,
)
from darkroomd.core.statistics import Grouping
from darkroomd.store.arrivals import NewJob
from darkroomd.store.database import open_database
from darkroomd.store.history import History
from darkroomd.store.queue import Ending
from darkroomd.store.restoring import Restored
from darkroomd.store.store import Store, open_store

pytestmark = pytest.mark.anyio

NOW = 1_700_000_000_000_000
FAILURE = Failure(code="raw.truncated", message="It is cut off.", transient=False, context={"at": 3})


@pytest.fixture
def told() -> list[Happening]:
    return []


@pytest.fixture
async def store(tmp_path: Path, told: list[Happening]) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "queue.db", told.append) as store:
        yield store


@pytest.fixture
async def session(store: Store) -> Session:
    return await store.add_session(
        Path("/photos/wedding"), name="wedding", session_id=SessionId("wedding-1"), now_usec=NOW
    )


def arrival(session: Session, name: str, *, inode: int = 1) -> Arrival:
    return Arrival(
        session_id=session.id,
        name=name,
        fingerprint=Fingerprint(device=2**63, inode=2**64 - inode, size_bytes=9, mtime_ns=5, ctime_ns=6),
        look="look-1",
        preset_id="neutral",
        unsupported=("clarity",),
        warnings=(),
        correlation_id=CorrelationId(f"c-{name.encode('utf-8', 'replace').decode()}-{inode}"),
        arrived_at_usec=NOW,
    )


def output_of(photo: Photo) -> Output:
    return Output(
        id=OutputId(f"o-{photo.id}"),
        photo_id=photo.id,
        recipe="jpg",
        path=Path("/photos/wedding/Jpg") / (photo.name + ".jpg"),
        media_type="image/jpeg",
        size_bytes=100,
        mtime_ns=7,
        sha256="ab",
        inputs=Inputs(raw=photo.fingerprint, raw_sha256="cd", look=photo.look, recipe="r", pipeline="p"),
        created_at_usec=NOW,
    )


async def every_page(page_at: Callable[[str | None], Awaitable[Page[Entry]]]) -> list[Entry]:
    page = await page_at(None)
    entries = list(page.entries)
    while page.next_cursor is not None:
        page = await page_at(page.next_cursor)
        entries += page.entries
    return entries


def backfill_of(session: Session) -> NewJob:
    return NewJob(JobKind.BACKFILL, session.id, "found", CorrelationId("b"))


async def test_a_photo_that_arrives_has_one_job_with_one_item(store: Store, session: Session) -> None:
    queued = await store.arrive(arrival(session, "A.NEF"), kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW)

    job = await store.job(queued.job_id)
    items = await store.items(job.id, states=None, cursor=None, limit=10)
    assert (job.kind, job.state, job.priority, job.position) == ("develop", "queued", Priority.NORMAL, 0)
    assert [(item.state, item.attempt, item.photo_id) for item in items.entries] == [
        (ItemState.QUEUED, 0, queued.photo_id)
    ]


async def test_a_photo_that_arrives_again_while_it_waits_is_queued_once(
    store: Store, session: Session
) -> None:
    first = await store.arrive(arrival(session, "A.NEF"), kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW)

    second = await store.arrive(
        arrival(session, "A.NEF", inode=2), kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW
    )

    photo = await store.photo(first.photo_id)
    assert second == first
    assert photo.fingerprint.inode == 2**64 - 2
    assert (await store.totals.get()).counts.queued == 1


async def test_a_name_that_is_not_utf8_comes_back_as_it_was(store: Store, session: Session) -> None:
    queued = await store.arrive(
        arrival(session, "\udcff\n.NEF"), kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW
    )

    photo = await store.photo(queued.photo_id)
    assert photo.name == "\udcff\n.NEF"
    assert photo.raw == Path("/photos/wedding/Raw/\udcff\n.NEF")


async def test_new_photos_run_before_a_backfill_and_each_in_its_order(store: Store, session: Session) -> None:
    found = [arrival(session, "old1.NEF"), arrival(session, "old2.NEF")]
    await store.arrive_many(found, job=backfill_of(session), recipe="jpg", now_usec=NOW)
    for name in ("new1.NEF", "new2.NEF"):
        await store.arrive(arrival(session, name), kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW)

    order = [await store.claim(boot="b", now_usec=NOW) for _ in range(4)]

    assert [claim and claim.photo.name for claim in order] == ["new1.NEF", "new2.NEF", "old1.NEF", "old2.NEF"]
    assert await store.claim(boot="b", now_usec=NOW) is None


async def test_a_claim_counts_the_attempt_and_takes_a_new_fence(store: Store, session: Session) -> None:
    await store.arrive(arrival(session, "A.NEF"), kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW)
    first = await store.claim(boot="b", now_usec=NOW)
    assert first is not None
    await store.put_back(
        first.item, fence=first.fence, failure=FAILURE, retry_at_usec=NOW + 5, refund=False, now_usec=NOW
    )

    too_early = await store.claim(boot="b", now_usec=NOW + 4)
    second = await store.claim(boot="b", now_usec=NOW + 5)

    assert too_early is None
    assert second is not None
    assert (second.item.attempt, second.photo.attempts) == (2, 2)
    assert second.fence > first.fence


async def test_a_late_result_of_an_old_claim_changes_nothing(store: Store, session: Session) -> None:
    await store.arrive(arrival(session, "A.NEF"), kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW)
    late = await store.claim(boot="b", now_usec=NOW)
    assert late is not None
    await store.put_back(
        late.item, fence=late.fence, failure=None, retry_at_usec=None, refund=True, now_usec=NOW
    )
    await store.claim(boot="b", now_usec=NOW)

    ending = Ending(ItemState.COMPLETED, output=output_of(late.photo))
    recorded = await store.end(late.item, ending, fence=late.fence, now_usec=NOW)

    assert recorded is False
    assert (await store.photo(late.photo.id)).state is PhotoState.DEVELOPING
    assert await store.record_intent(late.item, fence=late.fence, intent="{}") is False


async def test_a_photo_waited_from_its_arrival_and_is_waited_for_once(store: Store, session: Session) -> None:
    a_day, waited = 86_400_000_000, 5_000_000
    for at, kind in ((NOW, JobKind.DEVELOP), (NOW + a_day, JobKind.BACKFILL)):
        looked_at = replace(arrival(session, "A.NEF"), arrived_at_usec=at)
        await store.arrive(looked_at, kind=kind, recipe="jpg", now_usec=at)
        claim = await store.claim(boot="b", now_usec=at)
        assert claim is not None
        ending = Ending(ItemState.COMPLETED, output=output_of(claim.photo), pixels=24_000_000)
        await store.end(claim.item, ending, fence=claim.fence, now_usec=at + waited)

    [figures] = await History(store.front).statistics(
        since_usec=0, until_usec=NOW + 2 * a_day, by=Grouping.SESSION, zone=UTC
    )

    assert (figures.photos, figures.median_usec, figures.p95_usec) == (2, waited, waited)
    assert (await store.photo(claim.photo.id)).arrived_at_usec == NOW
    assert claim.job.progress.sized_pixels == 24_000_000


async def test_a_job_waits_again_as_long_as_its_only_photo_does(store: Store, session: Session) -> None:
    queued = await store.arrive(arrival(session, "A.NEF"), kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW)
    claim = await store.claim(boot="b", now_usec=NOW)
    assert claim is not None
    at_work = (await store.job(queued.job_id)).state

    later = NOW + 1_000_000
    await store.put_back(
        claim.item, fence=claim.fence, failure=FAILURE, retry_at_usec=later, refund=False, now_usec=NOW
    )

    job = await store.job(queued.job_id)
    assert (at_work, job.state, job.position) == (JobState.RUNNING, JobState.QUEUED, 0)


async def test_an_item_put_back_with_refund_has_burnt_no_attempt(store: Store, session: Session) -> None:
    queued = await store.arrive(arrival(session, "A.NEF"), kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW)
    claim = await store.claim(boot="b", now_usec=NOW)
    assert claim is not None

    await store.put_back(
        claim.item, fence=claim.fence, failure=None, retry_at_usec=None, refund=True, now_usec=NOW
    )

    items = await store.items(queued.job_id, states=None, cursor=None, limit=1)
    photo = await store.photo(queued.photo_id)
    assert (items.entries[0].attempt, photo.attempts, photo.state) == (0, 0, PhotoState.WAITING)


async def test_a_developed_photo_has_its_output_and_its_job_is_completed(
    store: Store, session: Session, told: list[Happening]
) -> None:
    await store.arrive(arrival(session, "A.NEF"), kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW)
    claim = await store.claim(boot="b", now_usec=NOW)
    assert claim is not None
    told.clear()

    ending = Ending(
        ItemState.COMPLETED,
        output=output_of(claim.photo),
        captured_at_usec=3,
        zone_minutes=-90,
        camera="X",
    )
    await store.end(claim.item, ending, fence=claim.fence, now_usec=NOW + 1)

    photo = await store.photo(claim.photo.id)
    job = await store.job(claim.job.id)
    assert (photo.state, photo.camera) == (PhotoState.DEVELOPED, "X")
    assert (photo.captured_at_usec, photo.zone_minutes) == (3, -90)
    assert photo.outputs == (output_of(claim.photo),)
    assert (job.state, job.ended_at_usec, job.progress.completed) == (JobState.COMPLETED, NOW + 1, 1)
    assert [fact.kind for fact in told] == [
        "item.updated",
        "job.completed",
        "photo.changed",
        "session.changed",
    ]
    assert (await store.session(session.id)).counts.developed == 1


async def test_a_photo_replaced_while_its_output_was_published_is_outdated(
    store: Store, session: Session
) -> None:
    await store.arrive(arrival(session, "A.NEF"), kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW)
    claim = await store.claim(boot="b", now_usec=NOW)
    assert claim is not None
    await store.arrive(arrival(session, "A.NEF", inode=2), kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW)

    ending = Ending(ItemState.COMPLETED, output=output_of(claim.photo))
    await store.end(claim.item, ending, fence=claim.fence, now_usec=NOW)

    again = await store.claim(boot="b", now_usec=NOW)
    assert again is not None
    assert again.photo.fingerprint.inode == 2**64 - 2


async def test_a_failed_photo_shows_its_failure_everywhere(store: Store, session: Session) -> None:
    await store.arrive(arrival(session, "A.NEF"), kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW)
    claim = await store.claim(boot="b", now_usec=NOW)
    assert claim is not None

    await store.end(claim.item, Ending(ItemState.FAILED, failure=FAILURE), fence=claim.fence, now_usec=NOW)

    photo = await store.photo(claim.photo.id)
    job = await store.job(claim.job.id)
    items = await store.items(claim.job.id, states=(ItemState.FAILED,), cursor=None, limit=9)
    assert (photo.state, photo.failure) == (PhotoState.FAILED, FAILURE)
    assert (job.state, job.failure) == (JobState.FAILED, FAILURE)
    assert [item.failure for item in items.entries] == [FAILURE]
    assert (await store.totals.get()).counts.failed == 1


async def test_a_missing_photo_leaves_the_queue_and_keeps_its_output(store: Store, session: Session) -> None:
    queued = await store.arrive(arrival(session, "A.NEF"), kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW)

    await store.mark_missing(queued.photo_id, recipe="jpg", failure=FAILURE, now_usec=NOW)

    assert (await store.photo(queued.photo_id)).state is PhotoState.MISSING
    assert (await store.job(queued.job_id)).state is JobState.CANCELED
    assert await store.claim(boot="b", now_usec=NOW) is None


async def test_an_adopted_photo_is_developed_without_a_job(store: Store, session: Session) -> None:
    queued = await store.arrive(arrival(session, "B.NEF"), kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW)
    known = replace(await store.photo(queued.photo_id), id=queued.photo_id)

    adopted = Restored(arrival(session, "B.NEF"), PhotoState.DEVELOPED, (output_of(known),))
    await store.restore(session.id, [adopted], now_usec=NOW)

    assert (await store.photo(queued.photo_id)).state is PhotoState.DEVELOPED


async def test_a_backfill_of_photos_that_are_all_queued_makes_no_job(store: Store, session: Session) -> None:
    await store.arrive(arrival(session, "A.NEF"), kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW)

    job_id = await store.arrive_many(
        [arrival(session, "A.NEF")], job=backfill_of(session), recipe="jpg", now_usec=NOW
    )

    assert job_id is None


async def test_what_was_running_is_found_by_the_next_daemon(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    async with open_store(path, lambda _: None) as store:
        session = await store.add_session(Path("/s"), name="s", session_id=SessionId("s-1"), now_usec=NOW)
        await store.arrive(arrival(session, "A.NEF"), kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW)
        claim = await store.claim(boot="first", now_usec=NOW)
        assert claim is not None
        await store.record_intent(claim.item, fence=claim.fence, intent='{"x":1}')

    async with open_store(path, lambda _: None) as store:
        left = await store.left_running()

    assert [(item.id, item.fence, intent) for item, intent in left] == [
        (claim.item.id, claim.fence, '{"x":1}')
    ]


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_pages_follow_each_other_without_gap_or_overlap(
    store: Store, session: Session, limit: int
) -> None:
    names = [f"{number}.NEF" for number in range(5)]
    for name in names:
        await store.arrive(arrival(session, name), kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW)

    photos = await every_page(
        lambda cursor: store.photos(
            session.id, states=["waiting"], discarded=False, cursor=cursor, limit=limit
        )
    )
    newest_first = await every_page(
        lambda cursor: store.jobs(None, by_position=False, cursor=cursor, limit=limit)
    )
    waiting = await every_page(lambda cursor: store.jobs(None, by_position=True, cursor=cursor, limit=limit))

    assert [photo.name for photo in photos] == names
    assert [job.position for job in waiting] == [0, 1, 2, 3, 4]
    assert newest_first == waiting[::-1]


@pytest.mark.parametrize("cursor", ["x", "-1", "1.2.3", "9" * 30, "٣"])
async def test_a_cursor_that_was_never_given_is_refused(store: Store, session: Session, cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        await store.photos(session.id, states=None, discarded=None, cursor=cursor, limit=1)
    with pytest.raises(InvalidCursor):
        await store.jobs(None, by_position=True, cursor=cursor, limit=1)


async def test_what_is_not_there_is_said_so(store: Store) -> None:
    with pytest.raises(NoSuchSession):
        await store.session(SessionId("no"))
    with pytest.raises(NoSuchJob):
        await store.items(JobId(5), states=None, cursor=None, limit=1)


async def test_a_session_is_known_by_its_folder(store: Store, session: Session) -> None:
    again = await store.add_session(
        session.folder, name="other", session_id=SessionId("other"), now_usec=NOW + 1
    )

    assert again == session


def test_the_database_is_safe_against_a_power_cut(tmp_path: Path) -> None:
    database = open_database(tmp_path / "queue.db")

    found = {
        name: database._connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "foreign_keys")
    }
    database.close()

    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
