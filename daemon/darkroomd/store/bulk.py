"""Many new rows in one transaction: counted at once, since the triggers that count each stand aside."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager

from darkroomd.core.model import JobId, Photo, SessionId
from darkroomd.store.database import Database


@contextmanager
def counted_by_hand(database: Database) -> Generator[None]:
    """Let whoever inserts photos or items inside count them, before the transaction ends."""
    assert database.in_transaction
    database.run("begin_bulk")
    yield
    # Not after an error: that takes back the whole transaction, and SQLite may have done so already.
    database.run("end_bulk")


def count_photos(
    database: Database, session_id: SessionId, photos: Sequence[Photo], *, now_usec: int
) -> None:
    """Count photos of a session that are new, and wait unless they are discarded, as they were inserted."""
    if photos:
        discarded = sum(photo.discarded_by is not None for photo in photos)
        database.run("count_photos", id=session_id, photos=len(photos), discarded=discarded, now=now_usec)


def insert_queued(database: Database, job_id: JobId, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert items of a job, each as the values of `insert_item`, and count them."""
    if len(rows) == 1:
        database.many("insert_item", rows)
        return
    newest = database.one("newest_item")
    assert newest is not None
    with counted_by_hand(database):
        database.many("insert_item", rows)
    database.run("count_queued", job_id=job_id, after=newest["id"])
