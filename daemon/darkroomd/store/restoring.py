"""Photos that are known from elsewhere than the queue: many in one transaction, and none is queued."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from darkroom.protocol.types import Failure
from darkroomd.core.model import Arrival, Fingerprint, Happening, Output, PhotoId, PhotoState, SessionId
from darkroomd.core.naming import photo_id
from darkroomd.store.arrivals import record_photo
from darkroomd.store.catalogue import photo_of, read_session
from darkroomd.store.database import Database
from darkroomd.store.journal import Journal
from darkroomd.store.outputs import put_output
from darkroomd.store.rows import failure_text, fingerprint_text


@dataclass(frozen=True, slots=True)
class Restored:
    """A photo as it is to be known; see `Photo` for the attributes."""

    arrival: Arrival
    state: PhotoState
    outputs: tuple[Output, ...] = ()
    failure: Failure | None = None
    aged: bool = False


def restore(
    database: Database, session_id: SessionId, restored: Sequence[Restored], *, now_usec: int
) -> list[Happening]:
    """Record photos of one session as its own record has them, or as they were before they were missing."""
    journal = Journal(database, now_usec)
    session = read_session(database, session_id)
    for one in restored:
        identity = photo_id(session_id, one.arrival.name)
        known, photo = record_photo(database, session, one.arrival, photo_id=identity, now_usec=now_usec)
        for output in one.outputs:
            put_output(database, output)
        row = database.one(
            "photo_restored",
            id=photo.id,
            state=one.state,
            aged=one.aged,
            attempts=one.arrival.past.attempts,
            last_attempt_at_usec=one.arrival.past.last_attempt_at_usec,
            failure=failure_text(one.failure),
            now=now_usec,
        )
        assert row is not None
        journal.photo_as(photo_of(database, row, session), "photo.changed" if known else "photo.added")
    journal.session(session_id)
    return journal.happenings


def refresh_fingerprints(
    database: Database,
    session_id: SessionId,
    found: Sequence[tuple[PhotoId, Fingerprint]],
    *,
    now_usec: int,
) -> list[Happening]:
    """Record that the same contents now stand under other fingerprints."""
    journal = Journal(database, now_usec)
    for identity, fingerprint in found:
        text = fingerprint_text(fingerprint)
        database.run("refresh_fingerprint", id=identity, fingerprint=text, now=now_usec)
        database.run("refresh_output_inputs", id=identity, fingerprint=text)
        journal.photo(identity)
    journal.session(session_id)
    return journal.happenings
