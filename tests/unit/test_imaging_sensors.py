from __future__ import annotations

import numpy as np
import pytest

from darkroomd.core.allowance import Sensor
from darkroomd.imaging.dng import XTRANS_CELL, Layout, dng_bytes
from darkroomd.imaging.dng import Sensor as Cells
from darkroomd.imaging.sensors import sensor_of

PICTURE = np.full((12, 12, 3), 0.5)


@pytest.mark.parametrize(
    ("blob", "expected"),
    [
        pytest.param(dng_bytes(PICTURE), Sensor.USUAL, id="bayer"),
        pytest.param(dng_bytes(PICTURE, layout=Layout.LINEAR), Sensor.USUAL, id="linear"),
        pytest.param(dng_bytes(PICTURE, sensor=Cells(cell=XTRANS_CELL)), Sensor.XTRANS, id="x-trans"),
        pytest.param(b"FUJIFILMCCD-RAW 0201", Sensor.XTRANS, id="fuji"),
        pytest.param(b"", Sensor.USUAL, id="empty"),
        pytest.param(b"II*\0\xff\xff\xff\xff", Sensor.USUAL, id="no-folder"),
    ],
)
def test_the_sensor_is_known_by_the_tags_alone(blob: bytes, expected: Sensor) -> None:
    assert sensor_of(blob) is expected
