"""Exports on request: which photos, in which order, and what would become of them."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog

from darkroom.errors import InvalidParameter, NoSuchPhoto, PathNotAllowed, SessionBusy
from darkroom.protocol.types import JobOptions, Priority
from darkroomd.core.due import UNTOLD, Due, due_for
from darkroomd.core.export_plan import Candidate, to_export
from darkroomd.core.freshness import Cause, is_same_file
from darkroomd.core.model import (
    EVERYTHING,
    CorrelationId,
    Happening,
    Photo,
    PhotoId,
    Session,
    SessionId,
    Wish,
)
from darkroomd.core.output_plan import EVERY_RECIPE, Labels, OutputPlan
from darkroomd.core.story import LEVELS, LogLine
from darkroomd.core.wording import readable
from darkroomd.files.fingerprint import fingerprint_of, sha256_of
from darkroomd.files.sidecars import read_look
from darkroomd.services.appraisal import LOOKED_AT_ONCE
from darkroomd.services.disks import Ear
from darkroomd.services.jobs import Jobs
from darkroomd.services.surroundings import Surroundings
from darkroomd.services.survey import close_verdicts
from darkroomd.store.catalogue import read_known_photos
from darkroomd.store.database import Database
from darkroomd.store.exports import (
    Exported,
    NewExport,
    has_failed_for_good,
    read_candidates,
    survey_export,
)
from darkroomd.store.journal import write_log_lines
from darkroomd.store.rescans import Asked, Rescanned, job_asked_for

PLANNED: Final = "export_planned"
"""The event that says of one photo what an export would do about it, and why."""

RAW_MISSING: Final = "raw_missing"
"""Why a photo would fail whose RAW file is away."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants exported.

    Attributes:
        photo_ids: None: all photos of the session.
        recipes: by name; None: all.
        forced: what is up to date is made once more.
    """

    session_id: SessionId
    photo_ids: tuple[PhotoId, ...] | None = None
    recipes: tuple[str, ...] | None = None
    forced: bool = False


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is wanted of the photos of a session, and what tells their outputs apart."""

    plan: OutputPlan
    labels: Labels


class Exports:
    """Starts exports, or tells what they would do. Both raise `InvalidParameter` for an unknown recipe.

    They raise `NoSuchSession`, and `NoSuchPhoto` for a photo that is not one of the session.
    """

    def __init__(self, around: Surroundings, jobs: Jobs) -> None:
        self._around = around
        self._jobs = jobs

    async def start(self, order: Order, options: JobOptions, *, uid: int) -> Exported:
        """Have photos developed now; no job is made where there is none.

        Raises:
            SessionBusy: other exports have all the photos, and do not make all that is asked for.
            TimedOut: background work on the photos does not stop; nothing was changed.
        """
        asked = None if options.idempotency_key is None else Asked(uid, options.idempotency_key)
        if asked is not None and (before := await self._asked_before(asked)) is not None:
            return Exported(before.job_id, before.items, created=False)
        session, export = await self._prepare(order, options, uid=uid)
        if not export.photo_ids:
            return Exported(None, 0, created=False)
        exported = await self._jobs.export(export, asked=asked)
        if exported.job_id is None:
            raise SessionBusy(session.id, exported.elsewhere)
        log.info(
            "export_asked_for",
            session=session.id,
            job=exported.job_id,
            photos=exported.items,
            created=exported.created,
            superseded=len(exported.superseded),
        )
        return exported

    async def foretell(self, order: Order, options: JobOptions, *, uid: int) -> int:
        """Keep a log line for each photo that an export is about, and return how many its job would have.

        Raises:
            PathNotAllowed: the disk does not answer.
            SessionBusy: as for `start`.
        """
        session, export = await self._prepare(order, options, uid=uid)
        plan = await self._around.store.front.read_at_length(partial(survey_export, export=export))
        if plan.elsewhere and not plan.wanted and plan.joins is None:
            raise SessionBusy(session.id, plan.elsewhere)
        photos = await self._known(session.id, export.photo_ids if plan.joins is not None else plan.wanted)
        names = await self._around.store.photo_names(session.id)
        # The recipes may become other ones meanwhile: all photos are compared with one set of them.
        wanted = _Wanted(self._around.plan, self._around.plan.labels(names))
        for start in range(0, len(photos), LOOKED_AT_ONCE):
            some = photos[start : start + LOOKED_AT_ONCE]
            work = partial(self._look_at, session, some, wanted, export.wish)
            try:
                found = await self._around.disks.do_at_length(session.folder, work)
            except TimeoutError as error:
                raise PathNotAllowed(readable(session.folder), os.strerror(error.errno or 0)) from error
            lines = [self._line(export, photo, due) for photo, due in zip(some, found, strict=True)]
            await self._around.store.front.write(partial(_keep, lines=lines))
        return (
            len(photos) if plan.joins is None else (await self._around.store.job(plan.joins)).progress.total
        )

    async def _asked_before(self, asked: Asked) -> Rescanned | None:
        now_usec = self._around.now_usec()
        return await self._around.store.front.read(partial(job_asked_for, asked=asked, now_usec=now_usec))

    async def _prepare(self, order: Order, options: JobOptions, *, uid: int) -> tuple[Session, NewExport]:
        session = await self._around.store.session(order.session_id)
        wish = self._wish(order)
        named = None if order.photo_ids is None else frozenset(order.photo_ids)
        read = partial(read_candidates, session_id=session.id)
        known = await self._around.store.front.read_at_length(read)
        if named is not None:
            _check(named, known)
        photos = to_export(known, named)
        label = photos[0].name if len(photos) == 1 else session.name
        export = NewExport(
            session.id,
            tuple(photo.id for photo in photos),
            EVERY_RECIPE,
            options.label or label,
            CorrelationId(options.correlation_id or self._around.new_correlation_id()),
            options.priority or Priority.HIGH,
            bool(options.paused),
            options.creator,
            uid,
            wish,
        )
        return session, export

    def _wish(self, order: Order) -> Wish:
        there = [recipe.name for recipe in self._around.plan.recipes]
        if order.recipes is None:
            return Wish(None, order.forced) if order.forced else EVERYTHING
        if not order.recipes or not set(order.recipes) <= set(there):
            raise InvalidParameter("recipes")
        asked = tuple(name for name in there if name in order.recipes)
        return Wish(None if len(asked) == len(there) else asked, order.forced)

    async def _known(self, session_id: SessionId, photo_ids: Sequence[PhotoId]) -> list[Photo]:
        def read(database: Database) -> list[Photo]:
            known = {photo.id: photo for photo in read_known_photos(database, session_id).values()}
            return [known[photo_id] for photo_id in photo_ids]

        return await self._around.store.front.read_at_length(read)

    def _look_at(
        self, session: Session, photos: Sequence[Photo], wanted: _Wanted, wish: Wish, ear: Ear
    ) -> list[Due]:
        found: list[Due] = []
        for photo in photos:
            found.append(self._due(session, photo, wanted, wish, ear))
            # Files may have to be read through: that takes its time, and is no disk that does not answer.
            ear.go_on()
        return found

    def _due(self, session: Session, photo: Photo, wanted: _Wanted, wish: Wish, ear: Ear) -> Due:
        """Return what would be made of a photo; reads files through where only contents can tell."""
        asked = wish.recipes or tuple(recipe.name for recipe in wanted.plan.recipes)
        try:
            found = fingerprint_of(photo.raw)
            look = read_look(photo.raw)
        except OSError:
            return Due(asked, UNTOLD)
        if found is None:
            return Due(asked, RAW_MISSING)
        if not is_same_file(photo.fingerprint, found):
            return Due(asked, Cause.RAW_CHANGED)
        paths = wanted.plan.paths(photo, session.folder, wanted.labels)
        hash_of = partial(sha256_of, on_read=ear.go_on)
        verdicts = close_verdicts(photo, look, paths, wanted.plan, hash_of=hash_of)
        return due_for(verdicts, wish, failed_before=has_failed_for_good(photo))

    def _line(self, export: NewExport, photo: Photo, due: Due) -> LogLine:
        return LogLine(
            at_usec=self._around.now_usec(),
            level=LEVELS["info"],
            event=PLANNED,
            correlation_id=export.correlation_id,
            job_id=None,
            item_id=None,
            fields={
                "photo": photo.id,
                "raw": readable(photo.raw),
                "reason": due.reason,
                "recipes": due.recipes,
            },
        )


def _check(named: frozenset[PhotoId], known: Collection[Candidate]) -> None:
    strangers = sorted(named - {one.id for one in known})
    if strangers:
        raise NoSuchPhoto(strangers[0])


def _keep(database: Database, lines: Sequence[LogLine]) -> tuple[None, list[Happening]]:
    write_log_lines(database, lines)
    return None, []
