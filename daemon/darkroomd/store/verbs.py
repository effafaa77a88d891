"""What clients do to jobs: each function is one transition for all the jobs it names, or for none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from darkroom.errors import InvalidJobState, InvalidParameter
from darkroom.protocol.types import Failure, ItemState, JobState, Priority
from darkroomd.core.archive_request import was_refused
from darkroomd.core.cancellation import canceled
from darkroomd.core.lifecycle import is_live
from darkroomd.core.model import Happening, Job, JobId, JobKind, PhotoId, PhotoState, SessionId
from darkroomd.store.background import return_to_background, wait_anew
from darkroomd.store.catalogue import read_job, read_photos_by_id
from darkroomd.store.database import Database, Row
from darkroomd.store.exports import reclaim
from darkroomd.store.journal import Journal
from darkroomd.store.queue import after_ends
from darkroomd.store.rows import PRIORITIES, failure_from, failure_text, json_text
from darkroomd.store.turns import lane_of, take_turns

CANCELED_BY_CLIENT: Final = "canceled_by_client"
CLEARED_AT_ONCE: Final = 500
"""Jobs forgotten in one transaction, so that nobody waits long for the next one."""

CLEARED_ITEMS: Final = 5_000
"""Items after which no further job is forgotten in the same transaction."""

CHANGED_AT_ONCE: Final = 500
"""Items canceled or revived in one transaction, for the same reason."""


def creators(database: Database, job_ids: Sequence[JobId]) -> list[int | None]:
    """Return the user who asked for each job; None: nobody did, or there is no such job."""
    rows = [database.one("job_by_id", id=job_id) for job_id in job_ids]
    return [None if row is None else row["creator_uid"] for row in rows]


def cancel_jobs(
    database: Database,
    job_ids: Sequence[JobId],
    *,
    failure: Failure,
    reason: str,
    by_client: bool = True,
    most: int = CHANGED_AT_ONCE,
    now_usec: int,
) -> tuple[list[JobId], list[Happening]]:
    """Cancel the jobs' queued items and mark the jobs; running items are for the scheduler to stop.

    Jobs that were canceled by a client end as canceled, others as what became of their items. Returns the
    jobs that had not ended. A photo that is left without an output shows `failure`, but for those of an
    export, and of a backfill that no client canceled: they return to the background queue.

    Of more than `most` items the rest waits, and none of it is started any more if a client canceled: that
    is for `go_on_canceling`. Others call again as long as a job is returned.
    """
    journal = Journal(database, now_usec)
    jobs = [job for job in _jobs(database, job_ids) if job.ended_at_usec is None]
    changed: list[PhotoId] = []
    left = most
    # One that is being canceled already is only waited for.
    for job in (job for job in jobs if is_live(job.state)):
        database.run("cancel_job", id=job.id, canceling=by_client, reasons=json_text([reason]))
        # At least one of each, which keeps the failure that the others are to have.
        # What was found is nobody's to ask for: it would be forgotten behind photos that fail.
        goes_on = job.kind is JobKind.EXPORT or (job.kind is JobKind.BACKFILL and not by_client)
        canceling = _Canceling(job, failure, to_background=goes_on)
        count, photo_ids = _cancel_some(database, journal, canceling, most=max(1, left), now_usec=now_usec)
        changed += photo_ids
        left -= count
        if by_client:
            database.run("hold_items", job_id=job.id, held=True)
        journal.job(job.id)
    _tell_photos(database, journal, changed)
    return [job.id for job in jobs], journal.happenings


def go_on_canceling(
    database: Database, *, most: int = CHANGED_AT_ONCE, now_usec: int
) -> tuple[bool, list[Happening]]:
    """Cancel some of what still waits in the first job that a client canceled; False: there is none."""
    row = database.one("job_to_cancel")
    if row is None:
        return False, []
    job = read_job(database, JobId(row["id"]))
    example = database.one("failure_of_canceled", job_id=job.id)
    failure = None if example is None else failure_from(example["failure"])
    journal = Journal(database, now_usec)
    canceling = _Canceling(job, failure or canceled(), to_background=job.kind is JobKind.EXPORT)
    _, changed = _cancel_some(database, journal, canceling, most=most, now_usec=now_usec)
    journal.job(job.id)
    _tell_photos(database, journal, changed)
    return True, journal.happenings


def has_waiting(database: Database, job_id: JobId) -> bool:
    """Tell whether items of the job wait."""
    row = database.one("job_by_id", id=job_id)
    return row is not None and row["queued"] > 0


@dataclass(frozen=True, slots=True)
class _Canceling:
    """A job, what its items and their photos are to show, and whether somebody else develops those."""

    job: Job
    failure: Failure
    to_background: bool


def _cancel_some(
    database: Database, journal: Journal, canceling: _Canceling, *, most: int, now_usec: int
) -> tuple[int, list[PhotoId]]:
    """Cancel queued items of the job; return how many, and the photos that change by that."""
    job, failure = canceling.job, canceling.failure
    rows = database.all(
        "cancel_queued_items", job_id=job.id, failure=failure_text(failure), most=most, now=now_usec
    )
    rows.sort(key=_place)
    after_ends(database, journal, rows, now_usec=now_usec)
    changed: list[PhotoId] = []
    if canceling.to_background:
        changed = return_to_background(database, journal, job, rows, join=True, now_usec=now_usec)
    elif job.kind is not JobKind.ARCHIVE:
        changed = _leave_photos(database, rows, failure, now_usec=now_usec)
    return len(rows), changed


def retry_jobs(
    database: Database,
    job_ids: Sequence[JobId],
    *,
    include_canceled: bool,
    most: int = CHANGED_AT_ONCE,
    now_usec: int,
) -> tuple[tuple[list[JobId], int], list[Happening]]:
    """Queue the failed (and canceled) items of ended jobs again; return those jobs and the number of items.

    An item whose photo is being worked on by another job is left as it is; but an export and a backfill take
    back what waits in the background. An archive that was refused is left as it is: a part of it is not what
    was asked for. Of more than `most` items in a job the rest is for `go_on_retrying`.
    """
    journal = Journal(database, now_usec)
    revived: list[JobId] = []
    changed: list[PhotoId] = []
    count = 0
    ended = _in_state(_jobs(database, job_ids), _has_ended)
    for job in (job for job in ended if not was_refused(job)):
        rows = _revive(
            database, journal, job, include_canceled=include_canceled, most=most, now_usec=now_usec
        )
        if not rows:
            continue
        database.run("revive_job", id=job.id)
        _reorder(database, job, job.priority)
        changed += _tell_revived(database, journal, job, rows, now_usec=now_usec)
        revived.append(job.id)
        count += len(rows)
    _tell_photos(database, journal, changed)
    return (revived, count), journal.happenings


def go_on_retrying(
    database: Database,
    job_id: JobId,
    *,
    include_canceled: bool,
    most: int = CHANGED_AT_ONCE,
    now_usec: int,
) -> tuple[int, list[Happening]]:
    """Queue more of the items of a job that is being retried, behind those it has; return how many.

    That is 0 if the job has ended, was canceled or forgotten meanwhile.
    """
    row = database.one("job_by_id", id=job_id)
    if row is None or not is_live(JobState(row["state"])):
        return 0, []
    job = read_job(database, job_id)
    journal = Journal(database, now_usec)
    rows = _revive(database, journal, job, include_canceled=include_canceled, most=most, now_usec=now_usec)
    if not rows:
        return 0, journal.happenings
    rank = PRIORITIES.index(job.priority)
    turn = take_turns(database, lane_of(job), priority=rank, count=len(rows))
    places = [
        {"id": each["id"], "priority": rank, "turn": turn + number, "held": row["paused"]}
        for number, each in enumerate(sorted(rows, key=_place))
    ]
    database.many("place_revived_item", places)
    changed = _tell_revived(database, journal, job, rows, now_usec=now_usec)
    _tell_photos(database, journal, changed)
    return len(rows), journal.happenings


def _revive(
    database: Database, journal: Journal, job: Job, *, include_canceled: bool, most: int, now_usec: int
) -> list[Row]:
    states = json_text([ItemState.FAILED, *([ItemState.CANCELED] if include_canceled else [])])
    if job.kind in {JobKind.EXPORT, JobKind.BACKFILL}:
        reclaim(database, journal, job.id, states, most=most, now_usec=now_usec)
    return database.all("revive_items", job_id=job.id, states=states, most=most)


def _tell_revived(
    database: Database, journal: Journal, job: Job, rows: Sequence[Row], *, now_usec: int
) -> list[PhotoId]:
    """Tell of the items and their job, and return the photos that wait by that and did not before."""
    for row in rows:
        journal.item(row)
    journal.job(job.id)
    if job.kind is JobKind.ARCHIVE:
        # It shows what was archived of it nowhere.
        return []
    photos = read_photos_by_id(database, [PhotoId(row["photo_id"]) for row in rows])
    return [photo.id for photo in photos.values() if wait_anew(database, photo, now_usec=now_usec)]


def pause_jobs(
    database: Database, job_ids: Sequence[JobId], *, paused: bool, now_usec: int
) -> tuple[list[JobId], list[Happening]]:
    """Hold back the queued items of jobs that have not ended, or let them go; return what changed."""
    journal = Journal(database, now_usec)
    changed: list[JobId] = []
    for job in _in_state(_jobs(database, job_ids), _is_live):
        if _is_paused(database, job.id) is paused:
            continue
        database.run("pause_job", id=job.id, paused=paused)
        database.run("hold_items", job_id=job.id, held=paused)
        journal.job(job.id)
        changed.append(job.id)
    return changed, journal.happenings


def set_priority(
    database: Database, job_ids: Sequence[JobId], priority: Priority, *, now_usec: int
) -> tuple[list[JobId], list[Happening]]:
    """Give jobs that have not ended another priority; among equals they come as if they were new."""
    journal = Journal(database, now_usec)
    jobs = list(_in_state(_jobs(database, job_ids), _is_live))
    for job in jobs:
        _reorder(database, job, priority)
    # Told at last: each has its place only once all have theirs.
    for job in jobs:
        journal.job(job.id)
    return [job.id for job in jobs], journal.happenings


def move_jobs(
    database: Database, job_ids: Sequence[JobId], *, before: JobId | None, now_usec: int
) -> tuple[list[JobId], list[Happening]]:
    """Put waiting jobs, in the given order, before another waiting job, or behind all others."""
    jobs = list(_in_state(_jobs(database, job_ids), _is_waiting))
    if before is not None and before in job_ids:
        raise InvalidParameter("beforeJobId")
    if not jobs:
        return [], []
    place = _end_of_queue(database, jobs) if before is None else _room_before(database, before, len(jobs))
    priority, turn, position = place
    journal = Journal(database, now_usec)
    for number, job in enumerate(jobs):
        values = {"priority": priority, "turn": turn, "position": position + number}
        database.run("place_items", job_id=job.id, **values)
        database.run("place_job", id=job.id, **values)
        if lane := lane_of(job):
            database.run("note_turn_given", session_id=lane, priority=priority, turn=turn)
    for job in jobs:
        journal.job(job.id)
    return [job.id for job in jobs], journal.happenings


def clear_jobs(
    database: Database, *, states: Sequence[JobState], ended_before_usec: int | None, now_usec: int
) -> tuple[int, list[Happening]]:
    """Forget some ended jobs with their items; return how many, at most `CLEARED_AT_ONCE`.

    No further one once there are more than `CLEARED_ITEMS` items.
    """
    journal = Journal(database, now_usec)
    rows = database.all(
        "clearable_jobs",
        states=json_text(list(states)),
        ended_before=ended_before_usec,
        limit=CLEARED_AT_ONCE,
    )
    jobs = items = 0
    for row in rows:
        if items > CLEARED_ITEMS:
            break
        jobs, items = jobs + 1, items + row["total"]
        database.run("delete_items", job_id=row["id"])
        database.run("delete_job", id=row["id"])
        session_id = None if row["session_id"] is None else SessionId(row["session_id"])
        journal.job_removed(JobId(row["id"]), session_id)
    return jobs, journal.happenings


def _jobs(database: Database, job_ids: Sequence[JobId]) -> list[Job]:
    """Return the jobs once each, in the given order; raise `NoSuchJob`."""
    return [read_job(database, job_id) for job_id in dict.fromkeys(job_ids)]


def _in_state(jobs: Sequence[Job], fits: Callable[[Job], bool]) -> Sequence[Job]:
    for job in jobs:
        if not fits(job):
            raise InvalidJobState(job.id, job.state)
    return jobs


def _is_live(job: Job) -> bool:
    return is_live(job.state)


def _has_ended(job: Job) -> bool:
    return job.ended_at_usec is not None


def _is_waiting(job: Job) -> bool:
    return _is_live(job) and job.started_at_usec is None


def _is_paused(database: Database, job_id: JobId) -> bool:
    row = database.one("job_by_id", id=job_id)
    return row is not None and bool(row["paused"])


def _reorder(database: Database, job: Job, priority: Priority) -> None:
    rank = PRIORITIES.index(priority)
    # The running item takes its place as well, for the case that it is put back.
    left = database.one("count_items_left", id=job.id)
    count = 0 if left is None else left["items"]
    turn = take_turns(database, lane_of(job), priority=rank, count=count)
    database.run("reorder_items", job_id=job.id, priority=rank, turn=turn)
    database.run("place_job", id=job.id, priority=rank, turn=turn, position=0)


def _room_before(database: Database, before: JobId, count: int) -> tuple[int, int, int]:
    _in_state(_jobs(database, [before]), _is_waiting)
    row = database.one("job_by_id", id=before)
    assert row is not None
    place = {name: row[name] for name in ("priority", "turn", "position")}
    # What stands before it at the same turn moves up, so that the jobs fit in between.
    database.run("make_room_among_items", count=count + 1, job_id=before, **place)
    database.run("make_room_among_jobs", count=count + 1, job_id=before, **place)
    return row["priority"], row["turn"], row["position"] - count


def _end_of_queue(database: Database, jobs: Sequence[Job]) -> tuple[int, int, int]:
    last = database.one("last_waiting_job", job_ids=json_text([job.id for job in jobs]))
    # Where nobody else waits there is no neighbour, and still an order among them.
    priority = PRIORITIES.index(jobs[0].priority) if last is None else last["priority"]
    turn = database.one("last_turn", priority=priority)
    furthest = 0 if turn is None or turn["turn"] is None else turn["turn"]
    return priority, max(0 if last is None else last["turn"], furthest) + 1, 0


def _leave_photos(
    database: Database, rows: Sequence[Row], failure: Failure, *, now_usec: int
) -> list[PhotoId]:
    """Let the photos of canceled items show that nobody develops them; return those that change by that."""
    # Only their states are asked for: whole photos are dear to read, and told of later.
    states = {
        row["id"]: row["state"]
        for row in database.all("photos_by_id", photo_ids=json_text([row["photo_id"] for row in rows]))
    }
    photo_ids = dict.fromkeys(PhotoId(row["photo_id"]) for row in rows)
    left = [one for one in photo_ids if states.get(one) in {PhotoState.WAITING, PhotoState.OUTDATED}]
    shown = {"state": PhotoState.FAILED, "failure": failure_text(failure), "now": now_usec}
    database.many("photo_failed", ({**shown, "id": photo_id} for photo_id in left))
    return left


def _tell_photos(database: Database, journal: Journal, photo_ids: Sequence[PhotoId]) -> None:
    """Tell of the photos and of their sessions, once each."""
    photos = read_photos_by_id(database, photo_ids).values()
    for photo in photos:
        journal.photo_as(photo)
    for session_id in dict.fromkeys(photo.session_id for photo in photos):
        journal.session(session_id)


def _place(row: Row) -> tuple[int, int, int]:
    return row["turn"], row["position"], row["id"]
