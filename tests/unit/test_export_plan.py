from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from darkroom.protocol.types import ItemState
from darkroomd.core.export_plan import (
    Candidate,
    ExportPlan,
    LiveItem,
    OpenExport,
    covers,
    plan_export,
    superseded_by,
    to_export,
)
from darkroomd.core.model import (
    EVERYTHING,
    ItemId,
    JobId,
    JobKind,
    PhotoId,
    PhotoState,
    Wish,
)

A, B, C = PhotoId("a"), PhotoId("b"), PhotoId("c")


ONE, OTHER = JobId(1), JobId(2)


def candidate(**changes: Any) -> Candidate:
    return replace(CANDIDATE, **changes)


CANDIDATE = Candidate(
    id=A,
    name="A.NEF",
    state=PhotoState.DEVELOPED,
    discarded=False,
    captured_at_usec=None,
    corrected_at_usec=None,
    mtime_ns=4,
)


def live(kind: JobKind, state: ItemState, number: int = 1, photo_id: PhotoId = A) -> LiveItem:
    return LiveItem(ItemId(number), JobId(number), kind, state, photo_id)


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


WAITS = live(JobKind.EXPORT, ItemState.QUEUED)


@pytest.mark.parametrize(
    ("standing", "others", "joins", "wanted"),
    [
        pytest.param({A: WAITS, B: WAITS, C: WAITS}, [OpenExport(ONE, EVERYTHING)], ONE, (), id="has-all"),
        pytest.param(
            {A: WAITS}, [OpenExport(ONE, EVERYTHING, frozenset({B, C}))], ONE, (), id="did-the-rest"
        ),
        pytest.param({A: WAITS}, [OpenExport(ONE, EVERYTHING, frozenset({B}))], None, (C,), id="one-is-free"),
        pytest.param({}, [OpenExport(ONE, EVERYTHING, frozenset({A, B, C}))], None, (A, B, C), id="did-all"),
        pytest.param(
            {A: WAITS, B: WAITS},
            [OpenExport(ONE, Wish(("web",)), frozenset({C}))],
            None,
            (C,),
            id="does-less-of-it",
        ),
        pytest.param({A: WAITS, B: WAITS, C: WAITS}, [], None, (), id="is-being-canceled"),
        pytest.param(
            {A: WAITS, B: WAITS, C: live(JobKind.EXPORT, ItemState.QUEUED, 2)},
            [OpenExport(ONE, EVERYTHING), OpenExport(OTHER, EVERYTHING)],
            ONE,
            (),
            id="shared-by-two",
        ),
        pytest.param(
            {A: WAITS, B: WAITS, C: live(JobKind.EXPORT, ItemState.QUEUED, 2)},
            [OpenExport(ONE, EVERYTHING), OpenExport(OTHER, Wish(("web",)))],
            None,
            (),
            id="shared-by-two-and-one-does-less",
        ),
        pytest.param(
            {A: WAITS, B: live(JobKind.BACKFILL, ItemState.QUEUED, 3, B)},
            [OpenExport(ONE, EVERYTHING, frozenset({B, C}))],
            None,
            (B,),
            id="changed-since",
        ),
    ],
)
def test_an_export_joins_one_that_has_its_photos_and_makes_as_much(
    standing: dict[PhotoId, LiveItem],
    others: list[OpenExport],
    joins: JobId | None,
    wanted: tuple[PhotoId, ...],
) -> None:
    plan = plan_export([A, B, C], standing, others=others)

    assert (plan.joins, plan.wanted) == (joins, wanted)


@pytest.mark.parametrize(
    ("standing", "asked", "enough"),
    [
        pytest.param(EVERYTHING, EVERYTHING, True, id="the-same"),
        pytest.param(EVERYTHING, Wish(("web",)), True, id="one-of-all"),
        pytest.param(Wish(("jpg", "web")), Wish(("web",)), True, id="one-of-two"),
        pytest.param(Wish(("web",)), EVERYTHING, False, id="all-of-one"),
        pytest.param(Wish(("web",)), Wish(("jpg", "web")), False, id="two-of-one"),
        pytest.param(EVERYTHING, Wish(forced=True), False, id="not-forced"),
        pytest.param(Wish(forced=True), EVERYTHING, True, id="forced"),
    ],
)
def test_an_export_covers_what_asks_for_no_more(standing: Wish, asked: Wish, enough: bool) -> None:
    assert covers(standing, asked) is enough


def test_photos_are_exported_in_the_order_in_which_they_were_taken() -> None:
    camera = candidate(id=A, name="A.NEF", captured_at_usec=30)
    corrected = candidate(id=B, name="B.NEF", captured_at_usec=99, corrected_at_usec=10)
    untold = candidate(id=C, name="C.NEF", mtime_ns=20_000)
    twin = candidate(id=PhotoId("d"), name="0.NEF", captured_at_usec=30)

    assert to_export([camera, corrected, untold, twin], None) == [corrected, untold, twin, camera]


@pytest.mark.parametrize(
    ("one", "named", "wanted"),
    [
        pytest.param(candidate(id=A), None, True, id="any"),
        pytest.param(candidate(id=A, state=PhotoState.FAILED), None, True, id="failed"),
        pytest.param(candidate(id=A, discarded=True), None, False, id="discarded"),
        pytest.param(candidate(id=A, discarded=True), {A}, False, id="discarded-and-named"),
        pytest.param(candidate(id=A, state=PhotoState.ARRIVING), None, False, id="on-its-way"),
        pytest.param(candidate(id=A, state=PhotoState.MISSING), None, False, id="missing"),
        pytest.param(candidate(id=A, state=PhotoState.MISSING), {A}, True, id="missing-and-named"),
        pytest.param(candidate(id=A), {B}, False, id="another-is-named"),
    ],
)
def test_an_export_is_about_photos_that_are_wanted(
    one: Candidate, named: set[PhotoId] | None, wanted: bool
) -> None:
    assert to_export([one], named) == [one][: int(wanted)]


def test_a_superseded_item_says_where_its_photo_is_developed() -> None:
    failure = superseded_by(JobId(7))

    assert (failure.code, failure.context, failure.transient) == ("superseded", {"jobId": 7}, False)
    assert "export 7" in failure.message
