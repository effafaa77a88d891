"""Which work makes way for what somebody asked for."""

from __future__ import annotations

import pytest

from darkroom.protocol.types import Priority
from darkroomd.core.model import JobKind
from darkroomd.core.precedence import PATIENCE, InWork, RunningBackground, making_way


@pytest.mark.parametrize("kind", list(JobKind))
@pytest.mark.parametrize("priority", list(Priority))
def test_what_is_to_be_finished_never_makes_way(kind: JobKind, priority: Priority) -> None:
    assert making_way(RunningBackground.FINISH, [InWork(1, kind, priority)]) == frozenset()


@pytest.mark.parametrize(
    ("kind", "priority", "expected"),
    [
        pytest.param(JobKind.DEVELOP, Priority.NORMAL, {1}, id="arrived"),
        pytest.param(JobKind.DEVELOP, Priority.LOW, {1}, id="arrived-and-put-off"),
        pytest.param(JobKind.BACKFILL, Priority.LOW, {1}, id="found"),
        pytest.param(JobKind.DEVELOP, Priority.HIGH, set(), id="arrived-and-hurried"),
        pytest.param(JobKind.BACKFILL, Priority.HIGH, set(), id="found-and-hurried"),
        pytest.param(JobKind.EXPORT, Priority.HIGH, set(), id="asked-for"),
        pytest.param(JobKind.EXPORT, Priority.LOW, set(), id="asked-for-without-hurry"),
        pytest.param(JobKind.ARCHIVE, Priority.NORMAL, set(), id="archive"),
    ],
)
def test_only_background_work_without_high_priority_makes_way(
    kind: JobKind, priority: Priority, expected: set[int]
) -> None:
    assert making_way(RunningBackground.STOP, [InWork(1, kind, priority)]) == expected


def test_all_that_has_to_makes_way_at_once() -> None:
    in_work = [
        InWork(3, JobKind.BACKFILL, Priority.LOW),
        InWork(5, JobKind.EXPORT, Priority.HIGH),
        InWork(6, JobKind.DEVELOP, Priority.NORMAL),
    ]

    assert making_way(RunningBackground.STOP, in_work) == {3, 6}


def test_what_has_made_way_too_often_is_finished() -> None:
    in_work = [InWork(7, JobKind.DEVELOP, Priority.NORMAL)]

    decisions = [
        making_way(RunningBackground.STOP, in_work, times_before=times) for times in range(PATIENCE + 1)
    ]

    assert decisions == [{7}] * PATIENCE + [frozenset()]
