from __future__ import annotations

from collections.abc import Sequence

import pytest

from darkroomd.services.session_records import is_worth_waiting_for, rest_seconds


@pytest.mark.parametrize(
    ("cost", "rest"),
    [
        pytest.param(0.001, 0.25, id="a-few-photos"),
        pytest.param(1.0, 19.0, id="ten-thousand-photos"),
        pytest.param(60.0, 30.0, id="a-slow-disk"),
    ],
)
def test_a_record_rests_by_what_it_costs_within_bounds(cost: float, rest: float) -> None:
    assert rest_seconds(cost) == pytest.approx(rest)


@pytest.mark.parametrize(
    ("costs", "photos", "expected"),
    [
        pytest.param([], 10_000, True, id="never-written"),
        pytest.param([0.02, 0.03, 0.02], 10_000, True, id="quick"),
        pytest.param([0.02, 0.03, 2.0], 10_000, True, id="one-slow-writing"),
        pytest.param([1.1, 0.9, 1.0], 10_000, False, id="ten-thousand-photos"),
        pytest.param([1.1, 0.9, 1.0], 500, True, id="few-photos-on-a-busy-machine"),
        pytest.param([1.1, 0.9, 1.0], 501, False, id="no-longer-few"),
    ],
)
def test_a_photos_end_waits_for_a_record_that_is_small_or_was_quick(
    costs: Sequence[float], photos: int, expected: object
) -> None:
    assert is_worth_waiting_for(costs, photos=photos) is expected
