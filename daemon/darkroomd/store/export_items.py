"""What becomes of photos when items of an export are taken and end: parts of transitions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from darkroomd.core.freshness import is_same_file
from darkroomd.core.imprint import dated_look
from darkroomd.core.model import (
    Happening,
    Item,
    ItemId,
    Job,
    JobId,
    JobKind,
    Output,
    Photo,
    PhotoId,
    PhotoState,
    SessionId,
)
from darkroomd.store.background import return_to_background
from darkroomd.store.catalogue import read_job, read_photo, read_photos_by_id
from darkroomd.store.database import Database, Row
from darkroomd.store.journal import Journal
from darkroomd.store.rows import fingerprint_from, json_text

_LOOKS_FIRST: Final = frozenset({JobKind.EXPORT, JobKind.ARCHIVE})
"""Kinds of jobs of which it is not certain that their photos are developed."""


def start_photo(database: Database, item: Row, job: Job, *, now_usec: int) -> tuple[Row, bool]:
    """Have the photo of an item that was taken show that it is developed; return it, and whether it does.

    One that is developed shows that until an export finds (see `begin`) that it is to be developed again.
    """
    if job.kind in _LOOKS_FIRST:
        found = database.one("photo_by_id", id=item["photo_id"])
        assert found is not None
        if job.kind is JobKind.ARCHIVE:
            return found, False
        if found["state"] == PhotoState.DEVELOPED:
            database.run("note_intact", id=item["id"])
            if not job.wish.forced:
                return found, False
    started = database.one("photo_started", id=item["photo_id"], now=now_usec)
    assert started is not None
    return started, True


@dataclass(frozen=True, slots=True)
class Waiting:
    """An item that waits, and its photo."""

    item_id: ItemId
    photo: Photo


def begin(database: Database, item: Item, *, fence: int, now_usec: int) -> tuple[bool, list[Happening]]:
    """Have a photo that showed that it is developed show that it is being developed again.

    False, and nothing changed, if the claim is stale.
    """
    row = database.one("begin_item", id=item.id, fence=fence)
    if row is None:
        return False, []
    started = database.one("photo_started", id=row["photo_id"], now=now_usec)
    assert started is not None
    journal = Journal(database, now_usec)
    journal.photo(PhotoId(row["photo_id"]))
    journal.session(SessionId(started["session_id"]))
    return True, journal.happenings


def waiting_with(database: Database, item: Item, *, limit: int) -> list[Waiting]:
    """Return items behind one of their job that may be started now and whose photos are developed."""
    rows = database.all("waiting_with", job_id=item.job_id, after=item.id, limit=limit)
    photos = read_photos_by_id(database, [PhotoId(row["photo_id"]) for row in rows])
    return [Waiting(ItemId(row["id"]), photos[PhotoId(row["photo_id"])]) for row in rows]


def skip_along(
    database: Database, journal: Journal, job_id: JobId, item_ids: Sequence[ItemId], *, now_usec: int
) -> None:
    """Skip items that still wait, and whose photos are developed; the job is for the caller."""
    for row in database.all("skip_along", item_ids=json_text(item_ids), job_id=job_id, now=now_usec):
        journal.item(row)


def skip_photo(database: Database, photo_id: PhotoId, *, looked_at: Photo | None, now_usec: int) -> None:
    """Let a photo whose outputs are up to date show that again, unless it was changed since that was seen.

    `looked_at` is the photo that was compared with its outputs; None: as it is now.
    """
    photo = read_photo(database, photo_id)
    if not photo.outputs:
        raise ValueError(f"Photo {photo_id} has no output, so that work on it cannot be skipped.")
    if looked_at is None:
        replaced = any(is_replaced(database, output) for output in photo.outputs)
    else:
        replaced = _inputs(photo) != _inputs(looked_at)
    state = PhotoState.OUTDATED if replaced else PhotoState.DEVELOPED
    if photo.state not in {state, PhotoState.MISSING}:
        refund = int(photo.state is PhotoState.DEVELOPING)
        database.run("photo_put_back", id=photo_id, state=state, failure=None, refund=refund, now=now_usec)


def spare_photo(database: Database, item: Row, *, now_usec: int) -> bool:
    """Let a photo whose item is interrupted show that it is developed, if it was and nothing says otherwise.

    Return whether it does.
    """
    if not item["intact"]:
        return False
    skip_photo(database, PhotoId(item["photo_id"]), looked_at=None, now_usec=now_usec)
    return read_photo(database, PhotoId(item["photo_id"])).state is PhotoState.DEVELOPED


def return_rest(database: Database, journal: Journal, item: Row, photo: Row, *, now_usec: int) -> Row:
    """Queue a photo in the background whose export did not ask for all that is due; return the photo."""
    if photo["state"] != PhotoState.DEVELOPED or photo["discarded_by"] is not None:
        return photo
    database.run("set_photo_state", id=photo["id"], state=PhotoState.OUTDATED, now=now_usec)
    job = read_job(database, JobId(item["job_id"]))
    return_to_background(database, journal, job, [item], join=True, now_usec=now_usec)
    row = database.one("photo_by_id", id=photo["id"])
    assert row is not None
    return row


def tell_if_changed(database: Database, journal: Journal, before: Photo) -> None:
    """Tell of a photo and its session, if it is not what it was."""
    photo = read_photo(database, before.id)
    if photo.revision != before.revision:
        journal.photo_as(photo)
        journal.session(photo.session_id)


def is_of_export(database: Database, item: Row) -> bool:
    """Tell whether an item belongs to an export."""
    return read_job(database, JobId(item["job_id"])).kind is JobKind.EXPORT


def is_replaced(database: Database, output: Output) -> bool:
    """Tell whether a photo is another than its output was made from."""
    # Intake may have seen another file settle, or people given it another look or time, meanwhile.
    row = database.one("inputs_of_photo", id=output.photo_id)
    assert row is not None
    same_file = is_same_file(fingerprint_from(row["fingerprint"]), output.inputs.raw)
    wanted_look = dated_look(row["look"], row["corrected_at_usec"])
    return wanted_look != output.inputs.look or not same_file


def _inputs(photo: Photo) -> tuple[object, ...]:
    return photo.fingerprint, photo.look, photo.corrected_at_usec
