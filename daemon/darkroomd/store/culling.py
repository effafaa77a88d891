"""Looks, discarding and times of photos: each function is one transition, for all it names or for none."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from darkroom.errors import NoSuchSession
from darkroom.protocol.types import ItemState
from darkroomd.core.culling import BY_USER, DISCARDED, Correction, after_rating, corrected
from darkroomd.core.lifecycle import waiting_state
from darkroomd.core.model import (
    CorrelationId,
    Happening,
    JobId,
    JobKind,
    Photo,
    PhotoId,
    PhotoState,
    Session,
    SessionId,
)
from darkroomd.core.sidecar import is_mended
from darkroomd.store.background import Request, insert_items, insert_job
from darkroomd.store.catalogue import find_photo, read_photo, read_session
from darkroomd.store.database import Database
from darkroomd.store.journal import Journal
from darkroomd.store.queue import after_end
from darkroomd.store.rows import failure_text, json_text, session_from
from darkroomd.store.turns import PRIORITY_OF_KIND


@dataclass(frozen=True, slots=True)
class Styled:
    """A photo and what stands in its sidecar now; see `Photo` for the attributes."""

    photo_id: PhotoId
    look: str
    preset_id: str | None
    unsupported: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Requeue:
    """How photos that have to be developed anew are queued: a job for each session, of low priority."""

    recipe: str
    correlation_id: CorrelationId


def set_session_preset(
    database: Database, session_id: SessionId, preset_id: str | None, *, now_usec: int
) -> tuple[Session, list[Happening]]:
    """Choose the preset of photos that arrive in a session from now on; raise `NoSuchSession`."""
    row = database.one("set_session_preset", id=session_id, preset_id=preset_id, now=now_usec)
    if row is None:
        raise NoSuchSession(session_id)
    journal = Journal(database, now_usec)
    journal.session(session_id)
    return session_from(row), journal.happenings


def presets_chosen(
    database: Database, session_id: SessionId, names: Iterable[str]
) -> tuple[str | None, dict[str, str]]:
    """Return the ids of a session's preset and, by file name, of those frozen for photos that are known."""
    frozen: dict[str, str] = {}
    for name in names:
        row = database.one("preset_of_photo", session_id=session_id, name=os.fsencode(name))
        if row is not None:
            frozen[name] = row["preset_id"]
    return read_session(database, session_id).preset_id, frozen


def find_photos(database: Database, session_id: SessionId, names: Iterable[str]) -> dict[str, Photo]:
    """Return those of a session's photos that are known, by file name; raise `NoSuchSession`."""
    session = read_session(database, session_id)
    found = ((name, find_photo(database, session, name)) for name in names)
    return {name: photo for name, photo in found if photo is not None}


def set_discarded(
    database: Database, photo_ids: Sequence[PhotoId], *, discarded: bool, requeue: Requeue, now_usec: int
) -> tuple[list[Photo], list[Happening]]:
    """Discard photos by a person's word, or restore them; return those that changed.

    What waits for a discarded photo is skipped; a restored one is queued where it has to be developed.
    Raises `NoSuchPhoto`, with nothing changed.
    """
    by = BY_USER if discarded else None
    photos = [photo for photo in _photos(database, photo_ids) if photo.discarded_by != by]
    wishes = [(photo, by, photo.rejected) for photo in photos]
    return photos, _discard(database, wishes, requeue=requeue, now_usec=now_usec)


def note_ratings(
    database: Database, ratings: Mapping[PhotoId, bool], *, requeue: Requeue, now_usec: int
) -> tuple[list[Photo], list[Happening]]:
    """Take in whether XMP files reject photos that are known; return the photos that changed by that."""
    wishes: list[tuple[Photo, str | None, bool]] = []
    for photo, rejected in ((read_photo(database, known), rejected) for known, rejected in ratings.items()):
        by = after_rating(photo.discarded_by, rejected_before=photo.rejected, rejected=rejected)
        if by != photo.discarded_by:
            wishes.append((photo, by, rejected))
        elif rejected != photo.rejected:
            database.run("note_rejected", id=photo.id, rejected=rejected)
    happenings = _discard(database, wishes, requeue=requeue, now_usec=now_usec)
    return [photo for photo, _, _ in wishes], happenings


def correct_times(
    database: Database,
    photo_ids: Sequence[PhotoId],
    correction: Correction,
    *,
    requeue: Requeue,
    now_usec: int,
) -> tuple[list[Photo], list[Happening]]:
    """Correct when photos were taken; return those whose time is now as it was asked for.

    Outputs that say another time are made anew, as after `restyle`. A photo without a time to add to is left
    as it is. Raises `NoSuchPhoto`, with nothing changed.
    """
    journal = Journal(database, now_usec)
    timed: list[Photo] = []
    changed: list[Photo] = []
    different: list[Photo] = []
    for photo in _photos(database, photo_ids):
        try:
            at_usec = corrected(photo.captured_at_usec, correction)
        except ValueError:
            continue
        timed.append(photo)
        if at_usec != photo.corrected_at_usec:
            changed.append(photo)
            if _correct(database, photo, at_usec, now_usec=now_usec):
                different.append(read_photo(database, photo.id))
    _queue(database, journal, different, requeue, now_usec=now_usec)
    for photo in changed:
        journal.photo(photo.id)
    _tell_sessions(journal, changed)
    return timed, journal.happenings


def restyle(
    database: Database, styled: Sequence[Styled], *, requeue: Requeue, now_usec: int
) -> tuple[list[Photo], list[Happening]]:
    """Record what stands in the sidecars of photos now, and have those developed anew that look different.

    Return these. One that is being developed is queued again at its end; one that is discarded or missing is
    developed when it comes back.
    """
    journal = Journal(database, now_usec)
    told: list[Photo] = []
    different: list[Photo] = []
    for one in styled:
        photo = read_photo(database, one.photo_id)
        if _is_styled(photo, one):
            continue
        if _looks_anew(photo, one):
            different.append(photo)
        _restyle(database, photo, one, now_usec=now_usec)
        told.append(photo)
    changed = [read_photo(database, photo.id) for photo in different]
    _queue(database, journal, changed, requeue, now_usec=now_usec)
    for photo in told:
        journal.photo(photo.id)
    _tell_sessions(journal, told)
    return different, journal.happenings


def _needs_work(photo: Photo) -> bool:
    """Whether the background has to develop a photo that nothing is queued for."""
    return photo.state is PhotoState.WAITING or (photo.state is PhotoState.OUTDATED and not photo.aged)


def _photos(database: Database, photo_ids: Sequence[PhotoId]) -> list[Photo]:
    return [read_photo(database, identity) for identity in dict.fromkeys(photo_ids)]


def _discard(
    database: Database, wishes: Sequence[tuple[Photo, str | None, bool]], *, requeue: Requeue, now_usec: int
) -> list[Happening]:
    journal = Journal(database, now_usec)
    restored: list[Photo] = []
    jobs: dict[JobId, None] = {}
    for photo, by, rejected in wishes:
        database.run("discard_photo", id=photo.id, discarded_by=by, rejected=rejected, now=now_usec)
        if by is not None:
            jobs.update(_skip_queued(database, journal, photo, now_usec=now_usec))
        else:
            restored.append(read_photo(database, photo.id))
    for job_id in jobs:
        journal.job(job_id)
    _queue(database, journal, restored, requeue, now_usec=now_usec)
    for photo, _, _ in wishes:
        journal.photo(photo.id)
    _tell_sessions(journal, [photo for photo, _, _ in wishes])
    return journal.happenings


def _skip_queued(database: Database, journal: Journal, photo: Photo, *, now_usec: int) -> dict[JobId, None]:
    """Skip what waits for a photo; return the jobs that are to be told of."""
    text = failure_text(DISCARDED)
    jobs: dict[JobId, None] = {}
    for queued in database.all("queued_items_of_photo", photo_id=photo.id):
        row = database.one("skip_queued_item", id=queued["id"], failure=text, now=now_usec)
        assert row is not None
        after_end(database, journal, row, now_usec=now_usec, tell_job=False)
        jobs[JobId(row["job_id"])] = None
    return jobs


def _restyle(database: Database, photo: Photo, styled: Styled, *, now_usec: int) -> None:
    keeps_state = photo.state in {PhotoState.DEVELOPING, PhotoState.MISSING} or not _looks_anew(photo, styled)
    state = photo.state if keeps_state else waiting_state(has_output=bool(photo.outputs))
    database.run(
        "restyle_photo",
        id=photo.id,
        look=styled.look,
        preset_id=styled.preset_id,
        unsupported=json_text(styled.unsupported),
        warnings=json_text(styled.warnings),
        state=state,
        aged=photo.aged and keeps_state,
        attempts=photo.attempts if keeps_state else 0,
        failure=failure_text(photo.failure) if keeps_state else None,
        now=now_usec,
    )


def _correct(database: Database, photo: Photo, at_usec: int | None, *, now_usec: int) -> bool:
    """Record the time of a photo; return whether its outputs were up to date, and are no more."""
    shows_another = photo.state is PhotoState.DEVELOPED or photo.aged
    database.run(
        "correct_photo",
        id=photo.id,
        corrected_at_usec=at_usec,
        state=waiting_state(has_output=True) if shows_another else photo.state,
        aged=False,
        now=now_usec,
    )
    return shows_another


def _queue(
    database: Database, journal: Journal, photos: Sequence[Photo], requeue: Requeue, *, now_usec: int
) -> None:
    """Queue photos that have to be developed, a job for each session; what waits already starts afresh."""
    by_session: dict[SessionId, list[Photo]] = {}
    for photo in photos:
        if photo.discarded_by is not None or not _needs_work(photo):
            continue
        live = database.one("live_item_of_photo", photo_id=photo.id, recipe=requeue.recipe)
        if live is None:
            by_session.setdefault(photo.session_id, []).append(photo)
        elif live["state"] == ItemState.QUEUED and live["attempt"] > 0:
            row = database.one("promote_item", id=live["id"], correlation_id=live["correlation_id"])
            assert row is not None
            journal.item(row)
    for session_id, some in by_session.items():
        journal.job(_job(database, session_id, some, requeue, now_usec=now_usec), "job.created")


def _job(
    database: Database, session_id: SessionId, photos: Sequence[Photo], requeue: Requeue, *, now_usec: int
) -> JobId:
    label = photos[0].name if len(photos) == 1 else read_session(database, session_id).name
    priority = PRIORITY_OF_KIND[JobKind.BACKFILL]
    request = Request(JobKind.BACKFILL, session_id, label, requeue.correlation_id, priority)
    place = insert_job(database, request, count=len(photos), now_usec=now_usec)
    items = [(photo.id, photo.correlation_id) for photo in photos]
    insert_items(database, place, items, recipe=requeue.recipe)
    return place.job_id


def _looks_anew(photo: Photo, styled: Styled) -> bool:
    return photo.look != styled.look or is_mended(photo.failure, styled.warnings)


def _is_styled(photo: Photo, styled: Styled) -> bool:
    # What development alone found out is not in the sidecar.
    unsupported = tuple(key for key in photo.unsupported if key not in photo.left_out)
    return styled == Styled(photo.id, photo.look, photo.preset_id, unsupported, photo.warnings)


def _tell_sessions(journal: Journal, photos: Iterable[Photo]) -> None:
    for session_id in dict.fromkeys(photo.session_id for photo in photos):
        journal.session(session_id)
