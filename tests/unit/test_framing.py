from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from darkroomd.core.adjustments import Crop, Geometry
from darkroomd.core.framing import framed

LENGTHS = st.integers(1, 9000)
DEGREES = st.floats(-45, 45, allow_nan=False)
NUMBERS = st.floats(-1e9, 1e9, allow_nan=False)
EXTENTS = st.floats(0, 1e9, allow_nan=False, exclude_min=True)
CROPS = st.builds(Crop, x=NUMBERS, y=NUMBERS, width=EXTENTS, height=EXTENTS)
TURNS = st.builds(
    Geometry, quarter_turns=st.integers(0, 3), flip_horizontal=st.booleans(), flip_vertical=st.booleans()
)


@pytest.mark.parametrize(
    ("crop", "expected"),
    [
        pytest.param(Crop(x=10, y=20, width=30, height=40), (10, 20, 30, 40), id="inside"),
        pytest.param(Crop(x=-5, y=-6, width=30, height=40), (0, 0, 25, 34), id="beyond-the-upper-left"),
        pytest.param(Crop(x=90, y=70, width=30, height=40), (90, 70, 10, 10), id="beyond-the-lower-right"),
        pytest.param(Crop(x=0.4, y=0.5, width=30.5, height=40.4), (0, 1, 31, 40), id="fractions"),
        pytest.param(Crop(x=7, y=8, width=0.01, height=0.2), (7, 8, 1, 1), id="less-than-a-pixel"),
        pytest.param(Crop(x=-1e9, y=-1e9, width=1e9 + 5, height=2e9), (0, 0, 5, 80), id="huge"),
    ],
)
def test_a_crop_is_held_within_the_picture(crop: Crop, expected: tuple[int, int, int, int]) -> None:
    kept = framed(Geometry(crop=crop), width=100, height=80)

    assert (kept.left, kept.top, kept.width, kept.height) == expected
    assert not kept.misses


@pytest.mark.parametrize(
    "crop",
    [
        pytest.param(Crop(x=100, y=0, width=5, height=5), id="right"),
        pytest.param(Crop(x=0, y=-9, width=5, height=5), id="above"),
    ],
)
def test_a_crop_beside_the_picture_is_left_out_and_told(crop: Crop) -> None:
    kept = framed(Geometry(crop=crop), width=100, height=80)

    assert (kept.left, kept.top, kept.width, kept.height) == (0, 0, 100, 80)
    assert kept.misses


@given(x=st.floats(0, 50), y=st.floats(0, 50))
def test_a_crop_of_one_size_has_one_size_wherever_it_lies(x: float, y: float) -> None:
    kept = framed(Geometry(crop=Crop(x=x, y=y, width=20.5, height=10.4)), width=100, height=80)

    assert (kept.width, kept.height) == (21, 10)


@given(width=LENGTHS, height=LENGTHS, degrees=DEGREES, crop=st.none() | CROPS, turns=st.integers(0, 3))
def test_what_is_kept_is_never_empty_and_never_beyond_the_frame(
    width: int, height: int, degrees: float, crop: Crop | None, turns: int
) -> None:
    geometry = Geometry(quarter_turns=turns, rotation_degrees=degrees, crop=crop)
    turned = (height, width) if turns % 2 else (width, height)

    kept = framed(geometry, width=width, height=height)

    assert 0 <= kept.left < kept.left + kept.width <= turned[0]
    assert 0 <= kept.top < kept.top + kept.height <= turned[1]


@given(width=LENGTHS, height=LENGTHS, degrees=DEGREES, turns=TURNS)
def test_a_rotation_without_a_crop_leaves_no_empty_corner(
    width: int, height: int, degrees: float, turns: Geometry
) -> None:
    geometry = Geometry(
        quarter_turns=turns.quarter_turns, flip_vertical=turns.flip_vertical, rotation_degrees=degrees
    )

    kept = framed(geometry, width=width, height=height)

    assume(min(kept.width, kept.height) > 1)  # of a thread of pixels nothing else is left
    corners = [kept.origin.at(x, y) for x in (0, kept.width - 1) for y in (0, kept.height - 1)]
    assert all(-0.501 <= x <= width - 0.499 and -0.501 <= y <= height - 0.499 for x, y in corners)


@given(degrees=DEGREES)
def test_a_rotation_without_a_crop_keeps_the_shape_and_the_centre(degrees: float) -> None:
    kept = framed(Geometry(rotation_degrees=degrees), width=6000, height=4000)

    assert kept.width / kept.height == pytest.approx(1.5, abs=0.002)
    assert (2 * kept.left + kept.width, 2 * kept.top + kept.height) == (6000, 4000)


def test_the_more_a_picture_is_rotated_the_less_of_it_is_kept() -> None:
    widths = [
        framed(Geometry(rotation_degrees=degrees / 2), width=6000, height=4000).width for degrees in range(90)
    ]

    assert widths == sorted(widths, reverse=True)
    assert widths[0] == 6000


def test_a_positive_rotation_turns_clockwise_about_the_centre() -> None:
    crop = Crop(x=0, y=0, width=101, height=101)

    kept = framed(Geometry(rotation_degrees=45, crop=crop), width=101, height=101)

    assert kept.origin.at(50, 50) == pytest.approx((50, 50))
    assert kept.origin.at(60, 60) == pytest.approx((50 + 200**0.5, 50))


@given(turns=TURNS, width=LENGTHS, height=LENGTHS)
def test_turns_and_flips_take_every_corner_from_a_corner(turns: Geometry, width: int, height: int) -> None:
    kept = framed(turns, width=width, height=height)

    corners = {kept.origin.at(x, y) for x in (0, kept.width - 1) for y in (0, kept.height - 1)}
    assert corners == {(x, y) for x in (0, width - 1) for y in (0, height - 1)}
