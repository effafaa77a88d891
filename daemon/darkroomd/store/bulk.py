"""Many new rows in one transaction: counted at once, since the triggers that count each stand aside."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager

from darkroomd.core.model import JobId, Photo, Session
from darkroomd.store.database import Database
from darkroomd.store.rows import photo_from


@contextmanager
def counted_by_hand(database: Database) -> Generator[None]:
    """Let whoever inserts photos or items inside count them, before the transaction ends."""
    assert database.in_transaction
    database.run("begin_bulk")
    yield
    # Not after an error: that takes back the whole transaction, and SQLite may have done so already.
    database.run("end_bulk")


def insert_photos(
    database: Database, session: Session, rows: Sequence[Mapping[str, object]], *, now_usec: int
) -> list[Photo]:
    """Insert photos of a session, each as the values of `insert_photo`; count and return them.

    They have no output.
    """
    if not rows:
        return []
    newest = database.one("newest_photo")
    assert newest is not None
    with counted_by_hand(database):
        database.many("insert_photo", rows)
    inserted = database.all("photos_after", after=newest["seq"])
    photos = [photo_from(row, session.folder, ()) for row in inserted]
    discarded = sum(photo.discarded_by is not None for photo in photos)
    database.run("count_photos", id=session.id, photos=len(photos), discarded=discarded, now=now_usec)
    return photos


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
