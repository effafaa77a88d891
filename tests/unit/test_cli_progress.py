"""How far work is and how fast it goes, in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.cli.progress import Advance, Course, bar


def course(*, left: int, ends: list[float]) -> Course:
    """Return a course of which so much is left after items have ended at these moments."""
    work = Course()
    work.take_left(left + len(ends))
    for moment in ends:
        work.take_end(now=moment)
    return work


@pytest.mark.parametrize(
    ("left", "ends", "line"),
    [
        pytest.param(3, [], "[--------------------] 0 of 3", id="begun"),
        pytest.param(2, [1.0, 2.0], "[##########----------] 2 of 4", id="too-early-for-a-pace"),
        pytest.param(
            3, [0.0, 5.0, 10.0], "[##########----------] 3 of 6, 12 a minute, about 15 s left", id="steady"
        ),
        pytest.param(
            1,
            [-20.0, 0.0, 10.0],
            "[###############-----] 3 of 4, 4.0 a minute, about 15 s left",
            id="slow",
        ),
        pytest.param(0, [0.0, 5.0, 10.0], "[####################] 3 of 3, 12 a minute", id="done"),
    ],
)
def test_the_course_of_work_is_told_in_one_line(left: int, ends: list[float], line: str) -> None:
    assert course(left=left, ends=ends).line(now=10.0) == line


def test_the_estimate_of_the_daemon_is_better_than_one_by_the_pace() -> None:
    work = course(left=3, ends=[0.0, 5.0, 10.0])

    assert work.line(now=10.0, remaining_usec=240_000_000).endswith("12 a minute, about 4 min left")


def test_what_comes_after_all_was_done_is_counted_anew() -> None:
    work = course(left=0, ends=[0.0, 5.0, 10.0])
    work.take_left(0)

    work.take_left(2)

    assert work.line(now=60.0) == "[--------------------] 0 of 2"


def test_what_comes_before_all_is_done_is_added() -> None:
    work = course(left=1, ends=[0.0])

    work.take_left(4)

    assert work.line(now=1.0) == "[####----------------] 1 of 5"


def test_work_that_stands_still_becomes_slower() -> None:
    work = course(left=1, ends=[0.0, 1.0, 2.0])

    assert work.per_minute(now=2.0) == pytest.approx(60.0)
    assert work.per_minute(now=60.0) == pytest.approx(2.0)


@given(st.integers(0, 2**63), st.integers(0, 2**63))
def test_a_bar_has_its_width_and_is_full_only_in_the_end(done: int, of: int) -> None:
    drawn = bar(done, of=of)

    assert len(drawn) == 22
    assert ("-" not in drawn) == (done >= of)


def test_the_time_left_follows_from_the_percent_since_work_went_on() -> None:
    advance = Advance()

    begun = advance.remaining_usec(10, now=0.0, goes_on=True)
    early = advance.remaining_usec(12, now=4.0, goes_on=True)
    later = advance.remaining_usec(60, now=50.0, goes_on=True)
    waits = advance.remaining_usec(60, now=900.0, goes_on=False)
    again = [
        advance.remaining_usec(percent, now=now, goes_on=True) for percent, now in ((60, 1e3), (80, 1010.0))
    ]

    assert (begun, early, later, waits) == (None, None, 40_000_000, None)
    assert again == [None, 10_000_000]
