from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from darkroomd.core.adjustment_keys import BANDS
from darkroomd.core.adjustment_reading import read_adjustments
from darkroomd.core.adjustments import NEUTRAL, WhiteBalance
from darkroomd.core.cube_file import Cube, read_cube
from darkroomd.core.json_values import Json, JsonObject
from darkroomd.imaging.look import CameraColour, Look, compile_look, cube, curves, tone, white_balance
from darkroomd.imaging.look import colour as colours

TONES = ("brightness", "contrast", "highlights", "shadows", "whites", "blacks")
POINTWISE = (*TONES, "exposure", "temperature", "tint", "vibrance", "saturation", "hue")
GREYS = np.repeat(np.linspace(0, 65535, 999).astype(np.uint16)[:, np.newaxis, np.newaxis], 3, axis=2)

# A camera's matrix and multipliers as they are for daylight: those of a compact camera of 2001.
CAMERA = CameraColour(
    from_xyz=((0.8606, -0.2573, -0.0949), (-0.8237, 1.5489, 0.2974), (-0.2649, 0.3076, 0.91)),
    multipliers=(2.285, 1.0, 1.126),
)


def look_of(document: JsonObject, *, camera: CameraColour | None = None, lut: Cube | None = None) -> Look:
    return compile_look(read_adjustments(document).adjustments, camera=camera, lut=lut)


def numbers(look: Look) -> tuple[bytes, bytes, bytes, bytes | None]:
    of_cube = None if look.cube is None else look.cube.tobytes()
    return look.gains.tobytes(), look.mix.tobytes(), look.tables.tobytes(), of_cube


def developed(look: Look, linear: NDArray[np.float64]) -> NDArray[np.uint16]:
    """Develop (height, width, 3) camera-balanced linear light of a camera that sees sRGB."""
    light = np.minimum(linear, 1.0) * look.gains
    mixed = sum(light[..., np.newaxis, channel] * look.mix[:, channel] for channel in range(3))
    index = np.rint(np.clip(mixed, 0.0, 1.0) * 65535).astype(np.int64)
    out = np.stack([look.tables[channel][index[..., channel]] for channel in range(3)], axis=-1)
    if look.cube is not None:
        cube.apply(out, look.cube)
    return out


NEUTRAL_NUMBERS = numbers(compile_look(NEUTRAL))


@pytest.mark.parametrize(
    "document",
    [
        *[pytest.param({key: 0}, id=key) for key in POINTWISE],
        pytest.param(
            {"hsl": {band: {"hue": 0, "saturation": 0, "luminance": 0} for band in BANDS}}, id="hsl"
        ),
        pytest.param(
            {"colorGrading": {"shadows": {"hue": 90, "saturation": 0}, "blending": 9}}, id="grading"
        ),
        pytest.param(
            {"curves": {"luma": [{"x": 0, "y": 0}, {"x": 9, "y": 9}, {"x": 255, "y": 255}]}}, id="curve"
        ),
        pytest.param({"lutPath": "/a.cube", "lutIntensity": 0}, id="lut"),
        pytest.param({"toneMapper": "basic", "whiteBalance": None}, id="choices"),
        pytest.param({"exposure": 2, "blacks": 9, "sectionVisibility": {"basic": False}}, id="basic-off"),
        pytest.param({"hue": 9, "vibrance": 9, "sectionVisibility": {"color": False}}, id="color-off"),
        pytest.param({"clarity": 50, "grainAmount": 9, "rotation": 3}, id="what-is-no-matter-of-pixels"),
    ],
)
def test_a_control_at_zero_changes_no_bit(document: JsonObject) -> None:
    assert numbers(look_of(document)) == NEUTRAL_NUMBERS


@pytest.mark.parametrize("amount", [-100, 100])
@pytest.mark.parametrize("key", POINTWISE)
def test_every_control_changes_something_in_both_directions(key: str, amount: int) -> None:
    look = look_of({key: amount})

    assert numbers(look) != NEUTRAL_NUMBERS


def test_the_neutral_look_is_brighter_in_the_middle_and_darker_in_the_shadows_than_plain_srgb() -> None:
    shown = compile_look(NEUTRAL).tables[0] / 65535

    assert (shown[0], shown[65535]) == (0.0, 1.0)
    assert shown[round(0.01 * 65535)] < 0.0998
    assert 0.50 < shown[round(0.18 * 65535)] < 0.56


AMOUNT = st.integers(-100, 100)


@settings(max_examples=30, deadline=None)
@given(
    amounts=st.fixed_dictionaries(dict.fromkeys(TONES, AMOUNT)),
    exposure=st.floats(-5, 5),
    temperature=AMOUNT,
    mapper=st.sampled_from(["basic", "agx"]),
)
def test_no_tones_ever_change_places(
    amounts: dict[str, int], exposure: float, temperature: int, mapper: str
) -> None:
    document: JsonObject = {**amounts, "exposure": exposure, "temperature": temperature, "toneMapper": mapper}

    tables = look_of(document).tables.astype(np.int64)

    assert tables.shape == (3, 65536)
    assert np.diff(tables, axis=1).min() >= 0


@pytest.mark.parametrize("key", ["exposure", "brightness", "highlights", "shadows", "whites", "blacks"])
def test_more_of_it_is_brighter_everywhere(key: str) -> None:
    greys = np.repeat(np.linspace(0, 1, 999)[:, np.newaxis, np.newaxis], 3, axis=2)

    steps = [developed(look_of({key: amount}), greys).astype(np.int64) for amount in (-3, -1, 0, 1, 3)]

    assert all((more >= less).all() and more.sum() > less.sum() for less, more in itertools.pairwise(steps))


def test_contrast_darkens_the_dark_and_brightens_the_bright() -> None:
    flat, neutral, steep = (
        look_of({"contrast": amount}).tables[0].astype(np.int64) for amount in (-50, 0, 50)
    )

    dark, bright = slice(200, 4000), slice(30000, 65000)
    assert (steep[dark] <= neutral[dark]).all()
    assert (neutral[dark] <= flat[dark]).all()
    assert (flat[bright] <= neutral[bright]).all()
    assert (neutral[bright] <= steep[bright]).all()


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({}, id="neutral"),
        pytest.param({"toneMapper": "agx"}, id="agx"),
        pytest.param({"saturation": -100}, id="no-colour"),
        pytest.param({"saturation": 100, "hue": 77}, id="much-colour"),
        pytest.param({"vibrance": 100}, id="vibrance"),
        pytest.param(
            {"hsl": {"reds": {"luminance": 100, "saturation": 100}, "blues": {"hue": -100}}}, id="bands"
        ),
        pytest.param({"contrast": 40, "shadows": 30, "exposure": 1.5}, id="tone"),
    ],
)
def test_grey_stays_grey(document: JsonObject) -> None:
    greys = np.repeat(np.linspace(0, 1, 999)[:, np.newaxis, np.newaxis], 3, axis=2)

    shown = developed(look_of(document), greys).astype(np.int64)

    # One step of 8 bits is 257.
    assert np.ptp(shown, axis=2).max() <= 16


@pytest.mark.parametrize(
    "document", [{"temperature": 60}, {"tint": -60}, {"temperature": -40, "saturation": -100}]
)
def test_what_clipped_in_the_camera_stays_white_by_another_balance(document: JsonObject) -> None:
    shown = developed(look_of(document), np.ones((1, 1, 3)))

    assert shown.min() >= 65000


def test_without_colour_all_channels_are_equal_to_the_bit_by_any_balance() -> None:
    colourful = np.random.default_rng(7).random((50, 50, 3))

    shown = developed(look_of({"saturation": -100, "temperature": 50, "tint": -20}), colourful)

    assert np.ptp(shown, axis=2).max() == 0


def test_warmer_is_redder_and_tint_is_magenta_at_the_same_luminance() -> None:
    warm, tinted = look_of({"temperature": 50}).gains, look_of({"tint": 50}).gains

    assert warm[0] > warm[1] > warm[2]
    assert tinted[1] < min(tinted[0], tinted[2])
    assert np.allclose([warm @ white_balance.LUMINANCE, tinted @ white_balance.LUMINANCE], 1.0)


@pytest.mark.parametrize(
    ("kelvin", "expected"),
    [
        pytest.param(2855.5, (0.4476, 0.4075), id="illuminant-A"),
        pytest.param(5003, (0.3457, 0.3585), id="D50"),
        pytest.param(6504, (0.3127, 0.3290), id="D65"),
        pytest.param(7504, (0.2990, 0.3149), id="D75"),
    ],
)
def test_a_light_of_a_temperature_has_the_colour_of_the_standards(
    kelvin: float, expected: tuple[float, float]
) -> None:
    found = white_balance.chromaticity(WhiteBalance(temperature_kelvin=kelvin))

    assert found == pytest.approx(expected, abs=5e-4)


def test_an_absolute_balance_needs_a_camera_and_a_higher_temperature_is_a_warmer_picture() -> None:
    cold: JsonObject = {"whiteBalance": {"temperature": 3000, "tint": 0}}
    warm: JsonObject = {"whiteBalance": {"temperature": 9000, "tint": 0}}
    tinted: JsonObject = {"whiteBalance": {"temperature": 5500, "tint": 50}}

    assert numbers(look_of(cold)) == NEUTRAL_NUMBERS
    assert look_of(cold, camera=CAMERA).gains[2] > 1.3
    assert look_of(warm, camera=CAMERA).gains[0] > 1.1
    assert look_of(tinted, camera=CAMERA).gains[1] < 0.97


@given(kelvin=st.floats(2000, 50000), tint=st.floats(-150, 150))
def test_an_absolute_balance_is_finite_for_every_light(kelvin: float, tint: float) -> None:
    gains = white_balance.absolute_gains(WhiteBalance(temperature_kelvin=kelvin, tint=tint), CAMERA)

    assert gains is None or (min(gains) > 0.0 and max(gains) < 1000.0)


POINTS = st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255)), min_size=2, max_size=16)


@given(points=POINTS)
def test_a_curve_goes_through_its_points_and_never_beyond_them(points: list[tuple[int, int]]) -> None:
    curve = tuple(sorted((float(x), float(y)) for x, y in dict(points).items())) * (len(dict(points)) > 1)
    xs = np.array([x for x, _ in curve]) / 255
    ys = np.array([y for _, y in curve]) / 255

    through = curves.follow(curve, xs)
    between = curves.follow(curve, np.linspace(0, 1, 777))

    assert np.allclose(through, ys)
    assert between.min() >= min(ys, default=0) - 1e-12
    assert between.max() <= max(ys, default=1) + 1e-12


@given(points=POINTS)
def test_a_curve_whose_points_rise_rises(points: list[tuple[int, int]]) -> None:
    xs = sorted({float(x) for x, _ in points} | {0.0, 255.0})
    ys = sorted(float(y) for _, y in (*points, *points, (0, 0)))[: len(xs)]

    shown = curves.follow(tuple(zip(xs, ys, strict=False)), np.linspace(0, 1, 999))

    assert np.diff(shown).min() >= -1e-12


def test_each_channel_has_its_curve_after_the_one_for_all() -> None:
    up: Json = [{"x": 0, "y": 0}, {"x": 128, "y": 200}, {"x": 255, "y": 255}]

    tables = look_of({"curves": {"luma": up, "blue": [{"x": 0, "y": 255}, {"x": 255, "y": 0}]}}).tables

    assert (tables[0] == tables[1]).all()
    assert (tables[0] >= compile_look(NEUTRAL).tables[0]).all()
    assert np.abs(tables[2].astype(np.int64) + tables[0] - 65535).max() <= 1


def test_bands_of_hue_share_the_circle_without_gap_or_double() -> None:
    hues = np.linspace(0, 360, 3601)

    total = sum(colours._band_weight(number, hues) for number in range(len(BANDS)))

    assert np.allclose(np.asarray(total), 1.0)


@pytest.mark.parametrize(
    ("band", "colour"),
    [("reds", (1, 0.1, 0.1)), ("greens", (0.1, 1, 0.1)), ("blues", (0.1, 0.1, 1)), ("yellows", (1, 1, 0.1))],
)
def test_a_band_changes_its_own_hue_and_not_the_opposite_one(band: str, colour: tuple[float, ...]) -> None:
    own, opposite = np.array([[colour]]), 1.1 - np.array([[colour]])
    plain, pale = look_of({}), look_of({"hsl": {band: {"saturation": -100}}})

    assert np.ptp(developed(pale, own)) < 0.5 * np.ptp(developed(plain, own))
    assert np.abs(developed(pale, opposite).astype(int) - developed(plain, opposite)).max() < 400


def test_vibrance_lifts_pale_colours_more_than_full_ones_and_skin_less() -> None:
    chroma, hue = np.array([0.05, 0.3, 0.05]), np.array([260.0, 260.0, 52.0])

    pale, full, skin = colours._vibrance(1.0, chroma, hue)

    assert pale > skin > 1.0
    assert pale > full > 1.0


def test_grading_tints_its_own_zone_and_leaves_black_and_white() -> None:
    greys = np.repeat(np.array([0.0, 0.004, 0.6, 1.0])[:, np.newaxis, np.newaxis], 3, axis=2)

    shown = developed(look_of({"colorGrading": {"shadows": {"hue": 240, "saturation": 80}}}), greys)

    spread = np.ptp(shown[:, 0], axis=1)
    assert spread[1] > 4000
    assert spread[2] < 1000
    assert (spread[0], spread[3]) == (0, 0)


def identity_file(size: int) -> bytes:
    steps = [number / (size - 1) for number in range(size)]
    rows = [f"{red} {green} {blue}" for blue in steps for green in steps for red in steps]
    return "\n".join([f"LUT_3D_SIZE {size}", *rows]).encode()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_table_that_changes_nothing_changes_no_value(dtype: type[np.uint8 | np.uint16]) -> None:
    lut = read_cube(identity_file(17))
    assert isinstance(lut, Cube)
    look = look_of({"lutPath": "a.cube"}, lut=lut)
    pixels = np.random.default_rng(1).integers(0, np.iinfo(dtype).max, (90, 41, 3), dtype, endpoint=True)
    before = pixels.copy()

    assert look.cube is not None
    cube.apply(pixels, look.cube)

    # Nodes of 16 bits between which 16 bits are found: one step.
    assert np.abs(pixels.astype(np.int64) - before).max() <= (dtype is np.uint16)


def test_a_table_counts_by_its_intensity_and_comes_after_the_colours() -> None:
    inverse = read_cube(b"LUT_3D_SIZE 2\n1 1 1\n0 1 1\n1 0 1\n0 0 1\n1 1 0\n0 1 0\n1 0 0\n0 0 0\n")
    assert isinstance(inverse, Cube)

    whole = look_of({"lutPath": "a.cube"}, lut=inverse)
    half = look_of({"lutPath": "a.cube", "lutIntensity": 50, "vibrance": 5}, lut=inverse)

    assert whole.cube is not None
    assert half.cube is not None
    assert (whole.cube.shape, half.cube.shape) == ((2, 2, 2, 3), (33, 33, 33, 3))
    assert whole.cube[1, 0, 0].tolist() == [0.0, 1.0, 1.0]
    assert np.allclose(half.cube[[0, 32], [0, 32], [0, 32]], 0.5, atol=1e-4)


def test_the_same_adjustments_give_the_same_numbers() -> None:
    document: JsonObject = {"contrast": 18, "vibrance": 35, "temperature": 9, "hue": 3}

    assert numbers(look_of(document)) == numbers(look_of(document))


def test_middle_grey_is_where_the_paler_curve_says() -> None:
    shown = tone.display(
        np.array([0.0, tone.MIDDLE_GREY, 1.0]), read_adjustments({"toneMapper": "agx"}).adjustments.tone
    )

    assert shown.tolist() == pytest.approx([0.0, 0.48, 1.0])


TABLE = np.random.default_rng(3).random((9, 9, 9, 3), dtype=np.float32)


@pytest.mark.skipif(not cube.BUILT, reason="the compiled table of colours is not built")
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("size", [2, 9, 65])
def test_the_compiled_table_does_what_numpy_does(size: int, dtype: type[np.uint8 | np.uint16]) -> None:
    random = np.random.default_rng(size)
    nodes = random.integers(0, 2, (size, size, size, 3)).astype(np.float32)
    most = np.iinfo(dtype).max
    pixels = random.integers(0, most, (300, 120, 3), dtype, endpoint=True)
    pixels[:8, 0] = [[red, green, blue] for red in (0, most) for green in (0, most) for blue in (0, most)]
    pixels[8:99, 1] = pixels[8:99, 1, :1]
    other = pixels.copy()

    cube.apply(pixels, nodes)
    cube.apply(other, nodes, native=False)

    assert (pixels == other).all()


@pytest.mark.parametrize("native", [pytest.param(cube.BUILT, id="compiled"), pytest.param(False, id="numpy")])
def test_a_picture_may_lie_in_memory_as_it_likes(native: bool) -> None:
    whole = np.random.default_rng(5).integers(0, 65535, (60, 80, 3), np.uint16)
    alone = whole[5:50, 3:70].transpose(1, 0, 2)[::-1].copy()

    cube.apply(whole[5:50, 3:70].transpose(1, 0, 2)[::-1], TABLE, native=native)
    cube.apply(alone, TABLE, native=native)

    assert (whole[5:50, 3:70].transpose(1, 0, 2)[::-1] == alone).all()


@pytest.mark.skipif(not cube.BUILT, reason="the compiled table of colours is not built")
@pytest.mark.parametrize(
    ("pixels", "nodes"),
    [
        pytest.param(np.zeros((2, 2, 3), np.float32), np.zeros((2, 2, 2, 3), np.uint16), id="numbers"),
        pytest.param(np.zeros((2, 2, 4), np.uint8), np.zeros((2, 2, 2, 3), np.uint16), id="four-colours"),
        pytest.param(np.zeros((2, 2), np.uint8), np.zeros((2, 2, 2, 3), np.uint16), id="mosaic"),
        pytest.param(np.zeros((2, 2, 3), np.uint8), np.zeros((1, 1, 1, 3), np.uint16), id="small-table"),
        pytest.param(np.zeros((2, 2, 3), np.uint8), np.zeros((66, 66, 66, 3), np.uint16), id="large-table"),
        pytest.param(np.zeros((2, 2, 3), np.uint8), np.zeros((2, 3, 2, 3), np.uint16), id="no-cube"),
        pytest.param(np.zeros((2, 2, 3), np.uint8), np.zeros((2, 2, 2, 3), np.int16), id="signed-table"),
    ],
)
def test_the_compiled_table_takes_only_what_it_can_read(
    pixels: NDArray[np.generic], nodes: NDArray[np.generic]
) -> None:
    with pytest.raises(ValueError, match=r"array|nodes"):
        cube._native.apply(pixels, nodes)
