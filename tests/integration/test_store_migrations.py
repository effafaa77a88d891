"""A database of every earlier darkroomd is taken over with all that is in it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from darkroom.protocol.types import ItemState, JobState
from darkroomd.core.gate import Pause
from darkroomd.core.model import JobId, SessionId
from darkroomd.core.state_faults import UpgradeRefused
from darkroomd.core.story import LogLine
from darkroomd.store.database import open_database
from darkroomd.store.history import History
from darkroomd.store.statements import load_migrations
from darkroomd.store.store import Store, open_store
from former import FAILURE, INTENT, make_database, rows_of, schema_of, version_of

pytestmark = pytest.mark.anyio

NEWEST = len(load_migrations())
NOW = 1_800_000_000_000_000


def is_within(old: dict[str, object], new: list[dict[str, object]]) -> bool:
    return any(old.items() <= row.items() for row in new)


@pytest.fixture(params=range(1, NEWEST + 1))
def path(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    path = tmp_path / "queue.db"
    make_database(path, request.param)
    return path


def test_no_row_and_no_value_is_lost(path: Path) -> None:
    before = rows_of(path)

    open_database(path).close()

    after = rows_of(path)
    lost = [(name, row) for name, rows in before.items() for row in rows if not is_within(row, after[name])]
    assert lost == []


def test_the_schema_is_that_of_a_new_database(path: Path, tmp_path: Path) -> None:
    open_database(tmp_path / "new.db").close()

    open_database(path).close()

    assert schema_of(path) == schema_of(tmp_path / "new.db")


def test_a_database_is_kept_as_it_was_before_it_is_migrated(path: Path) -> None:
    before, schema, version = rows_of(path), schema_of(path), version_of(path)

    open_database(path).close()

    kept = [file for file in path.parent.iterdir() if file.name.startswith("queue.db.before")]
    assert [file.name for file in kept] == ([f"queue.db.before-{NEWEST}"] if version < NEWEST else [])
    assert [(rows_of(file), schema_of(file), version_of(file)) for file in kept] == [
        (before, schema, version) for _ in kept
    ]


def test_what_was_kept_is_kept_anew_when_a_database_is_migrated_once_more(tmp_path: Path) -> None:
    path, kept = tmp_path / "queue.db", tmp_path / f"queue.db.before-{NEWEST}"
    make_database(path, 1)
    open_database(path).close()
    # Back to the older darkroomd, and to the newer one again.
    kept.rename(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("UPDATE session SET name = 'another' WHERE id = 'one'")

    open_database(path).close()

    assert "another" in {row["name"] for row in rows_of(kept)["session"]}


def test_only_the_last_few_are_kept(tmp_path: Path) -> None:
    for former in (5, 7, 9, 11):
        (tmp_path / f"queue.db.before-{former}").write_bytes(b"an older one")
    make_database(tmp_path / "queue.db", 1)

    open_database(tmp_path / "queue.db").close()

    kept = {file.name for file in tmp_path.glob("*.before-*")}
    assert kept == {f"queue.db.before-{schema}" for schema in (9, 11, NEWEST)}


def test_a_database_that_cannot_be_kept_is_not_migrated(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    make_database(path, 3)
    before, schema = rows_of(path), schema_of(path)
    (tmp_path / f"queue.db.before-{NEWEST}").mkdir()

    with pytest.raises(UpgradeRefused, match="Free some space"):
        open_database(path)

    assert (rows_of(path), schema_of(path), version_of(path)) == (before, schema, 3)


def test_a_database_is_migrated_once(path: Path) -> None:
    open_database(path).close()
    once = rows_of(path)

    open_database(path).close()

    assert rows_of(path) == once


def test_counters_say_what_a_recount_says(path: Path) -> None:
    open_database(path).close()

    rows = rows_of(path)
    states = [state.value for state in ItemState]
    items = {
        job["id"]: [item["state"] for item in rows["item"] if item["job_id"] == job["id"]]
        for job in rows["job"]
    }
    live = [item for job in rows["job"] if job["ended_at_usec"] is None for item in items[job["id"]]]
    [tally] = rows["tally"]
    for job in rows["job"]:
        assert {state: job[state] for state in states} == {
            state: items[job["id"]].count(state) for state in states
        }
    assert {state: tally[state] for state in states} == {state: live.count(state) for state in states}
    sized = [row["pixels"] for row in rows["item"] if row["pixels"] and row["state"] in {"queued", "running"}]
    assert (tally["sized"], tally["sized_pixels"]) == (len(sized), sum(sized))


async def test_photos_that_were_canceled_are_no_longer_counted_as_failed(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    make_database(path, 8)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        failure = FAILURE.replace("raw.truncated", "canceled")
        database.execute(
            "UPDATE photo SET state = 'failed', failure = ?, revision = revision + 1 WHERE id = 'p7'",
            [failure],
        )

    async with open_store(path, lambda _: None) as store:
        counts = (await store.session(SessionId("two"))).counts
        total = (await store.totals.get()).counts

    assert (counts.failed, counts.canceled) == (1, 1)
    assert (total.failed, total.canceled) == (1, 1)


async def every_claim(store: Store) -> list[int]:
    claims = []
    while (claim := await store.claim(boot="new", now_usec=NOW)) is not None:
        claims.append(claim.item.id)
        await store.put_back(
            claim.item, fence=claim.fence, failure=None, retry_at_usec=NOW + 1, refund=True, now_usec=NOW
        )
    return claims


async def test_the_queue_goes_on_in_its_order_with_higher_fences(path: Path) -> None:
    async with open_store(path, lambda _: None) as store:
        left = await store.left_running()
        first = await store.claim(boot="new", now_usec=NOW)
        assert first is not None
        await store.put_back(
            first.item, fence=first.fence, failure=None, retry_at_usec=None, refund=True, now_usec=NOW
        )
        order = await every_claim(store)

    assert [(item.id, item.fence, intent) for item, intent in left] == [(6, 7, INTENT)]
    assert first.fence == 8
    assert [item for item in order if item <= 12] == [12, 8, 5, 7]
    assert 20 not in order


async def test_jobs_photos_and_sessions_are_shown_as_before(path: Path) -> None:
    async with open_store(path, lambda _: None) as store:
        jobs = (await store.jobs(None, by_position=False, cursor=None, limit=100)).entries
        sessions = (await store.sessions(cursor=None, limit=100)).entries
        photos = {
            photo.id: photo
            for session in sessions
            for photo in (await store.known_photos(session.id)).values()
        }
        backfill = await store.job(JobId(4))

    assert {job.id: job.state for job in jobs if job.id <= 9} == {
        9: JobState.COMPLETED,
        6: JobState.QUEUED,
        5: JobState.QUEUED,
        4: JobState.RUNNING,
        3: JobState.CANCELED,
        2: JobState.FAILED,
        1: JobState.COMPLETED,
    }
    assert (backfill.progress.total, backfill.progress.skipped, backfill.progress.running) == (4, 1, 1)
    assert {photo.state for photo in photos.values()} >= {"developed", "outdated", "failed", "missing"}
    assert [output.id for output in photos["p1"].outputs] == ["o1"]
    assert photos["p2"].name == "\udcff.NEF"
    assert [
        (one.id, one.counts.photos, one.counts.failed) for one in sessions if one.id != SessionId("none")
    ] == [
        ("one", 4, 0),
        ("two", 4, 1),
    ]


@pytest.mark.parametrize("version", range(2, NEWEST + 1))
async def test_pauses_facts_figures_and_log_lines_are_known_as_before(tmp_path: Path, version: int) -> None:
    make_database(tmp_path / "queue.db", version)

    async with open_store(tmp_path / "queue.db", lambda _: None) as store:
        history = History(store.front)
        pause = await history.pause()
        identity = await history.identity(otherwise="another")
        span = await history.span()
        samples = await history.newest_samples(9)
        lines = await history.log_lines(
            correlation_id=None, job_id=JobId(1), item_id=None, level=0, cursor=None, limit=9
        )
        held = await store.job(JobId(20))

    assert pause == Pause(reason="lunch", until_usec=None)
    assert (identity, span) == ("1234", (11, 12))
    assert [(sample.session, sample.camera, sample.ended_at_usec) for sample in samples] == [
        ("one", "Nikon Z 6", 50)
    ]
    assert lines.entries == (
        LogLine(
            at_usec=50,
            level=20,
            event="item_developed",
            correlation_id="c1",
            job_id=1,
            item_id=1,
            fields={"seconds": 1},
        ),
    )
    assert held.state is JobState.PAUSED


def test_migrations_are_numbered_without_a_gap() -> None:
    folder = Path(__file__).parents[2] / "daemon" / "darkroomd" / "store" / "migrations"

    numbers = [int(file.name[:4]) for file in sorted(folder.glob("*.sql"))]

    assert numbers == list(range(1, NEWEST + 1))
