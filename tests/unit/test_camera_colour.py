from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rawpy

from darkroomd.core.adjustments import Balance, WhiteBalance
from darkroomd.imaging.camera_colour import camera_colour, measured
from darkroomd.imaging.look.white_balance import absolute_gains, gains
from make import make_dng

MATRIX = np.array([[1.53, -0.46, -0.07], [0.0, 1.39, -0.39], [0.05, -0.4, 1.35]])
DAYLIGHT = (2.19, 0.92, 0.96)


def test_the_light_of_the_screens_white_is_balanced_by_the_multipliers_for_daylight() -> None:
    camera = measured(MATRIX, daylight=DAYLIGHT, shot=(1.0, 1.0, 1.0))

    found = absolute_gains(WhiteBalance(temperature_kelvin=6504.0), camera)

    assert found is not None
    assert np.array(found) / found[1] == pytest.approx(np.array(DAYLIGHT) / DAYLIGHT[1], rel=0.01)


def test_a_light_as_it_was_shot_changes_nothing() -> None:
    camera = measured(MATRIX, daylight=DAYLIGHT, shot=DAYLIGHT)

    found = gains(Balance(absolute=WhiteBalance(temperature_kelvin=6504.0)), camera)

    assert found == pytest.approx((1.0, 1.0, 1.0), abs=0.01)


def test_a_camera_is_known_by_its_file(tmp_path: Path) -> None:
    with rawpy.imread(str(make_dng(tmp_path / "a.dng"))) as raw:
        camera = camera_colour(raw)

    assert camera is not None
    assert gains(Balance(absolute=WhiteBalance(temperature_kelvin=9000.0)), camera)[0] > 1.0
