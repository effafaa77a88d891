"""Reading: sessions, photos, jobs and items, each list a page at a time."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from darkroom.errors import InvalidCursor, NoSuchItem, NoSuchJob, NoSuchPhoto, NoSuchSession
from darkroom.protocol.types import ItemState, JobFilter
from darkroomd.core.model import (
    Entry,
    Item,
    ItemId,
    Job,
    JobId,
    Output,
    Page,
    Photo,
    PhotoId,
    Progress,
    QueueCounts,
    Session,
    SessionId,
)
from darkroomd.store.database import Database, Row
from darkroomd.store.rows import (
    item_from,
    job_from,
    json_text,
    output_from,
    photo_from,
    session_from,
)

SESSION_CURSOR: Final = "after:"
"""What a cursor of sessions begins with, so that any other text is known to be none."""

LAST: Final = 1 << 62
"""Greater than any id."""

_PLACE: Final = re.compile(r"[0-2]\.[0-9]{1,18}\.-?[0-9]{1,18}\.[0-9]{1,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Totals:
    """The counters over all jobs that have not ended, and the photos that failed."""

    counts: QueueCounts
    progress: Progress
    running: Item | None
    running_raw: Path | None


def read_session(database: Database, session_id: SessionId) -> Session:
    """Return the session; raise `NoSuchSession`."""
    row = database.one("session_by_id", id=session_id)
    if row is None:
        raise NoSuchSession(session_id)
    return session_from(row)


def read_sessions(database: Database, *, cursor: str | None, limit: int) -> Page[Session]:
    """Return sessions in the order of their ids; raise `InvalidCursor`."""
    if cursor is not None and not cursor.startswith(SESSION_CURSOR):
        raise InvalidCursor(cursor)
    after = "" if cursor is None else cursor.removeprefix(SESSION_CURSOR)
    rows = database.all("sessions_page", after=after, limit=limit + 1)
    return page_of([session_from(row) for row in rows], limit, [SESSION_CURSOR + row["id"] for row in rows])


def read_photo(database: Database, photo_id: PhotoId, *, session: Session | None = None) -> Photo:
    """Return the photo, of `session` if the caller has it at hand; raise `NoSuchPhoto`."""
    row = database.one("photo_by_id", id=photo_id)
    if row is None:
        raise NoSuchPhoto(photo_id)
    return photo_of(database, row, session or read_session(database, SessionId(row["session_id"])))


def photo_of(database: Database, row: Row, session: Session) -> Photo:
    """Return the photo in the row, which is one of `session`, with its outputs."""
    return photo_from(row, session.folder, read_outputs(database, row["id"]))


def find_photo(database: Database, session: Session, name: str) -> Photo | None:
    """Return the photo with that file name in `Raw/`, if it is known."""
    row = database.one("photo_by_name", session_id=session.id, name=os.fsencode(name))
    return None if row is None else photo_of(database, row, session)


def read_outputs(database: Database, photo_id: PhotoId) -> tuple[Output, ...]:
    """Return the outputs of one photo."""
    return tuple(output_from(row) for row in database.all("outputs_of_photo", photo_id=photo_id))


def read_photos(
    database: Database,
    session_id: SessionId,
    *,
    states: Sequence[str] | None,
    discarded: bool | None,
    cursor: str | None,
    limit: int,
) -> Page[Photo]:
    """Return photos of a session in the order in which they came; raise `NoSuchSession`, `InvalidCursor`."""
    folder = read_session(database, session_id).folder
    rows = database.all(
        "photos_page",
        session_id=session_id,
        after=place_number(cursor, default=0),
        states=_list(states),
        discarded=discarded,
        limit=limit + 1,
    )
    return page_of(_photos(database, folder, rows), limit, [row["seq"] for row in rows])


def read_known_photos(database: Database, session_id: SessionId) -> dict[str, Photo]:
    """Return all photos of a session by file name."""
    folder = read_session(database, session_id).folder
    photos = _photos(database, folder, database.all("photos_of_session", session_id=session_id))
    return {photo.name: photo for photo in photos}


def read_job(database: Database, job_id: JobId, *, running: Row | None = None) -> Job:
    """Return the job, of which the item in the row `running` runs if the caller knows; raise `NoSuchJob`."""
    row = database.one("job_by_id", id=job_id)
    if row is None:
        raise NoSuchJob(job_id)
    return _job(database, row) if running is None else job_from(row, item=running, position=None)


def read_jobs(
    database: Database, job_filter: JobFilter | None, *, by_position: bool, cursor: str | None, limit: int
) -> Page[Job]:
    """Return jobs, newest first or the waiting ones as they will run; raise `InvalidCursor`."""
    wanted = job_filter or JobFilter()
    conditions = {
        "states": _list(wanted.states),
        "kinds": _list(wanted.kinds),
        "session_ids": _list(wanted.session_ids),
        "creators": _list(wanted.creators),
        "creator_uid": wanted.creator_uid,
        "created_after": wanted.created_after_usec,
        "created_before": wanted.created_before_usec,
        "limit": limit + 1,
    }
    if by_position:
        priority, turn, position, after = _place(cursor)
        rows = database.all(
            "waiting_jobs_page", priority=priority, turn=turn, position=position, after=after, **conditions
        )
        keys = [f"{row['priority']}.{row['turn']}.{row['position']}.{row['id']}" for row in rows]
    else:
        rows = database.all("jobs_page", before=place_number(cursor, default=LAST), **conditions)
        keys = [row["id"] for row in rows]
    return page_of([_job(database, row) for row in rows[:limit]], limit, keys)


def read_items(
    database: Database,
    job_id: JobId,
    *,
    states: Sequence[ItemState] | None,
    cursor: str | None,
    limit: int,
) -> Page[Item]:
    """Return items of a job in their order; raise `NoSuchJob`, `InvalidCursor`."""
    if database.one("job_by_id", id=job_id) is None:
        raise NoSuchJob(job_id)
    rows = database.all(
        "items_page",
        job_id=job_id,
        after=place_number(cursor, default=0),
        states=_list(states),
        limit=limit + 1,
    )
    return page_of([read_item(database, row) for row in rows[:limit]], limit, [row["id"] for row in rows])


def read_item_by_id(database: Database, item_id: ItemId) -> Item:
    """Return the item; raise `NoSuchItem`."""
    row = database.one("item_by_id", id=item_id)
    if row is None:
        raise NoSuchItem(item_id)
    return read_item(database, row)


def read_item(database: Database, row: Row) -> Item:
    """Return the item in the row; with its outputs where it completed."""
    done = row["state"] == ItemState.COMPLETED
    return item_from(row, read_outputs(database, row["photo_id"]) if done else ())


def read_totals(database: Database) -> Totals:
    """Return what a status line counts, without counting rows."""
    row = database.one("queue_totals")
    failed = database.one("failed_photos")
    # An aggregate always has its one row.
    assert row is not None
    assert failed is not None
    running = database.all("running_items")
    item = item_from(running[0]) if running else None
    counts = QueueCounts(queued=row["queued"], running=row["running"], failed=failed["failed"])
    progress = Progress(
        total=sum(row[state] for state in ItemState),
        running=row["running"],
        completed=row["completed"],
        skipped=row["skipped"],
        failed=row["failed"],
        canceled=row["canceled"],
        sized=row["sized"],
        sized_pixels=row["sized_pixels"],
        current_item_id=None if item is None else item.id,
        current_photo_id=None if item is None else item.photo_id,
    )
    raw = None if item is None or item.photo_id is None else read_photo(database, item.photo_id).raw
    return Totals(counts=counts, progress=progress, running=item, running_raw=raw)


def _job(database: Database, row: Row) -> Job:
    item = database.one("running_item_of_job", job_id=row["id"]) if row["running"] else None
    position = None
    if row["started_at_usec"] is None and row["ended_at_usec"] is None:
        place = {name: row[name] for name in ("priority", "turn", "position", "id")}
        found = database.one("position_of_job", **place)
        position = None if found is None else found["position"]
    return job_from(row, item=item, position=position)


def _photos(database: Database, folder: Path, rows: Sequence[Row]) -> list[Photo]:
    outputs: dict[str, list[Output]] = {row["id"]: [] for row in rows}
    for row in database.all("outputs_of_photos", photo_ids=json_text(list(outputs))):
        outputs[row["photo_id"]].append(output_from(row))
    return [photo_from(row, folder, outputs[row["id"]]) for row in rows]


def page_of(entries: Sequence[Entry], limit: int, keys: Sequence[object]) -> Page[Entry]:
    """Return the first `limit` entries, and the key of the last as the cursor if there are more."""
    more = len(keys) > limit
    return Page(tuple(entries[:limit]), str(keys[limit - 1]) if more else None)


def _list(values: Iterable[str] | None) -> str | None:
    return None if values is None else json_text(list(values))


def place_number(cursor: str | None, *, default: int = 0) -> int:
    """Return the number in a cursor; raise `InvalidCursor`."""
    if cursor is None:
        return default
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < len(str(LAST))):
        raise InvalidCursor(cursor)
    return int(cursor)


def _place(cursor: str | None) -> tuple[int, ...]:
    """Return priority, turn, position and id of the job that a page of waiting jobs ended with."""
    if cursor is None:
        return -1, 0, 0, 0
    if _PLACE.fullmatch(cursor) is None:
        raise InvalidCursor(cursor)
    return tuple(int(number) for number in cursor.split("."))
