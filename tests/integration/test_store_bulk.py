"""Thousands of rows that are counted at once, and rows that are not, say the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from darkroomd.core.model import CorrelationId, Counts, JobKind, PhotoId, SessionId
from darkroomd.core.naming import photo_id
from darkroomd.store import arrivals, catalogue
from darkroomd.store.arrivals import NewJob
from darkroomd.store.bulk import counted_by_hand
from darkroomd.store.database import Database, open_database
from standing import NOW, SESSION, Standing, arrival

NAMES = ("A.NEF", "B.NEF", "C.NEF")
SIZED = "UPDATE photo SET pixels = 24 WHERE name = CAST('B.NEF' AS BLOB)"


@pytest.fixture
def standing(tmp_path: Path) -> Iterator[Standing]:
    database = open_database(tmp_path / "queue.db")
    standing = Standing(database)
    standing.open()
    yield standing
    database.close()


def counters(database: Database) -> tuple[object, ...]:
    """Return what the session, its last job and all jobs together count."""
    connection = database._connection
    [session] = connection.execute("SELECT photos, pending, discarded, revision FROM session").fetchall()
    job = connection.execute("SELECT queued, sized, sized_pixels FROM job ORDER BY id DESC").fetchone()
    [tally] = connection.execute("SELECT queued, sized, sized_pixels FROM tally").fetchall()
    return tuple(session), tuple(job), tuple(tally)


def test_photos_that_are_found_together_count_like_those_found_one_by_one(standing: Standing) -> None:
    standing.find(*NAMES)

    together = counters(standing.database)

    assert together == ((3, 3, 0, 4), (3, 0, 0), (3, 0, 0))


def test_photos_that_are_known_or_discarded_are_counted_once(standing: Standing) -> None:
    found = [arrival("A.NEF"), arrival("A.NEF"), replace(arrival("B.NEF"), rejected=True)]
    pairs = [(photo_id(SESSION, each.name), each) for each in found]
    job = NewJob(JobKind.BACKFILL, SESSION, "found", CorrelationId("b"))

    standing.step(
        lambda database: arrivals.arrive_many(
            database, [pairs[0], pairs[2]], job=job, recipe="jpg", now_usec=NOW
        )
    )
    standing.step(lambda database: arrivals.arrive_many(database, pairs, job=job, recipe="jpg", now_usec=NOW))

    session = catalogue.read_session(standing.database, SESSION)
    assert session.counts == Counts(photos=2, pending=1, discarded=1)


def test_items_of_known_size_are_counted_with_it(standing: Standing) -> None:
    standing.job = standing.find(*NAMES)
    standing.cancel()
    standing.database._connection.execute(SIZED)

    standing.export(*NAMES)

    assert counters(standing.database)[1:] == ((3, 1, 24), (3, 1, 24))


def test_after_many_that_failed_half_way_each_is_counted_again(standing: Standing) -> None:
    elsewhere = replace(arrival("B.NEF"), session_id=SessionId("nowhere"))
    pairs = [(photo_id(SESSION, each.name), each) for each in (arrival("A.NEF"), elsewhere)]
    job = NewJob(JobKind.BACKFILL, SESSION, "found", CorrelationId("b"))
    with pytest.raises(Exception, match="FOREIGN KEY"):
        standing.step(
            lambda database: arrivals.arrive_many(database, pairs, job=job, recipe="jpg", now_usec=NOW)
        )

    standing.arrive("C.NEF")

    assert counters(standing.database) == ((1, 1, 0, 2), (1, 0, 0), (1, 0, 0))


def test_rows_are_counted_by_hand_only_inside_of_a_transaction(standing: Standing) -> None:
    with pytest.raises(AssertionError), counted_by_hand(standing.database):
        pass

    standing.arrive("A.NEF")

    assert counters(standing.database)[1] == (1, 0, 0)


def test_a_photo_that_came_under_another_id_keeps_it(standing: Standing) -> None:
    early = PhotoId("an-id-by-an-earlier-rule")
    job = NewJob(JobKind.BACKFILL, SESSION, "found", CorrelationId("b"))
    pairs = [(photo_id(SESSION, name), arrival(name)) for name in NAMES]
    standing.step(
        lambda database: arrivals.arrive(
            database, arrival("A.NEF"), photo_id=early, kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW
        )
    )

    standing.arrive("A.NEF")
    standing.step(lambda database: arrivals.arrive_many(database, pairs, job=job, recipe="jpg", now_usec=NOW))

    photos = standing.database._connection.execute("SELECT id, name FROM photo ORDER BY seq").fetchall()
    assert [(row["id"], row["name"]) for row in photos] == [
        (early, b"A.NEF"),
        *((photo_id(SESSION, name), name.encode()) for name in NAMES[1:]),
    ]
    assert counters(standing.database)[0] == (3, 3, 0, 6)
