from __future__ import annotations

import pytest

from darkroom.errors import InvalidCursor
from darkroomd.core.model import Happening, JobId, SessionId
from darkroomd.core.watching import (
    Concern,
    GoOn,
    StartOver,
    WatchFilter,
    concern_of,
    cursor_after,
    resume,
)

ABOUT = Concern("job.created", 7, "s1")


@pytest.mark.parametrize(
    ("chosen", "admitted"),
    [
        pytest.param(WatchFilter(), True, id="everything"),
        pytest.param(WatchFilter(kinds=frozenset({"job.created"})), True, id="kind"),
        pytest.param(WatchFilter(kinds=frozenset({"job.failed"})), False, id="other-kind"),
        pytest.param(WatchFilter(kinds=frozenset()), False, id="no-kind"),
        pytest.param(WatchFilter(job_ids=frozenset({6, 7})), True, id="job"),
        pytest.param(WatchFilter(job_ids=frozenset({6})), False, id="other-job"),
        pytest.param(WatchFilter(session_ids=frozenset({"s1"})), True, id="session"),
        pytest.param(WatchFilter(session_ids=frozenset({"s2"})), False, id="other-session"),
        pytest.param(
            WatchFilter(kinds=frozenset({"job.created"}), job_ids=frozenset({6})), False, id="one-of-two"
        ),
    ],
)
def test_every_condition_that_is_given_must_hold(chosen: WatchFilter, admitted: bool) -> None:
    assert chosen.admits(ABOUT) is admitted


def test_what_is_about_no_job_is_not_for_those_who_chose_one() -> None:
    concern = concern_of(Happening("queue.changed", 1))

    assert concern == Concern("queue.changed", None, None)
    assert not WatchFilter(job_ids=frozenset({7})).admits(concern)


def test_a_happening_says_by_id_what_it_is_about() -> None:
    happening = Happening("progress", 1, job_id=JobId(7), session_id=SessionId("s1"))

    assert concern_of(happening) == Concern("progress", 7, "s1")


@pytest.mark.parametrize(
    ("cursor", "expected"),
    [
        pytest.param("mine.9", GoOn(9), id="newest"),
        pytest.param("mine.5", GoOn(5), id="in-between"),
        pytest.param("mine.2", GoOn(2), id="just-before-the-oldest"),
        pytest.param("mine.1", StartOver(), id="forgotten"),
        pytest.param("other.5", StartOver(), id="other-database"),
    ],
)
def test_a_cursor_says_where_to_go_on(cursor: str, expected: object) -> None:
    assert resume(cursor, identity="mine", oldest=3, newest=9) == expected


@pytest.mark.parametrize("cursor", ["mine.10", "mine", "mine.x", "mine.-1", ".5", "a.b.5", "mine.5 ", ""])
def test_a_cursor_that_was_never_given_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        resume(cursor, identity="mine", oldest=3, newest=9)


def test_where_nothing_has_happened_yet_its_cursor_is_good() -> None:
    cursor = cursor_after(0, identity="mine")

    assert resume(cursor, identity="mine", oldest=0, newest=0) == GoOn(0)
