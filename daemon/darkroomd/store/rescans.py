"""Backfills that somebody asked for: each function is one transition, or a part of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from darkroomd.core.model import Arrival, Happening, JobId
from darkroomd.store.arrivals import record_photo
from darkroomd.store.background import Request, insert_items, insert_job
from darkroomd.store.catalogue import find_photo, read_session
from darkroomd.store.database import Database
from darkroomd.store.journal import Journal

KEY_USEC: Final = 48 * 3600 * 1_000_000
"""How long a job is found again by the key of whoever asked for it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asked for a job, and by which key the same question is known again."""

    uid: int
    key: str


@dataclass(frozen=True, slots=True)
class Rescanned:
    """The job, and how many photos it has; None where there was nothing to do."""

    job_id: JobId | None
    items: int


def start_rescan(
    database: Database,
    *,
    request: Request,
    arrivals: Sequence[Arrival],
    recipe: str,
    paused: bool,
    asked: Asked | None,
    now_usec: int,
) -> tuple[Rescanned, list[Happening]]:
    """Make a job of the photos that no job has yet; raise `NoSuchSession`.

    Their items tell the story of the job.
    """
    session = read_session(database, request.session_id)
    if asked is not None and (before := job_asked_for(database, asked, now_usec=now_usec)) is not None:
        return before, []
    found = ((find_photo(database, session, arrival.name), arrival) for arrival in arrivals)
    wanted = [
        (known.id, arrival)
        for known, arrival in found
        if known is not None and database.one("live_item_of_photo", photo_id=known.id, recipe=recipe) is None
    ]
    if not wanted:
        return Rescanned(None, 0), []
    journal = Journal(database, now_usec)
    place = insert_job(database, request, count=len(wanted), now_usec=now_usec)
    for identity, arrival in wanted:
        _, photo = record_photo(database, session, arrival, photo_id=identity, now_usec=now_usec)
        journal.photo_as(photo)
    items = [(identity, request.correlation_id) for identity, _ in wanted]
    insert_items(database, place, items, recipe=recipe)
    if paused:
        database.run("pause_job", id=place.job_id, paused=True)
        database.run("hold_items", job_id=place.job_id, held=True)
    journal.job(place.job_id, "job.created")
    journal.session(session.id)
    answer = Rescanned(place.job_id, len(wanted))
    if asked is not None:
        note_asked(database, asked, answer, now_usec=now_usec)
    return answer, journal.happenings


def job_asked_for(database: Database, asked: Asked, *, now_usec: int) -> Rescanned | None:
    """Return the job that the same key made before, be it there or cleared away; None if there was none."""
    row = database.one("job_asked_for", uid=asked.uid, key=asked.key, since=now_usec - KEY_USEC)
    return None if row is None else Rescanned(JobId(row["job_id"]), row["items"])


def note_asked(database: Database, asked: Asked, answer: Rescanned, *, now_usec: int) -> None:
    """Have a job found again by its key; what is too old is forgotten."""
    database.run("forget_asked", before=now_usec - KEY_USEC)
    database.run(
        "note_asked", uid=asked.uid, key=asked.key, job_id=answer.job_id, items=answer.items, now=now_usec
    )
