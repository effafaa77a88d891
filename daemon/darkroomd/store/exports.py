"""Exports as they enter the queue: each function is a transition, or a part of one, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from darkroom.errors import NoSuchPhoto
from darkroom.protocol.types import ItemState, Priority
from darkroomd.core.export_plan import SUPERSEDED, LiveItem, plan_export, superseded_by
from darkroomd.core.model import (
    CorrelationId,
    Happening,
    ItemId,
    JobId,
    JobKind,
    Photo,
    PhotoId,
    PhotoState,
    SessionId,
)
from darkroomd.store.background import Request, insert_items, insert_job, wait_anew
from darkroomd.store.catalogue import read_photo, read_session
from darkroomd.store.database import Database
from darkroomd.store.journal import Journal
from darkroomd.store.rows import failure_text
from darkroomd.store.turns import PRIORITY_OF_KIND


@dataclass(frozen=True, slots=True)
class NewExport:
    """What is asked for.

    Attributes:
        photo_ids: of one session, in the order in which they are to be developed.
        paused: nothing of it is started before the job is resumed.
    """

    session_id: SessionId
    photo_ids: tuple[PhotoId, ...]
    recipe: str
    label: str
    correlation_id: CorrelationId
    priority: Priority = PRIORITY_OF_KIND[JobKind.EXPORT]
    paused: bool = False
    creator: str | None = None
    creator_uid: int | None = None


@dataclass(frozen=True, slots=True)
class Exported:
    """What became of it.

    Attributes:
        job_id: None where other jobs that were asked for have all the photos already.
        items: how many photos the job has.
        superseded: background jobs that photos were taken from.
        elsewhere: jobs that were asked for before, and that have photos of this one.
    """

    job_id: JobId | None
    items: int
    superseded: tuple[JobId, ...] = ()
    elsewhere: tuple[JobId, ...] = ()


@dataclass(frozen=True, slots=True)
class MustStop:
    """Photos are in work in the background. Nothing was changed: stop these items, and ask again."""

    items: tuple[ItemId, ...]


def start_export(
    database: Database, export: NewExport, *, now_usec: int
) -> tuple[Exported | MustStop, list[Happening]]:
    """Make a job of the photos, instead of what waits for them in the background.

    A photo that another export has is left to that one. A photo that is developed shows that until work on it
    begins; any other shows that it waits. Raises `NoSuchSession`, and `NoSuchPhoto`, also for one elsewhere.
    """
    photos = _photos(database, export)
    plan = plan_export(export.photo_ids, _live(database, export.photo_ids, recipe=export.recipe))
    if plan.must_stop:
        return MustStop(tuple(item.id for item in plan.must_stop)), []
    if not plan.wanted:
        return Exported(None, 0, elsewhere=plan.elsewhere), []
    journal = Journal(database, now_usec)
    place = insert_job(database, _request(export), count=len(plan.wanted), now_usec=now_usec)
    superseded = supersede(database, journal, plan.superseded, by=place.job_id, now_usec=now_usec)
    items = [(photo_id, export.correlation_id) for photo_id in plan.wanted]
    insert_items(database, place, items, recipe=export.recipe)
    if export.paused:
        database.run("pause_job", id=place.job_id, paused=True)
        database.run("hold_items", job_id=place.job_id, held=True)
    journal.job(place.job_id, "job.created")
    undeveloped = [photos[photo_id] for photo_id in plan.wanted if not _is_developed(photos[photo_id])]
    changed = [photo for photo in undeveloped if wait_anew(database, photo, now_usec=now_usec)]
    for photo in changed:
        journal.photo(photo.id)
    if changed:
        journal.session(export.session_id)
    return Exported(place.job_id, len(items), superseded, plan.elsewhere), journal.happenings


def supersede(
    database: Database, journal: Journal, items: Sequence[LiveItem], *, by: JobId, now_usec: int
) -> tuple[JobId, ...]:
    """End background items that wait, because the export `by` takes their photos; return their jobs.

    Their jobs tell the reason; that is no failure of theirs, and none of the photos.
    """
    failure = failure_text(superseded_by(by))
    for item in items:
        row = database.one("supersede_item", id=item.id, failure=failure, now=now_usec)
        assert row is not None
        journal.item(row)
    jobs = tuple(dict.fromkeys(item.job_id for item in items))
    for job_id in jobs:
        database.run("job_superseded", id=job_id, reason=SUPERSEDED)
        database.run("job_ended", id=job_id, now=now_usec)
        journal.job(job_id)
    return jobs


def reclaim(
    database: Database, journal: Journal, job_id: JobId, states: str, *, most: int, now_usec: int
) -> tuple[JobId, ...]:
    """Take back what waits in the background of the first items in these states, to do them again."""
    superseded: list[JobId] = []
    by_recipe: dict[str, list[PhotoId]] = {}
    for row in database.all("revivable_items", job_id=job_id, states=states, most=most):
        by_recipe.setdefault(row["recipe"], []).append(PhotoId(row["photo_id"]))
    for recipe, photo_ids in by_recipe.items():
        plan = plan_export(photo_ids, _live(database, photo_ids, recipe=recipe))
        superseded += supersede(database, journal, plan.superseded, by=job_id, now_usec=now_usec)
    return tuple(superseded)


def _photos(database: Database, export: NewExport) -> dict[PhotoId, Photo]:
    session = read_session(database, export.session_id)
    photos: dict[PhotoId, Photo] = {}
    for photo_id in export.photo_ids:
        photo = read_photo(database, photo_id, session=session)
        if photo.session_id != session.id:
            raise NoSuchPhoto(photo_id)
        photos[photo_id] = photo
    return photos


def _live(database: Database, photo_ids: Sequence[PhotoId], *, recipe: str) -> dict[PhotoId, LiveItem]:
    live: dict[PhotoId, LiveItem] = {}
    for photo_id in photo_ids:
        row = database.one("live_work_of_photo", photo_id=photo_id, recipe=recipe)
        if row is not None:
            live[photo_id] = LiveItem(
                ItemId(row["id"]), JobId(row["job_id"]), JobKind(row["kind"]), ItemState(row["state"])
            )
    return live


def _request(export: NewExport) -> Request:
    return Request(
        JobKind.EXPORT,
        export.session_id,
        export.label,
        export.correlation_id,
        export.priority,
        export.creator,
        export.creator_uid,
    )


def _is_developed(photo: Photo) -> bool:
    return photo.state is PhotoState.DEVELOPED
