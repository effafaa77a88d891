from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps

from darkroomd.imaging.dng import Facts, Layout, Sensor, dng_bytes
from darkroomd.imaging.samples import as_stored, colour_chart, gradient


@pytest.mark.parametrize("layout", list(Layout))
def test_equal_arguments_give_equal_bytes(layout: Layout) -> None:
    first, second = (
        dng_bytes(gradient(width=31, height=17), layout=layout, facts=Facts(position=(1.5, -2.5)))
        for _ in range(2)
    )

    assert first == second


@pytest.mark.parametrize("shape", [(4, 4), (4, 4, 4), (4, 4, 3, 1)])
def test_only_three_colours_make_a_picture(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="A picture is"):
        dng_bytes(np.zeros(shape))


def test_a_sensor_sees_white_as_its_neutral() -> None:
    sensor = Sensor()

    seen = sensor.expose(np.ones((1, 1, 3)))[0, 0]

    assert seen == pytest.approx(sensor.neutral)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_stored_picture_is_what_exif_means(orientation: int) -> None:
    seen = np.arange(6, dtype=np.float64).reshape(2, 3, 1)
    stored = Image.fromarray(as_stored(seen, orientation=orientation)[..., 0].astype(np.uint8))
    stored.getexif()[274] = orientation

    upright = ImageOps.exif_transpose(stored)

    assert np.asarray(upright).tolist() == seen[..., 0].tolist()


@pytest.mark.parametrize("size", [(6, 3), (61, 47)])
def test_a_chart_of_any_size_holds_all_patches(size: tuple[int, int]) -> None:
    width, height = size

    chart = colour_chart(width=width, height=height)

    assert len(np.unique(chart.reshape(-1, 3), axis=0)) >= 18
