"""Photos that come, are found, or go: each function is one transition, inside one transaction."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from darkroom.protocol.types import Failure
from darkroomd.core.culling import after_rating
from darkroomd.core.freshness import is_same_file
from darkroomd.core.lifecycle import waiting_state
from darkroomd.core.model import (
    Arrival,
    CorrelationId,
    Happening,
    JobId,
    JobKind,
    Past,
    Photo,
    PhotoId,
    PhotoState,
    Session,
    SessionId,
)
from darkroomd.core.session_names import other_session_id
from darkroomd.store.background import Request, insert_items, insert_job, is_open, join_job
from darkroomd.store.bulk import insert_photos
from darkroomd.store.catalogue import find_photo, read_photo, read_session
from darkroomd.store.database import Database
from darkroomd.store.journal import Journal
from darkroomd.store.queue import after_end
from darkroomd.store.rows import (
    failure_text,
    fingerprint_text,
    json_text,
    photo_from,
    session_from,
)
from darkroomd.store.turns import PRIORITY_OF_KIND


@dataclass(frozen=True, slots=True)
class Queued:
    """The photo has a live item in this job; None: it is discarded, and has none."""

    photo_id: PhotoId
    job_id: JobId | None


@dataclass(frozen=True, slots=True)
class NewJob:
    """What a job is made of, beside its items."""

    kind: JobKind
    session_id: SessionId
    label: str
    correlation_id: CorrelationId


def add_session(
    database: Database,
    folder: Path,
    *,
    name: str,
    session_id: SessionId,
    preset_id: str | None = None,
    now_usec: int,
) -> tuple[Session, list[Happening]]:
    """Make the session known, or return it as it is already known by its folder.

    Where the id belongs to a session that was elsewhere, it gets the next one.
    """
    path = os.fsencode(folder)
    row = database.one("session_by_folder", folder=path)
    if row is not None:
        return session_from(row), []
    ids = chain([session_id], (other_session_id(session_id, number) for number in count(2)))
    free = next(each for each in ids if database.one("session_by_id", id=each) is None)
    row = database.one("insert_session", id=free, folder=path, name=name, preset_id=preset_id, now=now_usec)
    assert row is not None
    journal = Journal(database, now_usec)
    journal.session(free, "session.added")
    return session_from(row), journal.happenings


def arrive(
    database: Database, arrival: Arrival, *, photo_id: PhotoId, kind: JobKind, recipe: str, now_usec: int
) -> tuple[Queued, list[Happening]]:
    """Record the photo as it settled and give it a job of its own, unless an item for it is live.

    A photo that is discarded is recorded and nothing else.
    """
    journal = Journal(database, now_usec)
    session = read_session(database, arrival.session_id)
    known, photo = record_photo(database, session, arrival, photo_id=photo_id, now_usec=now_usec)
    live = database.one("live_item_of_photo", photo_id=photo.id, recipe=recipe)
    job_id = None
    if live is not None:
        promoted = database.one("promote_item", id=live["id"], correlation_id=arrival.correlation_id)
        if promoted is not None:
            journal.item(promoted)
        job_id = JobId(live["job_id"])
    elif photo.discarded_by is None:
        job = NewJob(kind, arrival.session_id, arrival.name, arrival.correlation_id)
        job_id = _insert_job(
            database, job, [(photo.id, arrival.correlation_id)], recipe=recipe, now_usec=now_usec
        )
    journal.photo(photo.id, "photo.changed" if known else "photo.added")
    if live is None and job_id is not None:
        journal.job(job_id, "job.created")
    journal.session(arrival.session_id)
    return Queued(photo.id, job_id), journal.happenings


def arrive_many(
    database: Database,
    arrivals: Sequence[tuple[PhotoId, Arrival]],
    *,
    job: NewJob,
    recipe: str,
    into: JobId | None = None,
    now_usec: int,
) -> tuple[JobId | None, list[Happening]]:
    """Record photos that were found without output, and queue those without a live item as one job.

    They join the job `into` as long as that has not ended. Returns their job; None: all are in others.
    """
    journal = Journal(database, now_usec)
    session = read_session(database, job.session_id)
    wanted = _record_found(database, journal, session, arrivals, recipe=recipe, now_usec=now_usec)
    job_id = None
    if wanted and into is not None and is_open(database, into):
        job_id = into
        join_job(database, job_id, wanted, recipe=recipe)
        journal.job(job_id)
    elif wanted:
        job_id = _insert_job(database, job, wanted, recipe=recipe, now_usec=now_usec)
        journal.job(job_id, "job.created")
    if arrivals:
        journal.session(job.session_id)
    return job_id, journal.happenings


def _record_found(
    database: Database,
    journal: Journal,
    session: Session,
    arrivals: Sequence[tuple[PhotoId, Arrival]],
    *,
    recipe: str,
    now_usec: int,
) -> list[tuple[PhotoId, CorrelationId]]:
    """Record photos of one session and tell of them; return those that are to be queued."""
    wanted: list[tuple[PhotoId, CorrelationId]] = []
    # Most photos of a backfill are new: one list of names spares thousands of them a look each.
    names = {row["name"] for row in database.all("photo_names", session_id=session.id)}
    new: list[dict[str, object]] = []
    again: list[tuple[PhotoId, Arrival]] = []
    for photo_id, arrival in arrivals:
        name = os.fsencode(arrival.name)
        if name in names:
            again.append((photo_id, arrival))
        else:
            names.add(name)
            new.append(_new_values(arrival, photo_id=photo_id, now_usec=now_usec))
    for photo in insert_photos(database, session, new, now_usec=now_usec):
        # A photo that was not known has no item: half of the queries of a backfill.
        if photo.discarded_by is None:
            wanted.append((photo.id, photo.correlation_id))
        journal.photo_as(photo, "photo.added")
    for photo_id, arrival in again:
        _, photo = record_photo(database, session, arrival, photo_id=photo_id, now_usec=now_usec)
        if (
            photo.discarded_by is None
            and database.one("live_item_of_photo", photo_id=photo.id, recipe=recipe) is None
        ):
            wanted.append((photo.id, arrival.correlation_id))
        journal.photo_as(photo)
    return wanted


def mark_aged(
    database: Database, session_id: SessionId, photo_ids: Sequence[PhotoId], *, now_usec: int
) -> tuple[int, list[Happening]]:
    """Record that another pipeline would develop these photos differently; none is queued.

    Returns how many were developed and are outdated now.
    """
    return _turn(database, "photo_aged", session_id, photo_ids, now_usec=now_usec)


def mark_renewed(
    database: Database, session_id: SessionId, photo_ids: Sequence[PhotoId], *, now_usec: int
) -> tuple[int, list[Happening]]:
    """Record that these photos, which were outdated by the pipeline alone, are developed as it would do it.

    Returns how many of them are developed now.
    """
    return _turn(database, "photo_renewed", session_id, photo_ids, now_usec=now_usec)


def _turn(
    database: Database, statement: str, session_id: SessionId, photo_ids: Sequence[PhotoId], *, now_usec: int
) -> tuple[int, list[Happening]]:
    turned = [
        photo_id for photo_id in photo_ids if database.one(statement, id=photo_id, now=now_usec) is not None
    ]
    journal = Journal(database, now_usec)
    for photo_id in turned:
        journal.photo(photo_id)
    if turned:
        journal.session(session_id)
    return len(turned), journal.happenings


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


def record_photo(
    database: Database, session: Session, arrival: Arrival, *, photo_id: PhotoId, now_usec: int
) -> tuple[Photo | None, Photo]:
    """Record a photo as it settled; return it as it was known before, if it was, and as it is now.

    A photo that is known keeps its id.
    """
    known = find_photo(database, session, arrival.name)
    if known is None:
        database.run("insert_photo", **_new_values(arrival, photo_id=photo_id, now_usec=now_usec))
        return None, read_photo(database, photo_id)
    state = waiting_state(has_output=bool(known.outputs))
    if known.state is PhotoState.DEVELOPING:
        # The running item finds out for itself, by the fingerprint, that its work is for nothing.
        state = PhotoState.DEVELOPING
    same = is_same_file(known.fingerprint, arrival.fingerprint)
    values = _values(arrival, known, state, photo_id=known.id, now_usec=now_usec)
    if same:
        # To be looked at once more is no arrival.
        values["arrived_at_usec"] = min(known.arrived_at_usec, arrival.arrived_at_usec)
    row = database.one("replace_photo_inputs", same_file=same, **values)
    assert row is not None
    return known, photo_from(row, session.folder, known.outputs)


def _new_values(arrival: Arrival, *, photo_id: PhotoId, now_usec: int) -> dict[str, object]:
    past = arrival.past
    return {
        "session_id": arrival.session_id,
        "name": os.fsencode(arrival.name),
        "attempts": past.attempts,
        "last_attempt_at_usec": past.last_attempt_at_usec,
        "captured_at_usec": past.captured_at_usec,
        "corrected_at_usec": past.corrected_at_usec,
        "zone_minutes": past.zone_minutes,
        "left_out": json_text(past.left_out),
        "camera": past.camera,
        **_values(arrival, past, waiting_state(has_output=False), photo_id=photo_id, now_usec=now_usec),
    }


def _values(
    arrival: Arrival, before: Photo | Past, state: PhotoState, *, photo_id: PhotoId, now_usec: int
) -> dict[str, object]:
    rejected = before.rejected if arrival.rejected is None else arrival.rejected
    return {
        "id": photo_id,
        "fingerprint": fingerprint_text(arrival.fingerprint),
        "look": arrival.look,
        "preset_id": arrival.preset_id,
        "state": state,
        "unsupported": json_text(arrival.unsupported),
        "warnings": json_text(arrival.warnings),
        "discarded_by": after_rating(before.discarded_by, rejected_before=before.rejected, rejected=rejected),
        "rejected": rejected,
        "correlation_id": arrival.correlation_id,
        "arrived_at_usec": arrival.arrived_at_usec,
        "now": now_usec,
    }


def _insert_job(
    database: Database,
    job: NewJob,
    items: Sequence[tuple[PhotoId, CorrelationId]],
    *,
    recipe: str,
    now_usec: int,
) -> JobId:
    request = Request(job.kind, job.session_id, job.label, job.correlation_id, PRIORITY_OF_KIND[job.kind])
    place = insert_job(database, request, count=len(items), now_usec=now_usec)
    insert_items(database, place, items, recipe=recipe)
    return place.job_id
