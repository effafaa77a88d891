from __future__ import annotations

import pytest

from darkroom.protocol.types import ItemState
from darkroomd.core.export_plan import ExportPlan, LiveItem, plan_export, superseded_by
from darkroomd.core.model import ItemId, JobId, JobKind, PhotoId

A, B, C = PhotoId("a"), PhotoId("b"), PhotoId("c")


def live(kind: JobKind, state: ItemState, number: int = 1) -> LiveItem:
    return LiveItem(ItemId(number), JobId(number), kind, state)


def test_photos_are_taken_once_each_in_the_order_asked_for() -> None:
    assert plan_export([C, A, C, B, A], {}) == ExportPlan(wanted=(C, A, B))


@pytest.mark.parametrize("kind", [JobKind.DEVELOP, JobKind.BACKFILL])
def test_what_waits_in_the_background_gives_way(kind: JobKind) -> None:
    waiting = live(kind, ItemState.QUEUED)

    assert plan_export([A, B], {A: waiting}) == ExportPlan(wanted=(A, B), superseded=(waiting,))


@pytest.mark.parametrize("kind", [JobKind.DEVELOP, JobKind.BACKFILL])
def test_what_runs_in_the_background_must_be_stopped_first(kind: JobKind) -> None:
    running = live(kind, ItemState.RUNNING)

    assert plan_export([A], {A: running}) == ExportPlan(wanted=(A,), must_stop=(running,))


@pytest.mark.parametrize("state", [ItemState.QUEUED, ItemState.RUNNING])
def test_a_photo_that_another_export_has_is_left_there(state: ItemState) -> None:
    plan = plan_export([A, B, C], {A: live(JobKind.EXPORT, state), C: live(JobKind.EXPORT, state)})

    assert plan == ExportPlan(wanted=(B,), elsewhere=(JobId(1),))


def test_a_superseded_item_says_where_its_photo_is_developed() -> None:
    failure = superseded_by(JobId(7))

    assert (failure.code, failure.context, failure.transient) == ("superseded", {"jobId": 7}, False)
    assert "export 7" in failure.message
