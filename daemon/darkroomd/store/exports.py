"""Exports as they enter the queue: each function is a transition, or a part of one, in one transaction."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from darkroom.errors import NoSuchPhoto
from darkroom.protocol.types import ItemState, Priority
from darkroomd.core.cancellation import has_failed
from darkroomd.core.export_plan import (
    SUPERSEDED,
    Candidate,
    ExportPlan,
    LiveItem,
    OpenExport,
    plan_export,
    superseded_by,
)
from darkroomd.core.model import (
    EVERYTHING,
    CorrelationId,
    Happening,
    ItemId,
    JobId,
    JobKind,
    Photo,
    PhotoId,
    PhotoState,
    SessionId,
    Wish,
)
from darkroomd.store.background import Request, insert_items, insert_job, is_open, join_job, wait_anew
from darkroomd.store.catalogue import read_job, read_photos_by_id, read_session
from darkroomd.store.database import Database
from darkroomd.store.journal import Journal
from darkroomd.store.rescans import Asked, Rescanned, job_asked_for, note_asked
from darkroomd.store.rows import failure_text, fingerprint_from, json_text, wish_from
from darkroomd.store.turns import PRIORITY_OF_KIND

EXPORTED_AT_ONCE: Final = 500
"""Photos taken over in one transaction, so that nobody waits long for the next one."""


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
    wish: Wish = EVERYTHING


@dataclass(frozen=True, slots=True)
class Exported:
    """What became of it.

    Attributes:
        job_id: None where other jobs that were asked for have all the photos already, and do not make all
            that is asked for.
        items: how many photos the job has.
        superseded: background jobs that photos were taken from.
        elsewhere: jobs that were asked for before, and that have photos of this one.
        rest: photos that `go_on_exporting` is to add.
        created: the job is a new one, and not one that was there and makes the same.
    """

    job_id: JobId | None
    items: int
    superseded: tuple[JobId, ...] = ()
    elsewhere: tuple[JobId, ...] = ()
    rest: tuple[PhotoId, ...] = ()
    created: bool = True


@dataclass(frozen=True, slots=True)
class MustStop:
    """Photos are in work in the background. Nothing was changed: stop these items, and ask again."""

    items: tuple[ItemId, ...]


def start_export(
    database: Database,
    export: NewExport,
    *,
    asked: Asked | None = None,
    most: int = EXPORTED_AT_ONCE,
    now_usec: int,
) -> tuple[Exported | MustStop, list[Happening]]:
    """Make a job of the photos, instead of what waits for them in the background.

    A photo that another export has is left to that one. A photo that is developed shows that until work on it
    begins; any other shows that it waits. Of more than `most` photos the rest is for `go_on_exporting`. The
    job is the one that the key in `asked` made before, if it did. Raises `NoSuchSession`, and `NoSuchPhoto`,
    also for one elsewhere.
    """
    if asked is not None and (before := job_asked_for(database, asked, now_usec=now_usec)) is not None:
        return Exported(before.job_id, before.items, created=False), []
    _check(database, export)
    plan = survey_export(database, export)
    if plan.must_stop:
        return MustStop(tuple(item.id for item in plan.must_stop)), []
    if not plan.wanted:
        answer = _left_to_others(database, plan)
        _note(database, asked, answer, now_usec=now_usec)
        return answer, []
    journal = Journal(database, now_usec)
    some = plan.wanted[:most]
    place = insert_job(database, _request(export), count=len(some), now_usec=now_usec)
    wish = export.wish
    recipes = None if wish.recipes is None else json_text(wish.recipes)
    database.run("note_wish", id=place.job_id, recipes=recipes, forced=wish.forced)
    superseded = _take_over(database, journal, plan, some, by=place.job_id, now_usec=now_usec)
    items = [(photo_id, export.correlation_id) for photo_id in some]
    insert_items(database, place, items, recipe=export.recipe)
    if export.paused:
        database.run("pause_job", id=place.job_id, paused=True)
        database.run("hold_items", job_id=place.job_id, held=True)
    _settle_in(database, journal, place.job_id, some, wish, new=True, now_usec=now_usec)
    rest = plan.wanted[most:]
    answer = Exported(place.job_id, len(items), superseded, plan.elsewhere, rest)
    _note(database, asked, answer, now_usec=now_usec)
    return answer, journal.happenings


def go_on_exporting(
    database: Database,
    export: NewExport,
    begun: Exported,
    *,
    asked: Asked | None = None,
    most: int = EXPORTED_AT_ONCE,
    now_usec: int,
) -> tuple[Exported, list[Happening]]:
    """Add more of the photos to an export that `start_export` has begun.

    None is added once the job was canceled. A photo that another job is at work on is left there.
    """
    job_id = begun.job_id
    if job_id is None or not is_open(database, job_id):
        return replace(begun, rest=()), []
    some, rest = begun.rest[:most], begun.rest[most:]
    plan = plan_export(some, _live(database, some, recipe=export.recipe))
    running = {item.photo_id for item in plan.must_stop}
    wanted = [photo_id for photo_id in plan.wanted if photo_id not in running]
    journal = Journal(database, now_usec)
    superseded = _take_over(database, journal, plan, wanted, by=job_id, now_usec=now_usec)
    items = [(photo_id, export.correlation_id) for photo_id in wanted]
    if items:
        join_job(database, job_id, items, recipe=export.recipe)
    _settle_in(database, journal, job_id, wanted, export.wish, new=False, now_usec=now_usec)
    gone_on = replace(
        begun,
        items=begun.items + len(wanted),
        superseded=tuple(dict.fromkeys((*begun.superseded, *superseded))),
        rest=rest,
    )
    _note(database, asked, gone_on, now_usec=now_usec)
    return gone_on, journal.happenings


def read_candidates(database: Database, session_id: SessionId) -> list[Candidate]:
    """Return all photos of a session, as much of each as it takes to choose; raise `NoSuchSession`."""
    read_session(database, session_id)
    return [
        Candidate(
            id=PhotoId(row["id"]),
            name=os.fsdecode(row["name"]),
            state=PhotoState(row["state"]),
            discarded=row["discarded_by"] is not None,
            captured_at_usec=row["captured_at_usec"],
            corrected_at_usec=row["corrected_at_usec"],
            mtime_ns=fingerprint_from(row["fingerprint"]).mtime_ns,
        )
        for row in database.all("export_candidates", session_id=session_id)
    ]


def survey_export(database: Database, export: NewExport) -> ExportPlan:
    """Return what is to be done for an export; nothing is changed."""
    live = _live(database, export.photo_ids, recipe=export.recipe)
    others = [
        OpenExport(JobId(row["id"]), wish_from(row), _settled(database, JobId(row["id"])))
        for row in database.all("open_exports", session_id=export.session_id)
    ]
    return plan_export(export.photo_ids, live, wish=export.wish, others=others)


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


def _check(database: Database, export: NewExport) -> None:
    read_session(database, export.session_id)
    ids = json_text(export.photo_ids)
    rows = database.all("photos_of_session_by_id", session_id=export.session_id, photo_ids=ids)
    strangers = set(export.photo_ids) - {row["id"] for row in rows}
    if strangers:
        raise NoSuchPhoto(min(strangers))


def _left_to_others(database: Database, plan: ExportPlan) -> Exported:
    """Return the job that has all the photos already, if one does and makes all that is asked for."""
    if plan.joins is None:
        return Exported(None, 0, elsewhere=plan.elsewhere, created=False)
    items = read_job(database, plan.joins).progress.total
    return Exported(plan.joins, items, elsewhere=plan.elsewhere, created=False)


def _note(database: Database, asked: Asked | None, answer: Exported, *, now_usec: int) -> None:
    """Have the job found again by its key, once it has all its photos."""
    if asked is not None and answer.job_id is not None and not answer.rest:
        note_asked(database, asked, Rescanned(answer.job_id, answer.items), now_usec=now_usec)


def _take_over(
    database: Database,
    journal: Journal,
    plan: ExportPlan,
    photo_ids: Collection[PhotoId],
    *,
    by: JobId,
    now_usec: int,
) -> tuple[JobId, ...]:
    taken = set(photo_ids)
    waiting = [item for item in plan.superseded if item.photo_id in taken]
    return supersede(database, journal, waiting, by=by, now_usec=now_usec)


def _settle_in(
    database: Database,
    journal: Journal,
    job_id: JobId,
    photo_ids: Sequence[PhotoId],
    wish: Wish,
    *,
    new: bool,
    now_usec: int,
) -> None:
    """Note what is known of photos that an export was just given, and tell of it and of them.

    Those that are developed will most likely be found up to date, which takes no time; others wait.
    """
    rows = database.all("photos_by_id", photo_ids=json_text(photo_ids))
    developed = {PhotoId(row["id"]) for row in rows if row["state"] == PhotoState.DEVELOPED}
    if developed and not wish.forced:
        database.run("spare_items", job_id=job_id, photo_ids=json_text(sorted(developed)))
        database.run("count_sizes", id=job_id)
    undeveloped = [photo_id for photo_id in photo_ids if photo_id not in developed]
    photos = read_photos_by_id(database, undeveloped).values()
    failed = [photo.id for photo in photos if has_failed_for_good(photo)]
    if failed:
        database.run("note_failed_before", job_id=job_id, photo_ids=json_text(failed))
    journal.job(job_id, "job.created" if new else "job.updated")
    changed = [photo.id for photo in photos if wait_anew(database, photo, now_usec=now_usec)]
    told = read_photos_by_id(database, changed).values()
    for photo in told:
        journal.photo_as(photo)
    for session_id in dict.fromkeys(photo.session_id for photo in told):
        journal.session(session_id)


def _settled(database: Database, job_id: JobId) -> frozenset[PhotoId]:
    return frozenset(PhotoId(row["photo_id"]) for row in database.all("settled_photos", job_id=job_id))


def _live(database: Database, photo_ids: Sequence[PhotoId], *, recipe: str) -> dict[PhotoId, LiveItem]:
    rows = database.all("live_work_of_photos", photo_ids=json_text(photo_ids), recipe=recipe)
    live = [
        LiveItem(
            ItemId(row["id"]),
            JobId(row["job_id"]),
            JobKind(row["kind"]),
            ItemState(row["state"]),
            PhotoId(row["photo_id"]),
        )
        for row in rows
    ]
    return {item.photo_id: item for item in live}


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


def has_failed_for_good(photo: Photo) -> bool:
    """Tell whether a photo failed, and was not merely canceled."""
    return photo.state is PhotoState.FAILED and has_failed(photo.failure)
