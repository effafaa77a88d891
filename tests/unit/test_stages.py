from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroomd.core.allowance import Sensor
from darkroomd.core.stages import DEVELOP, ENCODE, READ_PERCENT, UNPACK, Labour, percent_at


@pytest.mark.parametrize(
    ("labour", "develop", "encode"),
    [
        pytest.param(Labour(), 67, 79, id="kernel"),
        pytest.param(Labour(more_passes=True), 35, 89, id="worked-on"),
        pytest.param(Labour(by_kernel=False), 34, 89, id="libraw"),
        pytest.param(Labour(by_kernel=False, sensor=Sensor.XTRANS), 4, 99, id="x-trans"),
        pytest.param(Labour(sensor=Sensor.XTRANS), 67, 79, id="bayer-in-a-raf"),
        pytest.param(Labour(outputs=3), 47, 55, id="three-recipes"),
    ],
)
def test_a_stage_begins_where_the_work_before_it_ends(labour: Labour, develop: int, encode: int) -> None:
    starts = [percent_at(stage, labour) for stage in (UNPACK, DEVELOP, ENCODE)]

    assert starts == [0, develop, encode]


@given(st.builds(Labour, outputs=st.integers(1, 16)))
def test_progress_never_goes_back_and_never_says_that_all_is_done(labour: Labour) -> None:
    starts = [percent_at(stage, labour) for stage in (UNPACK, DEVELOP, ENCODE)]

    assert starts == sorted(starts)
    assert starts[0] < READ_PERCENT < starts[1]
    assert starts[-1] < 100
