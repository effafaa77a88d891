from __future__ import annotations

import pytest

from darkroomd.services.session_records import rest_seconds


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
