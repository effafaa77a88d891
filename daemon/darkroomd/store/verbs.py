"""What clients do to jobs: each function is one transition for all the jobs it names, or for none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from darkroom.errors import InvalidJobState, InvalidParameter
from darkroom.protocol.types import Failure, ItemState, JobState, Priority
from darkroomd.core.lifecycle import waiting_state
from darkroomd.core.model import Happening, Job, JobId, PhotoId, PhotoState, SessionId
from darkroomd.store.catalogue import read_job, read_photo
from darkroomd.store.database import Database
from darkroomd.store.journal import Journal
from darkroomd.store.queue import after_end
from darkroomd.store.rows import PRIORITIES, failure_text, json_text
from darkroomd.store.turns import take_turns

CANCELED_BY_CLIENT: Final = "canceled_by_client"
CLEARED_AT_ONCE: Final = 500
"""Jobs forgotten in one transaction, so that nobody waits long for the next one."""


def cancel_jobs(
    database: Database,
    job_ids: Sequence[JobId],
    *,
    failure: Failure,
    reason: str,
    by_client: bool = True,
    now_usec: int,
) -> tuple[list[JobId], list[Happening]]:
    """Cancel the jobs' queued items and mark the jobs; running items are for the scheduler to stop.

    Jobs that were canceled by a client end as canceled, others as what became of their items. Returns the
    jobs that had not ended. A photo that is left without an output shows `failure`.
    """
    journal = Journal(database, now_usec)
    jobs = [job for job in _jobs(database, job_ids) if job.ended_at_usec is None]
    for job in jobs:
        database.run("cancel_job", id=job.id, canceling=by_client, reasons=json_text([reason]))
        rows = database.all("cancel_queued_items", job_id=job.id, failure=failure_text(failure), now=now_usec)
        for row in rows:
            _leave_photo(database, journal, PhotoId(row["photo_id"]), failure, now_usec=now_usec)
            after_end(database, journal, row, now_usec=now_usec, tell_job=False)
        journal.job(job.id)
        _tell_session(journal, job)
    return [job.id for job in jobs], journal.happenings


def retry_jobs(
    database: Database, job_ids: Sequence[JobId], *, include_canceled: bool, now_usec: int
) -> tuple[tuple[list[JobId], int], list[Happening]]:
    """Queue the failed (and canceled) items of ended jobs again; return those jobs and the number of items.

    An item whose photo is being worked on by another job is left as it is.
    """
    states = [ItemState.FAILED, *([ItemState.CANCELED] if include_canceled else [])]
    journal = Journal(database, now_usec)
    revived: list[JobId] = []
    count = 0
    for job in _in_state(_jobs(database, job_ids), lambda job: job.ended_at_usec is not None):
        rows = database.all("revive_items", job_id=job.id, states=json_text(states))
        if not rows:
            continue
        database.run("revive_job", id=job.id)
        _reorder(database, job, job.priority, count=len(rows))
        for row in rows:
            photo = read_photo(database, PhotoId(row["photo_id"]))
            state = waiting_state(has_output=bool(photo.outputs))
            database.run("photo_queued_again", id=photo.id, state=state, now=now_usec)
            journal.item(row)
            journal.photo(photo.id)
        journal.job(job.id)
        _tell_session(journal, job)
        revived.append(job.id)
        count += len(rows)
    return (revived, count), journal.happenings


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
        waiting = database.one("count_queued_items", id=job.id)
        _reorder(database, job, priority, count=0 if waiting is None else waiting["queued"])
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
        if job.session_id is not None:
            database.run("note_turn_given", session_id=job.session_id, priority=priority, turn=turn)
    for job in jobs:
        journal.job(job.id)
    return [job.id for job in jobs], journal.happenings


def clear_jobs(
    database: Database, *, states: Sequence[JobState], ended_before_usec: int | None, now_usec: int
) -> tuple[int, list[Happening]]:
    """Forget some ended jobs with their items; return how many, at most `CLEARED_AT_ONCE`."""
    journal = Journal(database, now_usec)
    rows = database.all(
        "clearable_jobs",
        states=json_text(list(states)),
        ended_before=ended_before_usec,
        limit=CLEARED_AT_ONCE,
    )
    for row in rows:
        database.run("delete_items", job_id=row["id"])
        database.run("delete_job", id=row["id"])
        session_id = None if row["session_id"] is None else SessionId(row["session_id"])
        journal.job_removed(JobId(row["id"]), session_id)
    return len(rows), journal.happenings


def _jobs(database: Database, job_ids: Sequence[JobId]) -> list[Job]:
    """Return the jobs once each, in the given order; raise `NoSuchJob`."""
    return [read_job(database, job_id) for job_id in dict.fromkeys(job_ids)]


def _in_state(jobs: Sequence[Job], fits: Callable[[Job], bool]) -> Sequence[Job]:
    for job in jobs:
        if not fits(job):
            raise InvalidJobState(job.id, job.state)
    return jobs


def _is_live(job: Job) -> bool:
    return job.ended_at_usec is None and job.state is not JobState.CANCELING


def _is_waiting(job: Job) -> bool:
    return _is_live(job) and job.started_at_usec is None


def _is_paused(database: Database, job_id: JobId) -> bool:
    row = database.one("job_by_id", id=job_id)
    return row is not None and bool(row["paused"])


def _reorder(database: Database, job: Job, priority: Priority, *, count: int) -> None:
    rank = PRIORITIES.index(priority)
    turn = take_turns(database, job.session_id or SessionId(""), priority=rank, count=count)
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


def _leave_photo(
    database: Database, journal: Journal, photo_id: PhotoId, failure: Failure, *, now_usec: int
) -> None:
    photo = read_photo(database, photo_id)
    if photo.state in {PhotoState.WAITING, PhotoState.OUTDATED}:
        database.run(
            "photo_failed", id=photo_id, state=PhotoState.FAILED, failure=failure_text(failure), now=now_usec
        )
        journal.photo(photo_id)


def _tell_session(journal: Journal, job: Job) -> None:
    if job.session_id is not None:
        journal.session(job.session_id)
