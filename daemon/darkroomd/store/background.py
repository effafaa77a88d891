"""Jobs as they enter the queue, and what goes back there by itself when one is canceled or stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from darkroom.protocol.types import JobState, Priority
from darkroomd.core.lifecycle import is_live, waiting_state
from darkroomd.core.model import CorrelationId, Job, JobId, JobKind, Photo, PhotoId, PhotoState, SessionId
from darkroomd.core.wording import readable
from darkroomd.store.bulk import insert_queued
from darkroomd.store.catalogue import read_photos_by_id
from darkroomd.store.database import Database, Row
from darkroomd.store.journal import Journal
from darkroomd.store.rows import PRIORITIES
from darkroomd.store.turns import PRIORITY_OF_KIND, take_turns


@dataclass(frozen=True, slots=True)
class Request:
    """What a job is made of, beside its items."""

    kind: JobKind
    session_id: SessionId
    label: str
    correlation_id: CorrelationId
    priority: Priority
    creator: str | None = None
    creator_uid: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A job that was made, and the first of the turns that its items take."""

    job_id: JobId
    session_id: SessionId
    priority: int
    turn: int


def insert_job(database: Database, request: Request, *, count: int, now_usec: int) -> Place:
    """Make a job that is to have `count` items."""
    priority = PRIORITIES.index(request.priority)
    turn = take_turns(database, request.session_id, priority=priority, count=count)
    row = database.one(
        "insert_job",
        kind=request.kind,
        priority=priority,
        turn=turn,
        session_id=request.session_id,
        label=readable(request.label),
        creator=request.creator,
        creator_uid=request.creator_uid,
        correlation_id=request.correlation_id,
        now=now_usec,
    )
    assert row is not None
    return Place(JobId(row["id"]), request.session_id, priority, turn)


def insert_items(
    database: Database, place: Place, items: Sequence[tuple[PhotoId, CorrelationId]], *, recipe: str
) -> None:
    """Give the job its items, in their order."""
    same = {
        "job_id": place.job_id,
        "session_id": place.session_id,
        "recipe": recipe,
        "priority": place.priority,
    }
    rows = [
        {**same, "photo_id": photo_id, "turn": place.turn + number, "correlation_id": correlation_id}
        for number, (photo_id, correlation_id) in enumerate(items)
    ]
    insert_queued(database, place.job_id, rows)


def is_open(database: Database, job_id: JobId) -> bool:
    """Tell whether a job is there and still takes items."""
    row = database.one("job_by_id", id=job_id)
    return row is not None and is_live(JobState(row["state"]))


def join_job(
    database: Database, job_id: JobId, items: Sequence[tuple[PhotoId, CorrelationId]], *, recipe: str
) -> None:
    """Give a job that has not ended more items, behind those it has."""
    row = database.one("job_by_id", id=job_id)
    assert row is not None
    session_id, priority = SessionId(row["session_id"]), int(row["priority"])
    turn = take_turns(database, session_id, priority=priority, count=len(items))
    insert_items(database, Place(job_id, session_id, priority, turn), items, recipe=recipe)
    if row["paused"]:
        database.run("hold_items", job_id=job_id, held=True)


def return_to_background(
    database: Database,
    journal: Journal,
    job: Job,
    rows: Sequence[Row],
    *,
    join: bool = False,
    now_usec: int,
) -> list[PhotoId]:
    """Queue what the canceled items of a job left undone as a backfill, and tell of that new job.

    With `join` they go to the backfill that others of this job have gone to, if that is still open.
    Returns the photos that changed, which the caller is to tell of.
    """
    photos = read_photos_by_id(database, [PhotoId(row["photo_id"]) for row in rows])
    undone = [
        (photo, row["recipe"])
        for photo, row in ((photos[row["photo_id"]], row) for row in rows)
        if photo.state not in {PhotoState.DEVELOPED, PhotoState.MISSING} and photo.discarded_by is None
    ]
    for recipe in dict.fromkeys(recipe for _, recipe in undone):
        left = [photo for photo, wanted in undone if wanted == recipe]
        items = [(photo.id, photo.correlation_id) for photo in left]
        other = _open_backfill(database, job) if join else None
        if other is not None:
            join_job(database, other, items, recipe=recipe)
            journal.job(other)
            continue
        backfill = Request(
            JobKind.BACKFILL,
            left[0].session_id,
            job.label,
            job.correlation_id,
            PRIORITY_OF_KIND[JobKind.BACKFILL],
        )
        place = insert_job(database, backfill, count=len(left), now_usec=now_usec)
        insert_items(database, place, items, recipe=recipe)
        journal.job(place.job_id, "job.created")
    return [photo.id for photo, _ in undone if wait_anew(database, photo, now_usec=now_usec)]


def _open_backfill(database: Database, job: Job) -> JobId | None:
    row = database.one(
        "open_backfill",
        session_id=job.session_id,
        correlation_id=job.correlation_id,
        after=job.id,
    )
    return None if row is None else JobId(row["id"])


def takes_over(database: Database, job: Job, *, reason: str) -> bool:
    """Tell whether the job goes on with what another one left that was stopped for this reason."""
    row = database.one(
        "stopped_before",
        session_id=job.session_id,
        correlation_id=job.correlation_id,
        id=job.id,
        reason=reason,
    )
    assert row is not None
    return bool(row["found"])


def wait_anew(database: Database, photo: Photo, *, now_usec: int) -> bool:
    """Let the photo show that it waits and nothing else; return whether that is new."""
    state = waiting_state(has_output=bool(photo.outputs))
    if photo.state is state and photo.failure is None and not photo.aged:
        return False
    database.run("photo_queued_again", id=photo.id, state=state, now=now_usec)
    return True
