"""History is bounded by age and by count, and with it the file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from darkroom.errors import NoSuchJob
from darkroom.protocol.types import Failure, ItemState
from darkroomd.core.model import (
    Arrival,
    CorrelationId,
    Happening,
    Job,
    JobId,
    JobKind,
    Session,
    SessionId,
)
from darkroomd.core.story import LogLine
from darkroomd.sections import HistorySection
from darkroomd.services.housekeeping import DAY_USEC, Housekeeping
from darkroomd.store import pruning
from darkroomd.store.arrivals import NewJob
from darkroomd.store.database import Database
from darkroomd.store.history import History
from darkroomd.store.pruning import Pruned, Pruning
from darkroomd.store.queue import Ending
from darkroomd.store.store import Store, open_store
from make import make_arrival

pytestmark = pytest.mark.anyio

NOW = 1_700_000_000_000_000
FAILURE = Failure(code="raw.truncated", message="It is cut off.", transient=False, context={})


@pytest.fixture
def told() -> list[Happening]:
    return []


@pytest.fixture
async def store(tmp_path: Path, told: list[Happening]) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "queue.db", told.append) as store:
        yield store


@pytest.fixture
async def session(store: Store) -> Session:
    return await store.add_session(Path("/s"), name="s", session_id=SessionId("s-1"), now_usec=NOW)


def arrival(session: Session, number: int, *, at_usec: int) -> Arrival:
    return make_arrival(
        f"{number}.NEF", session_id=session.id, inode=number, correlation_id=f"c{number}", at_usec=at_usec
    )


async def queue_up(store: Store, session: Session, count: int, *, at_usec: int = NOW) -> JobId:
    job = NewJob(JobKind.BACKFILL, session.id, "found", CorrelationId("b"))
    found = [arrival(session, number, at_usec=at_usec) for number in range(count)]
    job_id = await store.arrive_many(found, job=job, recipe="jpg", now_usec=at_usec)
    assert job_id is not None
    return job_id


async def work_off(store: Store, *, at_usec: int = NOW) -> None:
    """Have all that is queued fail, with three lines in the log of each."""
    while (claim := await store.claim(boot="b", now_usec=at_usec)) is not None:
        line = LogLine(
            at_usec=at_usec,
            level=20,
            event="item_failed",
            correlation_id=claim.item.correlation_id,
            job_id=claim.job.id,
            item_id=claim.item.id,
            fields={"words": "x" * 300},
        )
        ending = Ending(ItemState.FAILED, failure=FAILURE, lines=(line,) * 3)
        await store.end(claim.item, ending, fence=claim.fence, now_usec=at_usec)


async def do_a_job(store: Store, session: Session, count: int, *, at_usec: int = NOW) -> JobId:
    job_id = await queue_up(store, session, count, at_usec=at_usec)
    await work_off(store, at_usec=at_usec)
    return job_id


async def jobs_of(store: Store) -> list[Job]:
    return list((await store.jobs(None, by_position=False, cursor=None, limit=100)).entries)


async def number_from(store: Store, statement: str) -> int:
    def look(database: Database) -> int:
        return int(database._connection.execute(statement).fetchone()[0])

    return await store.front.read(look)


async def rows_of(store: Store, table: str) -> int:
    return await number_from(store, f"SELECT count(*) FROM {table}")  # noqa: S608 - a literal


async def test_jobs_that_ended_long_ago_are_dropped_and_told_of(
    store: Store, session: Session, told: list[Happening]
) -> None:
    old = await do_a_job(store, session, 3)
    young = await do_a_job(store, session, 2, at_usec=NOW + 10)
    waiting = await queue_up(store, session, 1, at_usec=NOW)

    pruned = await Pruning(store.front).jobs(ended_before_usec=NOW + 5, items=100, now_usec=NOW + 20)

    assert pruned == Pruned(jobs=1, items=3)
    assert [job.id for job in await jobs_of(store)] == [waiting, young]
    assert [fact.job_id for fact in told if fact.kind == "job.removed"] == [old]
    with pytest.raises(NoSuchJob):
        await store.job(old)


@pytest.mark.parametrize(
    ("items", "left"),
    [
        pytest.param(9, [4, 3, 2, 1], id="as-many-as-there-are"),
        pytest.param(8, [4, 3, 2], id="one-too-many-costs-a-job"),
        pytest.param(6, [4, 3, 2], id="exactly-the-others"),
        pytest.param(1, [4], id="what-goes-on-is-never-dropped"),
        pytest.param(0, [4], id="nothing-wanted"),
    ],
)
async def test_of_too_many_items_those_of_the_jobs_that_ended_first_are_dropped(
    store: Store, session: Session, items: int, left: list[int]
) -> None:
    for number in range(3):
        await do_a_job(store, session, 3, at_usec=NOW + number)
    await queue_up(store, session, 1, at_usec=NOW - 1)

    await Pruning(store.front).jobs(ended_before_usec=0, items=items + 1, now_usec=NOW + 20)

    assert [job.id for job in await jobs_of(store)] == left


async def test_a_large_job_goes_a_little_at_a_time_and_counters_stay_true(
    store: Store, session: Session, told: list[Happening], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "ROWS_AT_ONCE", 4)
    large = await do_a_job(store, session, 8)
    await do_a_job(store, session, 2, at_usec=NOW + 1)
    await queue_up(store, session, 3, at_usec=NOW + 2)
    before = await store.totals.get()

    some = await store.front.write(
        lambda database: pruning.prune_jobs(database, ended_before_usec=NOW + 9, wanted=99, now_usec=NOW)
    )
    rest = await Pruning(store.front).jobs(ended_before_usec=NOW + 1, items=100, now_usec=NOW)

    assert some == Pruned(jobs=0, items=4, partly=True)
    assert rest == Pruned(jobs=1, items=4)
    assert [fact.job_id for fact in told if fact.kind == "job.removed"] == [large]
    assert await store.totals.get() == before


async def test_log_lines_facts_and_figures_are_bounded_by_age_and_by_count(
    store: Store, session: Session
) -> None:
    await do_a_job(store, session, 5)
    await do_a_job(store, session, 5, at_usec=NOW + 100)
    keeper = Pruning(store.front)
    newest = (await History(store.front).span())[1]

    by_age = (
        await keeper.log_lines(before_usec=NOW + 50, keep=1000),
        await keeper.samples(before_usec=NOW + 50, keep=1000),
    )
    await keeper.facts(before_usec=NOW + 50, keep=1000)
    oldest_kept = (await History(store.front).facts_after(0, limit=1))[0].at_usec
    await keeper.log_lines(before_usec=0, keep=4)
    await keeper.samples(before_usec=0, keep=2)
    await keeper.facts(before_usec=0, keep=3)

    assert by_age == (15, 5)
    assert oldest_kept == NOW + 100
    assert [await rows_of(store, table) for table in ("log_line", "sample", "journal")] == [4, 2, 3]
    assert await History(store.front).span() == (newest - 2, newest)


async def test_numbers_of_facts_and_log_lines_are_never_given_twice(store: Store, session: Session) -> None:
    await do_a_job(store, session, 2)
    keeper, history = Pruning(store.front), History(store.front)
    newest = (await history.span())[1]

    await keeper.facts(before_usec=NOW + 1, keep=0)
    await keeper.log_lines(before_usec=NOW + 1, keep=0)
    await queue_up(store, session, 1, at_usec=NOW + 2)

    facts = await history.facts_after(newest, limit=9)
    assert [fact.sequence for fact in facts] == list(range(newest + 1, newest + 1 + len(facts)))
    assert await rows_of(store, "log_line") == 1


async def test_statistics_outlive_the_jobs(store: Store, session: Session) -> None:
    await do_a_job(store, session, 3)

    await Housekeeping(
        Pruning(store.front), HistorySection(job_days=1), now_usec=lambda: NOW + 2 * DAY_USEC
    ).tidy()

    assert await jobs_of(store) == []
    assert await rows_of(store, "sample") == 3


async def test_the_file_does_not_grow_however_long_the_daemon_works(store: Store, session: Session) -> None:
    bounds = HistorySection(items=40, log_lines=60, events=100, samples=50)
    today = NOW
    housekeeping = Housekeeping(Pruning(store.front), bounds, now_usec=lambda: today)
    pages: list[int] = []
    for _ in range(14):
        today += DAY_USEC
        await do_a_job(store, session, 12, at_usec=today)
        await housekeeping.tidy()
        pages.append(await number_from(store, "PRAGMA page_count"))

    rows = [await rows_of(store, table) for table in ("item", "log_line", "journal", "sample")]
    assert max(pages[8:]) == max(pages[5:8])
    assert rows == [36, 60, 100, 50]
