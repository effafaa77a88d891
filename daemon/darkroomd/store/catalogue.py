"""Reading: sessions, photos, jobs and items, each list a page at a time."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from darkroom.errors import InvalidCursor, NoSuchItem, NoSuchJob, NoSuchPhoto, NoSuchSession
from darkroom.protocol.types import ItemState, JobFilter, JobState
from darkroomd.core.archive_request import is_archived_by
from darkroomd.core.model import (
    Entry,
    Item,
    ItemId,
    Job,
    JobId,
    JobKind,
    Output,
    Page,
    Photo,
    PhotoId,
    PhotoState,
    Progress,
    Session,
    SessionId,
)
from darkroomd.core.status import QueueCounts
from darkroomd.store.database import Database, Row
from darkroomd.store.rows import (
    item_from,
    job_from,
    json_text,
    output_from,
    photo_from,
    progress_from,
    session_from,
)

SESSION_CURSOR: Final = "after:"
"""What a cursor of sessions begins with, so that any other text is known to be none."""

JOBS_IN_STATE: Final[Mapping[JobState, str]] = {
    JobState.QUEUED: "jobs_page_live",
    JobState.PAUSED: "jobs_page_busy",
    JobState.RUNNING: "jobs_page_busy",
    JobState.CANCELING: "jobs_page_busy",
    JobState.COMPLETED: "jobs_page_completed",
    JobState.FAILED: "jobs_page_failed",
    JobState.CANCELED: "jobs_page_canceled",
}
"""The statement with the index of all jobs in that state, and of few others."""

OFTEN: Final = frozenset({JobState.QUEUED, JobState.COMPLETED})
"""States that so many jobs are in that any other condition leads to fewer."""

ITEMS_APART: Final = frozenset({ItemState.SKIPPED, ItemState.FAILED, ItemState.CANCELED})
PHOTOS_APART: Final = frozenset(PhotoState) - {PhotoState.WAITING, PhotoState.DEVELOPED}
"""States of the few among many, which have an index of their own."""

FRONT: Final = (-1, 0, 0, 0)
"""Before the first place in the queue: priority, turn, position and id."""

LAST: Final = 1 << 62
"""Greater than any id."""

_PLACE: Final = re.compile(r"[0-2]\.[0-9]{1,18}\.-?[0-9]{1,18}\.[0-9]{1,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Totals:
    """The counters over all jobs that have not ended, and the photos that failed or were canceled."""

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


def read_photos_by_id(database: Database, photo_ids: Iterable[PhotoId]) -> dict[PhotoId, Photo]:
    """Return the photos once each, in the given order: many at the cost of few; raise `NoSuchPhoto`."""
    wanted = list(dict.fromkeys(photo_ids))
    rows = {row["id"]: row for row in database.all("photos_by_id", photo_ids=json_text(wanted))}
    for photo_id in wanted:
        if photo_id not in rows:
            raise NoSuchPhoto(photo_id)
    session_ids = {SessionId(row["session_id"]) for row in rows.values()}
    folders = {session_id: read_session(database, session_id).folder for session_id in session_ids}
    outputs = _outputs(database, wanted)
    return {
        photo_id: photo_from(rows[photo_id], folders[rows[photo_id]["session_id"]], outputs[photo_id])
        for photo_id in wanted
    }


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
    apart = states is not None and PHOTOS_APART.issuperset(states)
    rows = database.all(
        "photos_page_apart" if apart else "photos_page",
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
    # The oldest of several is the one that is told of.
    if running is None or row["running"] > 1:
        return _jobs(database, [row])[0]
    return job_from(row, item=running, position=None)


def read_jobs(
    database: Database, job_filter: JobFilter | None, *, by_position: bool, cursor: str | None, limit: int
) -> Page[Job]:
    """Return jobs, newest first or the waiting ones as they will run; raise `InvalidCursor`."""
    wanted = job_filter or JobFilter()
    conditions: dict[str, object] = {
        "states": _list(wanted.states),
        "kinds": _list(wanted.kinds),
        "session_ids": _list(wanted.session_ids),
        "creators": _list(wanted.creators),
        "creator_uid": wanted.creator_uid,
        "created_after": wanted.created_after_usec,
        "created_before": wanted.created_before_usec,
    }
    if by_position:
        priority, turn, position, after = _place(cursor)
        rows = database.all(
            "waiting_jobs_page",
            priority=priority,
            turn=turn,
            position=position,
            after=after,
            limit=limit + 1,
            **conditions,
        )
        keys = [f"{row['priority']}.{row['turn']}.{row['position']}.{row['id']}" for row in rows]
    else:
        before = place_number(cursor, default=LAST)
        rows = _newest_jobs(database, wanted, conditions, before=before, limit=limit + 1)
        keys = [row["id"] for row in rows]
    return page_of(_jobs(database, rows[:limit]), limit, keys)


def _newest_jobs(
    database: Database, wanted: JobFilter, conditions: Mapping[str, object], *, before: int, limit: int
) -> list[Row]:
    """Return the newest rows of jobs that fit, each from the index that leads to the fewest."""
    found: dict[int, Row] = {}
    for statement, one in _ways(wanted):
        chosen = {} if one is None else {"one": one}
        for row in database.all(statement, before=before, limit=limit, **chosen, **conditions):
            found[row["id"]] = row
    return [found[number] for number in sorted(found, reverse=True)[:limit]]


def _ways(wanted: JobFilter) -> list[tuple[str, object]]:
    """Return the statements that find all the jobs that fit between them, and what each is given."""
    if wanted.creators is not None:
        return [("jobs_page_of_creator", creator) for creator in set(wanted.creators)]
    if wanted.creator_uid is not None:
        return [("jobs_page_of_creator_uid", wanted.creator_uid)]
    if wanted.states is not None and OFTEN.isdisjoint(wanted.states):
        return _ways_of_states(wanted.states)
    if wanted.kinds is not None and JobKind.DEVELOP not in wanted.kinds:
        return [("jobs_page_of_kind", kind) for kind in set(wanted.kinds)]
    if wanted.session_ids is not None:
        return [("jobs_page_of_session", session_id) for session_id in set(wanted.session_ids)]
    return [("jobs_page", None)] if wanted.states is None else _ways_of_states(wanted.states)


def _ways_of_states(states: Iterable[JobState]) -> list[tuple[str, object]]:
    return [(statement, None) for statement in sorted({JOBS_IN_STATE[state] for state in states})]


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
    apart = states is not None and ITEMS_APART.issuperset(states)
    rows = database.all(
        "items_page_apart" if apart else "items_page",
        job_id=job_id,
        after=place_number(cursor, default=0),
        states=_list(states),
        limit=limit + 1,
    )
    return page_of(_items(database, rows[:limit]), limit, [row["id"] for row in rows])


def read_item_by_id(database: Database, item_id: ItemId) -> Item:
    """Return the item; raise `NoSuchItem`."""
    row = database.one("item_by_id", id=item_id)
    if row is None:
        raise NoSuchItem(item_id)
    return read_item(database, row)


def read_item(database: Database, row: Row) -> Item:
    """Return the item in the row; with the outputs of its photo where it made or found them."""
    return item_from(row, read_outputs(database, row["photo_id"]) if has_outputs(row) else ())


def read_totals(database: Database) -> Totals:
    """Return what a status line counts, without counting photos or items."""
    row = database.one("queue_totals")
    photos = database.one("photo_totals")
    # An aggregate always has its one row.
    assert row is not None
    assert photos is not None
    running = database.all("running_items")
    item = item_from(running[0]) if running else None
    counts = QueueCounts(
        queued=row["queued"],
        running=row["running"],
        failed=photos["failed"],
        canceled=photos["canceled"],
        pending=photos["pending"],
        aged=photos["aged"],
        photos=photos["photos"],
    )
    progress = progress_from(row, item=running[0] if running else None)
    raw = None if item is None or item.photo_id is None else read_photo(database, item.photo_id).raw
    return Totals(counts=counts, progress=progress, running=item, running_raw=raw)


def _jobs(database: Database, rows: Sequence[Row]) -> list[Job]:
    positions = _positions(database, rows)
    return [
        job_from(
            row,
            item=database.one("running_item_of_job", job_id=row["id"]) if row["running"] else None,
            position=positions.get(row["id"]),
        )
        for row in rows
    ]


def _positions(database: Database, rows: Sequence[Row]) -> dict[int, int]:
    """Return by id how many jobs wait before each of those that wait: one walk through the index for all."""
    places = sorted(
        (row["priority"], row["turn"], row["position"], row["id"])
        for row in rows
        if row["started_at_usec"] is None and row["ended_at_usec"] is None
    )
    positions: dict[int, int] = {}
    count, before = 0, FRONT
    for place in places:
        priority, turn, position, number = place
        between = database.one(
            "count_waiting_between",
            **dict(zip(("from_priority", "from_turn", "from_position", "from_id"), before, strict=True)),
            priority=priority,
            turn=turn,
            position=position,
            id=number,
        )
        assert between is not None
        count += between["jobs"]
        positions[number] = count
        before = place
    return positions


def _items(database: Database, rows: Sequence[Row]) -> list[Item]:
    outputs = _outputs(database, [row["photo_id"] for row in rows if has_outputs(row)])
    return [item_from(row, outputs[row["photo_id"]] if has_outputs(row) else ()) for row in rows]


def has_outputs(row: Row) -> bool:
    """Tell whether what an item in this row did, or found, is that its photo has outputs."""
    found = row["state"] == ItemState.SKIPPED and row["failure"] is None
    return (found or row["state"] == ItemState.COMPLETED) and not is_archived_by(row["recipe"])


def _photos(database: Database, folder: Path, rows: Sequence[Row]) -> list[Photo]:
    outputs = _outputs(database, [row["id"] for row in rows])
    return [photo_from(row, folder, outputs[row["id"]]) for row in rows]


def _outputs(database: Database, photo_ids: Iterable[str]) -> dict[str, list[Output]]:
    """Return the outputs of each of these photos."""
    outputs: dict[str, list[Output]] = {photo_id: [] for photo_id in photo_ids}
    if outputs:
        for row in database.all("outputs_of_photos", photo_ids=json_text(list(outputs))):
            outputs[row["photo_id"]].append(output_from(row))
    return outputs


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
        return FRONT
    if _PLACE.fullmatch(cursor) is None:
        raise InvalidCursor(cursor)
    return tuple(int(number) for number in cursor.split("."))
