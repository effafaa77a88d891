from __future__ import annotations

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from darkroomd.core.pacing import Pace


def test_the_first_value_goes_out_at_once() -> None:
    pace = Pace[str](interval=0.5)

    pace.hold(1, "a")

    assert pace.take_due(10.0) == ["a"]


def test_the_next_waits_for_the_interval_and_only_the_newest_of_each_key_goes_out() -> None:
    pace = Pace[str](interval=0.5)
    pace.hold(1, "a")
    pace.take_due(10.0)

    for key, value in ((1, "b"), (2, "c"), (1, "d")):
        pace.hold(key, value)

    assert pace.take_due(10.4) == []
    assert pace.due_at() == 10.5
    assert pace.take_due(10.5) == ["c", "d"]
    assert pace.due_at() == inf


def test_what_is_dropped_does_not_go_out() -> None:
    pace = Pace[str](interval=0.5)
    pace.hold(1, "a")

    pace.drop(1)
    pace.drop(2)

    assert pace.take_due(inf) == []


def test_an_interval_of_zero_lets_nothing_through() -> None:
    pace = Pace[str](interval=0)

    pace.hold(1, "a")

    assert pace.take_due(inf) == []


@given(
    steps=st.lists(st.tuples(st.floats(0, 2), st.integers(1, 3)), max_size=40),
    interval=st.floats(0.01, 1),
)
def test_values_go_out_at_the_pace_and_none_is_older_than_one_sent(
    steps: list[tuple[float, int]], interval: float
) -> None:
    pace = Pace[int](interval=interval)
    now, sent_at, newest = 0.0, -inf, dict[int, int]()

    for number, (wait, key) in enumerate(steps):
        now += wait
        pace.hold(key, number)
        newest[key] = number
        due = pace.take_due(now)
        assert not due or now - sent_at >= interval * 0.999
        assert set(due) <= set(newest.values())
        sent_at = now if due else sent_at
