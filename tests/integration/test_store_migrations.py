"""A database of every earlier darkroomd is taken over with all that is in it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from darkroom.protocol.types import ItemState, JobState
from darkroomd.core.gate import Pause
from darkroomd.core.model import JobId, SessionId
from darkroomd.core.story import LogLine
from darkroomd.store.database import open_database
from darkroomd.store.history import History
from darkroomd.store.statements import load_migrations
from darkroomd.store.store import Store, open_store

pytestmark = pytest.mark.anyio

NEWEST = len(load_migrations())
NOW = 1_800_000_000_000_000

FAILURE = '{"code":"raw.truncated","message":"It is cut off.","transient":false,"context":{"at":3}}'
INTENT = '{"x":1}'

DATA = {
    1: f"""
UPDATE counter SET value = 7 WHERE name = 'fence';

INSERT INTO session (id, folder, name, preset_id, created_at_usec, changed_at_usec) VALUES
    ('one', CAST('/p/one' AS BLOB), 'one', 'neutral', 1, 1),
    ('two', X'2F70FF0A', 'p?', NULL, 2, 2),
    ('none', CAST('/p/none' AS BLOB), 'none', NULL, 3, 3);

INSERT INTO photo (
    seq, id, session_id, name, fingerprint, look, preset_id, state, discarded_by, captured_at_usec,
    corrected_at_usec, unsupported, warnings, camera, attempts, last_attempt_at_usec, failure,
    correlation_id, arrived_at_usec, changed_at_usec
) VALUES
    (1, 'p1', 'one', CAST('1.NEF' AS BLOB), '18446744073709551615:1:9:5:6', 'l', 'neutral', 'developed',
     'user', 5, 6, '["clarity"]', '["odd"]', 'Nikon Z 6', 1, 9, NULL, 'c1', 10, 11),
    (2, 'p2', 'one', X'FF2E4E4546', '1:2:9:5:6', 'l', NULL, 'waiting', NULL, NULL, NULL, '[]', '[]', '', 0,
     NULL, NULL, 'c2', 10, 11),
    (3, 'p3', 'one', CAST('3.NEF' AS BLOB), '1:3:9:5:6', 'l', NULL, 'developing', NULL, NULL, NULL, '[]',
     '[]', '', 1, 9, NULL, 'c3', 10, 11),
    (4, 'p4', 'one', CAST('4.NEF' AS BLOB), '1:4:9:5:6', 'l', NULL, 'outdated', NULL, NULL, NULL, '[]',
     '[]', '', 1, 9, NULL, 'c4', 10, 11),
    (5, 'p5', 'two', CAST('5.NEF' AS BLOB), '1:5:9:5:6', 'l', NULL, 'failed', NULL, NULL, NULL, '[]', '[]',
     '', 3, 9, '{FAILURE}', 'c5', 10, 11),
    (6, 'p6', 'two', CAST('6.NEF' AS BLOB), '1:6:9:5:6', 'l', NULL, 'missing', NULL, NULL, NULL, '[]', '[]',
     '', 0, NULL, NULL, 'c6', 10, 11),
    (7, 'p7', 'two', CAST('7.NEF' AS BLOB), '1:7:9:5:6', 'l', NULL, 'waiting', NULL, NULL, NULL, '[]', '[]',
     '', 1, 9, '{FAILURE}', 'c7', 10, 11),
    (8, 'p8', 'two', CAST('8.NEF' AS BLOB), '1:8:9:5:6', 'l', NULL, 'arriving', NULL, NULL, NULL, '[]',
     '[]', '', 0, NULL, NULL, 'c8', 10, 11);

INSERT INTO output (
    id, photo_id, recipe, path, media_type, size_bytes, mtime_ns, sha256, raw_fingerprint, raw_sha256, look,
    recipe_digest, pipeline, created_at_usec
) VALUES
    ('o1', 'p1', 'jpg', CAST('/p/one/Jpg/1.jpg' AS BLOB), 'image/jpeg', 5, 6, 'ab', '1:1:9:5:6', 'cd', 'l',
     'r', 'p', 7),
    ('o4', 'p4', 'jpg', CAST('/p/one/Jpg/4.jpg' AS BLOB), 'image/jpeg', 5, 6, 'ab', '1:4:9:5:6', 'cd', 'l',
     'r', 'p', 7);

INSERT INTO job (
    id, kind, priority, session_id, label, creator, creator_uid, correlation_id, failure, created_at_usec,
    started_at_usec, ended_at_usec
) VALUES
    (1, 'develop', 1, 'one', '1.NEF', NULL, NULL, 'c1', NULL, 1, 2, 3),
    (2, 'develop', 1, 'two', '5.NEF', 'kiosk', 1000, 'c5', '{FAILURE}', 1, 2, 4),
    (3, 'develop', 1, 'two', '6.NEF', NULL, NULL, 'c6', NULL, 1, NULL, 5),
    (4, 'backfill', 2, 'one', 'one', NULL, NULL, 'b4', NULL, 1, 2, NULL),
    (5, 'develop', 1, 'two', '7.NEF', NULL, NULL, 'c7', NULL, 1, NULL, NULL),
    (6, 'export', 0, 'two', '8.NEF', 'kiosk', 1000, 'c8', NULL, 1, NULL, NULL),
    (9, 'archive', 1, NULL, 'all', NULL, 0, 'c9', NULL, 1, 2, 3);

INSERT INTO item (
    id, job_id, photo_id, recipe, state, priority, attempt, fence, boot, retry_at_usec, failure, intent,
    correlation_id, started_at_usec, ended_at_usec
) VALUES
    (1, 1, 'p1', 'jpg', 'completed', 1, 1, 5, 'boot', NULL, NULL, NULL, 'c1', 2, 3),
    (2, 2, 'p5', 'jpg', 'failed', 1, 3, 6, 'boot', NULL, '{FAILURE}', NULL, 'c5', 2, 4),
    (3, 3, 'p6', 'jpg', 'canceled', 1, 0, NULL, NULL, NULL, '{FAILURE}', NULL, 'c6', NULL, 5),
    (4, 4, 'p1', 'web', 'skipped', 2, 0, NULL, NULL, NULL, NULL, NULL, 'c1', NULL, 5),
    (5, 4, 'p2', 'jpg', 'queued', 2, 0, NULL, NULL, NULL, NULL, NULL, 'c2', NULL, NULL),
    (6, 4, 'p3', 'jpg', 'running', 2, 1, 7, 'boot', NULL, NULL, '{INTENT}', 'c3', 2, NULL),
    (7, 4, 'p4', 'jpg', 'queued', 2, 1, NULL, NULL, 99, '{FAILURE}', NULL, 'c4', NULL, NULL),
    (8, 5, 'p7', 'jpg', 'queued', 1, 1, NULL, NULL, NULL, '{FAILURE}', NULL, 'c7', NULL, NULL),
    (12, 6, 'p8', 'jpg', 'queued', 0, 0, NULL, NULL, NULL, NULL, NULL, 'c8', NULL, NULL);
""",  # noqa: S608 - literals
    2: """
INSERT INTO setting (name, value) VALUES
    ('queue.pause', '{"reason":"lunch","until_usec":null}'), ('database.identity', '"1234"');
INSERT INTO job (
    id, kind, priority, session_id, label, correlation_id, created_at_usec, turn, paused, reasons
) VALUES (20, 'develop', 1, 'one', 'held', 'c20', 1, 40, 1, '["job.paused"]');
INSERT INTO item (
    id, job_id, photo_id, recipe, state, priority, correlation_id, session_id, turn, held
) VALUES (20, 20, 'p1', 'print', 'queued', 1, 'c20', 'one', 40, 1);
UPDATE lane SET turn = 40 WHERE session_id = 'one';
INSERT INTO journal (sequence, at_usec, kind, photo_id, body) VALUES
    (11, 5, 'photo.changed', 'p1', NULL),
    (12, 6, 'queue.changed', NULL, '{"kind":"queue.changed","at_usec":6}');
INSERT INTO sample (
    ended_at_usec, session_id, preset_id, camera, failed, bytes_read, bytes_written, busy_usec, latency_usec
) VALUES (50, 'one', 'neutral', 'Nikon Z 6', 0, 100, 10, 5, 7), (60, 'two', NULL, '', 1, 100, 0, 5, 7);
INSERT INTO log_line (at_usec, level, event, correlation_id, job_id, item_id, fields)
VALUES (50, 20, 'item_developed', 'c1', 1, 1, '{"seconds":1}');
""",
    3: """
UPDATE photo SET pixels = 24000000 WHERE id = 'p1';
INSERT INTO job (id, kind, priority, session_id, label, correlation_id, created_at_usec, turn)
VALUES (30, 'export', 0, 'one', 'sized', 'c30', 1, 41);
INSERT INTO item (
    id, job_id, photo_id, recipe, state, priority, correlation_id, session_id, turn, pixels
) VALUES (30, 30, 'p1', 'large', 'queued', 0, 'c30', 'one', 41, 24000000);
""",
}
"""What is in use once the schema of that number is there: rows of every kind, in every state."""


def make_database(path: Path, version: int) -> None:
    """Make a database as the darkroomd of that schema left it, with what those before it had left."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for number, script in enumerate(load_migrations()[:version], start=1):
            database.executescript(
                f"BEGIN;{script};PRAGMA user_version = {number};{DATA.get(number, '')};COMMIT"
            )


def rows_of(path: Path) -> dict[str, list[dict[str, object]]]:
    """Return all rows of all tables; how the journal is numbered is its own business."""
    with closing(sqlite3.connect(path)) as database:
        database.row_factory = sqlite3.Row
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        database.execute("DELETE FROM sqlite_sequence WHERE name = 'journal'")
        return {
            table["name"]: [dict(row) for row in database.execute(f"SELECT * FROM {table['name']}")]  # noqa: S608 - of the schema
            for table in tables
        }


def schema_of(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"
        ).fetchall()


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
        total = (await store.totals()).counts

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
