"""Writing: each function is one transition, to be run inside one transaction, and tells what happened."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from darkroom.protocol.types import Failure, ItemState, JobState, Priority
from darkroomd.core.cancellation import canceled
from darkroomd.core.lifecycle import waiting_state
from darkroomd.core.model import (
    Arrival,
    Claim,
    CorrelationId,
    Fingerprint,
    Happening,
    Item,
    JobId,
    JobKind,
    Output,
    Photo,
    PhotoId,
    PhotoState,
    Session,
    SessionId,
)
from darkroomd.core.queue_order import first_turn
from darkroomd.core.story import LogLine
from darkroomd.store.catalogue import find_photo, read_job, read_photo, read_session
from darkroomd.store.database import Database, Row
from darkroomd.store.journal import Journal, write_log_lines
from darkroomd.store.rows import (
    PRIORITIES,
    failure_text,
    fingerprint_text,
    json_text,
    output_values,
    session_from,
)

PRIORITY_OF_KIND = {
    JobKind.DEVELOP: Priority.NORMAL,
    JobKind.BACKFILL: Priority.LOW,
    JobKind.EXPORT: Priority.HIGH,
    JobKind.ARCHIVE: Priority.NORMAL,
}


@dataclass(frozen=True, slots=True)
class Queued:
    """The photo has a live item in this job."""

    photo_id: PhotoId
    job_id: JobId


@dataclass(frozen=True, slots=True)
class Ending:
    """How an item ended.

    `captured_at_usec` and `camera` are what the RAW file says; both only count with an output.
    """

    state: ItemState
    output: Output | None = None
    failure: Failure | None = None
    photo_state: PhotoState | None = None
    captured_at_usec: int | None = None
    camera: str = ""
    lines: tuple[LogLine, ...] = ()


@dataclass(frozen=True, slots=True)
class NewJob:
    """What a job is made of, beside its items."""

    kind: JobKind
    session_id: SessionId
    label: str
    correlation_id: CorrelationId


def add_session(
    database: Database, folder: Path, *, name: str, session_id: SessionId, now_usec: int
) -> tuple[Session, list[Happening]]:
    """Make the session known, or return it as it is already known by its folder."""
    path = os.fsencode(folder)
    row = database.one("session_by_folder", folder=path)
    if row is not None:
        return session_from(row), []
    row = database.one("insert_session", id=session_id, folder=path, name=name, preset_id=None, now=now_usec)
    if row is None:
        raise RuntimeError(f"The session id {session_id} belongs to another folder than {folder}.")
    journal = Journal(database, now_usec)
    journal.session(session_id, "session.added")
    return session_from(row), journal.happenings


def arrive(
    database: Database, arrival: Arrival, *, photo_id: PhotoId, kind: JobKind, recipe: str, now_usec: int
) -> tuple[Queued, list[Happening]]:
    """Record the photo as it settled and give it a job of its own, unless an item for it is live."""
    journal = Journal(database, now_usec)
    session = read_session(database, arrival.session_id)
    known = _record_photo(database, session, arrival, photo_id=photo_id, now_usec=now_usec)
    live = database.one("live_item_of_photo", photo_id=photo_id, recipe=recipe)
    if live is not None:
        database.run("promote_item", id=live["id"], correlation_id=arrival.correlation_id)
        job_id = JobId(live["job_id"])
    else:
        job = NewJob(kind, arrival.session_id, arrival.name, arrival.correlation_id)
        job_id = _insert_job(database, job, [(photo_id, arrival)], recipe=recipe, now_usec=now_usec)
    journal.photo(photo_id, "photo.changed" if known else "photo.added")
    if live is None:
        journal.job(job_id, "job.created")
    journal.session(arrival.session_id)
    return Queued(photo_id, job_id), journal.happenings


def arrive_many(
    database: Database,
    arrivals: Sequence[tuple[PhotoId, Arrival]],
    *,
    job: NewJob,
    recipe: str,
    now_usec: int,
) -> tuple[JobId | None, list[Happening]]:
    """Record photos that were found without output, and queue those without a live item as one job."""
    journal = Journal(database, now_usec)
    session = read_session(database, job.session_id)
    wanted: list[tuple[PhotoId, Arrival]] = []
    for photo_id, arrival in arrivals:
        known = _record_photo(database, session, arrival, photo_id=photo_id, now_usec=now_usec)
        if database.one("live_item_of_photo", photo_id=photo_id, recipe=recipe) is None:
            wanted.append((photo_id, arrival))
        journal.photo_in_bulk(photo_id, "photo.changed" if known else "photo.added", session)
    job_id = _insert_job(database, job, wanted, recipe=recipe, now_usec=now_usec) if wanted else None
    if job_id is not None:
        journal.job(job_id, "job.created")
    if arrivals:
        journal.session(job.session_id)
    return job_id, journal.happenings


def adopt(
    database: Database,
    arrival: Arrival,
    output: Output,
    *,
    attempts: int,
    last_attempt_at_usec: int | None,
    now_usec: int,
) -> list[Happening]:
    """Record a photo whose output is known to be up to date from the session's own record."""
    journal = Journal(database, now_usec)
    session = read_session(database, arrival.session_id)
    known = _record_photo(database, session, arrival, photo_id=output.photo_id, now_usec=now_usec)
    database.run("put_output", **output_values(output))
    database.run(
        "photo_adopted",
        id=output.photo_id,
        attempts=attempts,
        last_attempt_at_usec=last_attempt_at_usec,
        now=now_usec,
    )
    journal.photo(output.photo_id, "photo.changed" if known else "photo.added")
    journal.session(arrival.session_id)
    return journal.happenings


def refresh_fingerprint(
    database: Database, photo_id: PhotoId, fingerprint: Fingerprint, *, now_usec: int
) -> None:
    """Record that the same content now stands under another fingerprint."""
    text = fingerprint_text(fingerprint)
    database.run("refresh_fingerprint", id=photo_id, fingerprint=text, now=now_usec)
    database.run("refresh_output_inputs", id=photo_id, fingerprint=text)


def mark_missing(
    database: Database, photo_id: PhotoId, *, recipe: str, failure: Failure, now_usec: int
) -> list[Happening]:
    """Record that the RAW file is gone; its queued item is canceled, its output stays."""
    journal = Journal(database, now_usec)
    live = database.one("live_item_of_photo", photo_id=photo_id, recipe=recipe)
    database.run("set_photo_state", id=photo_id, state=PhotoState.MISSING, now=now_usec)
    row = None
    if live is not None:
        text = failure_text(failure)
        row = database.one("cancel_queued_item", id=live["id"], failure=text, now=now_usec)
    if row is not None:
        after_end(database, journal, row, now_usec=now_usec)
    journal.photo(photo_id, "photo.missing")
    journal.session(read_photo(database, photo_id).session_id)
    return journal.happenings


def claim(
    database: Database,
    *,
    boot: str,
    least_priority: Priority,
    waiting_sessions: Collection[SessionId],
    now_usec: int,
) -> tuple[Claim | None, list[Happening]]:
    """Take the next item: the attempt and a new fence are committed before its work begins."""
    counter = database.one("next_fence")
    if counter is None:
        raise RuntimeError("The fence counter is gone.")
    database.run("ready_retries", now=now_usec)
    row = database.one(
        "claim_item",
        fence=counter["value"],
        boot=boot,
        least_priority=PRIORITIES.index(least_priority),
        waiting_sessions=json_text(sorted(waiting_sessions)),
        now=now_usec,
    )
    if row is None:
        return None, []
    database.run("note_turn_served", priority=row["priority"], turn=row["turn"])
    database.run("job_started", id=row["job_id"], now=now_usec)
    database.run("photo_started", id=row["photo_id"], now=now_usec)
    journal = Journal(database, now_usec)
    item = journal.item(row)
    journal.job(item.job_id)
    journal.photo(PhotoId(row["photo_id"]))
    photo = read_photo(database, PhotoId(row["photo_id"]))
    taken = Claim(
        item=item,
        job=read_job(database, item.job_id),
        photo=photo,
        session=read_session(database, photo.session_id),
        fence=counter["value"],
    )
    return taken, journal.happenings


def record_intent(database: Database, item: Item, *, fence: int, intent: str) -> bool:
    """Commit what is about to be renamed into place; False if this claim is no longer the item's."""
    return database.one("record_intent", id=item.id, fence=fence, intent=intent) is not None


def end(
    database: Database, item: Item, ending: Ending, *, fence: int, now_usec: int
) -> list[Happening] | None:
    """Record how the item of this claim ended; None, and nothing changed, if the claim is stale."""
    failure = failure_text(ending.failure)
    row = database.one("end_item", id=item.id, fence=fence, state=ending.state, failure=failure, now=now_usec)
    if row is None:
        return None
    photo_id = PhotoId(row["photo_id"])
    if ending.output is not None:
        database.run("put_output", **output_values(ending.output))
        database.run(
            "photo_developed",
            id=photo_id,
            state=ending.photo_state or PhotoState.DEVELOPED,
            captured_at_usec=ending.captured_at_usec,
            camera=ending.camera,
            now=now_usec,
        )
    elif ending.failure is not None:
        state = ending.photo_state or PhotoState.FAILED
        database.run("photo_failed", id=photo_id, state=state, failure=failure, now=now_usec)
    write_log_lines(database, ending.lines)
    photo = read_photo(database, photo_id)
    if ending.state is not ItemState.CANCELED:
        _take_sample(database, row, photo, ending, now_usec=now_usec)
    journal = Journal(database, now_usec)
    after_end(database, journal, row, now_usec=now_usec)
    journal.photo(photo_id)
    journal.session(photo.session_id)
    return journal.happenings


def put_back(
    database: Database,
    item: Item,
    *,
    fence: int,
    failure: Failure | None,
    retry_at_usec: int | None,
    refund: bool,
    now_usec: int,
) -> list[Happening] | None:
    """Queue the item again; with `refund` the attempt was not the photo's and is not counted."""
    row = database.one(
        "put_back_item",
        id=item.id,
        fence=fence,
        failure=failure_text(failure),
        retry_at_usec=retry_at_usec,
        refund=int(refund),
    )
    if row is None:
        return None
    if read_job(database, JobId(row["job_id"])).state is JobState.CANCELING:
        # Canceled while its work was being put away: there is no queue to go back to.
        return _cancel(database, row, failure or canceled(), now_usec=now_usec)
    photo = read_photo(database, PhotoId(row["photo_id"]))
    state = waiting_state(has_output=bool(photo.outputs))
    reason = failure_text(failure)
    database.run("photo_put_back", id=photo.id, state=state, failure=reason, refund=int(refund), now=now_usec)
    if refund:
        database.run("job_waits_again", id=row["job_id"])
    journal = Journal(database, now_usec)
    journal.item(row)
    journal.job(JobId(row["job_id"]))
    journal.photo(photo.id)
    return journal.happenings


def _cancel(database: Database, row: Row, failure: Failure, *, now_usec: int) -> list[Happening]:
    text, photo_id = failure_text(failure), PhotoId(row["photo_id"])
    row = database.one("cancel_queued_item", id=row["id"], failure=text, now=now_usec) or row
    database.run("photo_failed", id=photo_id, state=PhotoState.FAILED, failure=text, now=now_usec)
    journal = Journal(database, now_usec)
    after_end(database, journal, row, now_usec=now_usec)
    journal.photo(photo_id)
    journal.session(SessionId(row["session_id"]))
    return journal.happenings


def _record_photo(
    database: Database, session: Session, arrival: Arrival, *, photo_id: PhotoId, now_usec: int
) -> Photo | None:
    known = find_photo(database, session, arrival.name)
    state = waiting_state(has_output=bool(known and known.outputs))
    if known is not None and known.state is PhotoState.DEVELOPING:
        # The running item finds out for itself, by the fingerprint, that its work is for nothing.
        state = PhotoState.DEVELOPING
    values: dict[str, object] = {
        "id": photo_id if known is None else known.id,
        "fingerprint": fingerprint_text(arrival.fingerprint),
        "look": arrival.look,
        "preset_id": arrival.preset_id,
        "state": state,
        "unsupported": json_text(arrival.unsupported),
        "warnings": json_text(arrival.warnings),
        "correlation_id": arrival.correlation_id,
        "arrived_at_usec": arrival.arrived_at_usec,
        "now": now_usec,
    }
    if known is None:
        name = os.fsencode(arrival.name)
        database.run("insert_photo", session_id=arrival.session_id, name=name, **values)
    else:
        database.run("replace_photo_inputs", **values)
    return known


def _insert_job(
    database: Database,
    job: NewJob,
    arrivals: Sequence[tuple[PhotoId, Arrival]],
    *,
    recipe: str,
    now_usec: int,
) -> JobId:
    priority = PRIORITIES.index(PRIORITY_OF_KIND[job.kind])
    turn = take_turns(database, job.session_id, priority=priority, count=len(arrivals))
    row = database.one(
        "insert_job",
        kind=job.kind,
        priority=priority,
        turn=turn,
        session_id=job.session_id,
        label=_printable(job.label),
        creator=None,
        creator_uid=None,
        correlation_id=job.correlation_id,
        now=now_usec,
    )
    if row is None:
        raise RuntimeError("INSERT … RETURNING returned no row.")
    for number, (photo_id, arrival) in enumerate(arrivals):
        database.run(
            "insert_item",
            job_id=row["id"],
            photo_id=photo_id,
            session_id=job.session_id,
            recipe=recipe,
            priority=priority,
            turn=turn + number,
            correlation_id=arrival.correlation_id,
        )
    return JobId(row["id"])


def take_turns(database: Database, session_id: SessionId, *, priority: int, count: int) -> int:
    """Return the first of `count` consecutive turns for items of the session; see `core.queue_order`."""
    served = database.one("served_turn", priority=priority)
    given = database.one("last_turn_given", session_id=session_id, priority=priority)
    first = first_turn(
        served=0 if served is None else served["value"], last_given=None if given is None else given["turn"]
    )
    database.run("note_turn_given", session_id=session_id, priority=priority, turn=first + count - 1)
    return first


def after_end(
    database: Database, journal: Journal, row: Row, *, now_usec: int, tell_job: bool = True
) -> None:
    """Bring the job of an item that ended up to date, and tell of both."""
    job_id = JobId(row["job_id"])
    if row["failure"] is not None:
        database.run("job_first_failure", id=job_id, failure=row["failure"])
    database.run("job_ended", id=job_id, now=now_usec)
    journal.item(row)
    if tell_job:
        journal.job(job_id)


def _take_sample(database: Database, row: Row, photo: Photo, ending: Ending, *, now_usec: int) -> None:
    database.run(
        "insert_sample",
        ended_at_usec=now_usec,
        session_id=photo.session_id,
        preset_id=photo.preset_id,
        camera=photo.camera,
        failed=ending.output is None,
        bytes_read=photo.fingerprint.size_bytes,
        bytes_written=0 if ending.output is None else ending.output.size_bytes,
        busy_usec=max(0, now_usec - (row["started_at_usec"] or now_usec)),
        latency_usec=max(0, now_usec - photo.arrived_at_usec),
    )


def _printable(label: str) -> str:
    # A file name that is not UTF-8 cannot be stored as text nor sent as JSON.
    return os.fsencode(label).decode("utf-8", "replace")
