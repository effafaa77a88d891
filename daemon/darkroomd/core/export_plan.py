"""What an export does about work on its photos that is already in the queue."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from darkroom.protocol.types import Failure, ItemState
from darkroomd.core.model import (
    EVERYTHING,
    ItemId,
    JobId,
    JobKind,
    PhotoId,
    PhotoState,
    Wish,
)

SUPERSEDED: Final = "superseded"
"""Code of the failure of an item, and reason of its job, that an export took a photo from."""

BACKGROUND: Final = frozenset({JobKind.DEVELOP, JobKind.BACKFILL})
"""Kinds of jobs that the daemon makes by itself, and that give way to what a person asks for."""


@dataclass(frozen=True, slots=True)
class LiveItem:
    """An item of a photo that waits or runs."""

    id: ItemId
    job_id: JobId
    kind: JobKind
    state: ItemState
    photo_id: PhotoId


@dataclass(frozen=True, slots=True)
class OpenExport:
    """An export of the same session that has not ended.

    Attributes:
        settled: photos that it came to a good end with, and that are still as it left them by the record.
    """

    job_id: JobId
    wish: Wish
    settled: frozenset[PhotoId] = frozenset()


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """What is to be done for an export.

    Attributes:
        wanted: the photos that get an item of the export, each once, in the order asked for.
        superseded: background items that wait and end for it.
        must_stop: background items that run. As long as there are any, the export cannot begin.
        elsewhere: jobs that somebody asked for and that have some of the photos already; left there.
        joins: the job that has all of the photos and makes all that is asked for: there is nothing to add.
    """

    wanted: tuple[PhotoId, ...] = ()
    superseded: tuple[LiveItem, ...] = ()
    must_stop: tuple[LiveItem, ...] = ()
    elsewhere: tuple[JobId, ...] = ()
    joins: JobId | None = None


def plan_export(
    photo_ids: Sequence[PhotoId],
    live: Mapping[PhotoId, LiveItem],
    *,
    wish: Wish = EVERYTHING,
    others: Sequence[OpenExport] = (),
) -> ExportPlan:
    """Return what to do, given the live item of each photo that has one, and other exports of the session."""
    each_once = list(dict.fromkeys(photo_ids))
    known = [live[photo_id] for photo_id in each_once if photo_id in live]
    background = [item for item in known if item.kind in BACKGROUND]
    elsewhere = tuple(dict.fromkeys(item.job_id for item in known if item.kind not in BACKGROUND))
    enough = [other for other in others if other.job_id in elsewhere and covers(other.wish, wish)]
    settled = frozenset[PhotoId]().union(*(other.settled for other in enough))
    taken = {photo_id for photo_id in each_once if photo_id in live and live[photo_id].kind not in BACKGROUND}
    wanted = tuple(
        photo_id
        for photo_id in each_once
        if photo_id not in taken and (photo_id in live or photo_id not in settled)
    )
    all_make_it = set(elsewhere) == {other.job_id for other in enough}
    return ExportPlan(
        wanted=wanted,
        superseded=tuple(item for item in background if item.state is ItemState.QUEUED),
        must_stop=tuple(item for item in background if item.state is ItemState.RUNNING),
        elsewhere=elsewhere,
        joins=elsewhere[0] if elsewhere and not wanted and all_make_it else None,
    )


def covers(standing: Wish, asked: Wish) -> bool:
    """Tell whether an export with the wish `standing` makes all that one with the wish `asked` would."""
    if asked.forced and not standing.forced:
        return False
    if standing.recipes is None:
        return True
    return asked.recipes is not None and set(asked.recipes) <= set(standing.recipes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A photo of a session that is to be exported; see `Photo`.

    Attributes:
        mtime_ns: of the RAW file.
    """

    id: PhotoId
    name: str
    state: PhotoState
    discarded: bool
    captured_at_usec: int | None
    corrected_at_usec: int | None
    mtime_ns: int

    @property
    def taken_usec(self) -> int:
        """When it was taken: as corrected, else by the camera, else by its file."""
        if self.corrected_at_usec is not None:
            return self.corrected_at_usec
        return self.mtime_ns // 1000 if self.captured_at_usec is None else self.captured_at_usec


def to_export(candidates: Iterable[Candidate], named: Collection[PhotoId] | None) -> list[Candidate]:
    """Return which of a session's photos an export is about, in the order in which they were taken.

    `named` are those that somebody named; None: nobody did. Discarded photos are left out, and so are those
    still on their way; photos whose RAW files are missing only count where they are named.
    """
    wanted = (one for one in candidates if _is_wanted(one, named))
    return sorted(wanted, key=lambda one: (one.taken_usec, one.name, one.id))


def _is_wanted(one: Candidate, named: Collection[PhotoId] | None) -> bool:
    if one.discarded or one.state is PhotoState.ARRIVING:
        return False
    return one.state is not PhotoState.MISSING if named is None else one.id in named


def superseded_by(job_id: JobId) -> Failure:
    """Return what an item ends with whose photo the export `job_id` took over."""
    return Failure(
        code=SUPERSEDED,
        message=f"The photo is developed by export {job_id}, which was asked for. Look there for it.",
        transient=False,
        context={"jobId": job_id},
    )
