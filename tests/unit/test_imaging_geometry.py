from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from darkroomd.core.adjustments import Crop, Geometry
from darkroomd.imaging.geometry import reframed

Pixels = NDArray[np.uint16]

TURNS = [
    Geometry(quarter_turns=turns, flip_horizontal=across, flip_vertical=down)
    for turns, across, down in itertools.product(range(4), (False, True), (False, True))
]


def noise(height: int, width: int) -> Pixels:
    return np.random.default_rng(7).integers(0, 65536, (height, width, 3), dtype=np.uint16)


def ramp(height: int, width: int) -> Pixels:
    across = np.linspace(10_000, 50_000, width).astype(np.uint16)
    return np.repeat(np.tile(across, (height, 1))[:, :, np.newaxis], 3, axis=2)


def test_quarter_turns_are_clockwise() -> None:
    pixels = noise(2, 3)

    turned = reframed(pixels, Geometry(quarter_turns=1))

    assert turned.shape == (3, 2, 3)
    assert np.array_equal(turned[0, 1], pixels[0, 0])


def test_flips_follow_the_turns() -> None:
    pixels = noise(2, 3)

    turned = reframed(pixels, Geometry(quarter_turns=1, flip_horizontal=True))

    assert np.array_equal(turned, pixels.transpose(1, 0, 2))


@pytest.mark.parametrize("turns", TURNS, ids=str)
def test_a_rotation_by_almost_nothing_takes_the_very_same_pixels(turns: Geometry) -> None:
    pixels = noise(37, 53)
    rotated = Geometry(
        quarter_turns=turns.quarter_turns,
        flip_horizontal=turns.flip_horizontal,
        flip_vertical=turns.flip_vertical,
        rotation_degrees=1e-12,
        crop=Crop(x=0, y=0, width=99, height=99),
    )

    assert np.array_equal(reframed(pixels, rotated), reframed(pixels, turns))


def test_a_crop_takes_exactly_its_pixels_and_owns_them() -> None:
    pixels = noise(40, 50)

    cut = reframed(pixels, Geometry(crop=Crop(x=5, y=7, width=20, height=10)))

    assert np.array_equal(cut, pixels[7:17, 5:25])
    assert cut.base is None


def test_a_rotation_without_a_crop_shows_no_black() -> None:
    white = np.full((90, 140, 3), 65_535, dtype=np.uint16)

    rotated = reframed(white, Geometry(rotation_degrees=-17.3))

    assert rotated.min() == 65_535


def test_a_crop_that_reaches_into_an_empty_corner_shows_it_black() -> None:
    white = np.full((600, 700, 3), 65_535, dtype=np.uint16)
    everything = Crop(x=0, y=0, width=700, height=600)

    rotated = reframed(white, Geometry(rotation_degrees=10, crop=everything))

    assert rotated.shape == white.shape
    assert rotated[0, 0].max() == 0
    assert rotated[300, 350].min() == 65_535


def test_a_rotation_there_and_back_gives_the_picture_back() -> None:
    soft = ramp(200, 300)
    whole = Crop(x=0, y=0, width=300, height=200)

    there = reframed(soft, Geometry(rotation_degrees=5, crop=whole))
    back = reframed(there, Geometry(rotation_degrees=-5, crop=whole))

    middle = np.s_[60:140, 60:240]
    assert np.abs(back[middle].astype(int) - soft[middle]).max() < 100


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_a_rotation_has_the_same_pixels_on_one_thread_and_on_two(depth: type[np.uint8 | np.uint16]) -> None:
    pixels = noise(700, 900).astype(depth)
    geometry = Geometry(quarter_turns=1, rotation_degrees=7.7)

    one, two = (reframed(pixels, geometry, threads=threads) for threads in (1, 2))

    assert one.dtype == depth
    assert one.tobytes() == two.tobytes()


@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 3), (1, 1000), (5, 1)])
@pytest.mark.parametrize("degrees", [0.0, 0.5, 45.0, -45.0])
def test_tiny_pictures_can_be_rotated(height: int, width: int, degrees: float) -> None:
    grey = np.full((height, width, 3), 30_000, dtype=np.uint16)

    rotated = reframed(grey, Geometry(rotation_degrees=degrees))

    assert rotated.size > 0
    assert (rotated == 30_000).all()


def test_pictures_wider_than_opencv_takes_can_be_rotated() -> None:
    grey = np.full((20, 40_000, 3), 200, dtype=np.uint8)

    rotated = reframed(grey, Geometry(rotation_degrees=30, crop=Crop(x=0, y=0, width=1e6, height=1e6)))

    assert rotated.shape == grey.shape
    assert rotated[10, 20_000].tolist() == [200, 200, 200]
