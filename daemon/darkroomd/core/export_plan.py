"""What an export does about work on its photos that is already in the queue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from darkroom.protocol.types import Failure, ItemState
from darkroomd.core.model import ItemId, JobId, JobKind, PhotoId

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


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """What is to be done for an export.

    Attributes:
        wanted: the photos that get an item of the export, each once, in the order asked for.
        superseded: background items that wait and end for it.
        must_stop: background items that run. As long as there are any, the export cannot begin.
        elsewhere: jobs that somebody asked for and that have some of the photos already; left there.
    """

    wanted: tuple[PhotoId, ...] = ()
    superseded: tuple[LiveItem, ...] = ()
    must_stop: tuple[LiveItem, ...] = ()
    elsewhere: tuple[JobId, ...] = ()


def plan_export(photo_ids: Sequence[PhotoId], live: Mapping[PhotoId, LiveItem]) -> ExportPlan:
    """Return what to do, given the live item of each photo that has one."""
    each_once = list(dict.fromkeys(photo_ids))
    known = [live[photo_id] for photo_id in each_once if photo_id in live]
    background = [item for item in known if item.kind in BACKGROUND]
    asked_for = [item for item in known if item.kind not in BACKGROUND]
    taken = {photo_id for photo_id in each_once if photo_id in live and live[photo_id] in asked_for}
    return ExportPlan(
        wanted=tuple(photo_id for photo_id in each_once if photo_id not in taken),
        superseded=tuple(item for item in background if item.state is ItemState.QUEUED),
        must_stop=tuple(item for item in background if item.state is ItemState.RUNNING),
        elsewhere=tuple(dict.fromkeys(item.job_id for item in asked_for)),
    )


def superseded_by(job_id: JobId) -> Failure:
    """Return what an item ends with whose photo the export `job_id` took over."""
    return Failure(
        code=SUPERSEDED,
        message=f"The photo is developed by export {job_id}, which was asked for. Look there for it.",
        transient=False,
        context={"jobId": job_id},
    )
