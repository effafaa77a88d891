from __future__ import annotations

import pytest

from darkroomd.core.allowance import (
    LEAST_MEMORY_BYTES,
    USUAL_PIXELS,
    Burden,
    Sensor,
    deadline_seconds,
    memory_bytes,
)


@pytest.mark.parametrize(
    ("pixels", "sensor", "expected"),
    [
        pytest.param(0, Sensor.USUAL, 60.0, id="nothing-known"),
        pytest.param(2_000_000, Sensor.USUAL, 60.0, id="small"),
        pytest.param(USUAL_PIXELS, Sensor.USUAL, 60.0, id="usual"),
        pytest.param(4 * USUAL_PIXELS, Sensor.USUAL, 240.0, id="large"),
        pytest.param(USUAL_PIXELS, Sensor.XTRANS, 300.0, id="x-trans"),
        pytest.param(2_000_000, Sensor.XTRANS, 60.0, id="small-x-trans"),
        pytest.param(2 * USUAL_PIXELS, Sensor.XTRANS, 600.0, id="large-x-trans"),
    ],
)
def test_large_and_slow_pictures_have_longer_in_proportion(
    pixels: int, sensor: Sensor, expected: float
) -> None:
    burden = Burden(file_bytes=1, pixels=pixels, sensor=sensor)

    assert deadline_seconds(60.0, burden) == pytest.approx(expected)


def test_memory_has_a_floor_and_grows_with_file_and_pixels() -> None:
    none, file, picture = (
        memory_bytes(Burden(file_bytes=file_bytes, pixels=pixels))
        for file_bytes, pixels in ((0, 0), (30_000_000, 0), (30_000_000, 24_000_000))
    )

    assert none == LEAST_MEMORY_BYTES
    assert LEAST_MEMORY_BYTES < file < picture < 4 * LEAST_MEMORY_BYTES


def test_a_small_file_that_claims_to_be_a_large_picture_earns_no_memory() -> None:
    assert memory_bytes(Burden(file_bytes=4_096, pixels=250_000_000)) < 1.1 * LEAST_MEMORY_BYTES
