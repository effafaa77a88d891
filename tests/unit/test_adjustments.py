from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroomd.core.adjustment_reading import read_adjustments, unsupported
from darkroomd.core.adjustments import (
    NEUTRAL,
    Adjustments,
    Balance,
    Band,
    Colour,
    Crop,
    Curves,
    Effects,
    Geometry,
    Grading,
    Local,
    Lut,
    Tone,
    ToneMapper,
    Wheel,
    WhiteBalance,
)
from darkroomd.core.json_values import Json, JsonObject

# What an editor writes that spells out every default.
UNTOUCHED: JsonObject = {
    "exposure": 0.0,
    "contrast": 0,
    "toneMapper": "basic",
    "whiteBalance": None,
    "curves": {"luma": [{"x": 0, "y": 0}, {"x": 255, "y": 255}], "red": []},
    "curveMode": "point",
    "parametricCurve": {"luma": {"darks": 0, "split1": 25, "split2": 50, "split3": 75}},
    "colorCalibration": {"shadowsTint": 0, "redHue": 0},
    "hsl": {"reds": {"hue": 0, "saturation": 0, "luminance": 0}},
    "colorGrading": {
        "shadows": {"hue": 220, "saturation": 0, "luminance": 0},
        "global": {"hue": 0, "saturation": 0, "luminance": 0},
        "blending": 50,
        "balance": 0,
    },
    "vignetteAmount": 0,
    "vignetteMidpoint": 30,
    "grainSize": 80,
    "lutPath": None,
    "lutName": None,
    "lutSize": 0,
    "lutIntensity": 40,
    "crop": None,
    "flipHorizontal": False,
    "orientationSteps": 0,
    "masks": [],
    "lensDistortionAmount": 100,
    "transformScale": 100,
    "sectionVisibility": {"basic": True, "curves": True},
    "boothy": {"preset_id": "x", "preset_name": "X"},
}


def test_defaults_spelled_out_are_neutral_and_nothing_is_reported() -> None:
    reading = read_adjustments(UNTOUCHED)

    assert (reading.adjustments, reading.unsupported) == (NEUTRAL, ())


RED = Band(hue=3.0)
CURVE = ((0.0, 10.0), (255.0, 255.0))


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param(
            {"exposure": 1, "contrast": -8}, Adjustments(tone=Tone(exposure=1.0, contrast=-8.0)), id="tone"
        ),
        pytest.param({"exposure": 99}, Adjustments(tone=Tone(exposure=5.0)), id="too-much"),
        pytest.param({"blacks": -1e300}, Adjustments(tone=Tone(blacks=-100.0)), id="too-little"),
        pytest.param({"toneMapper": "agx"}, Adjustments(tone=Tone(mapper=ToneMapper.AGX)), id="mapper"),
        pytest.param(
            {"whiteBalance": {"temperature": 5500}, "tint": 4},
            Adjustments(balance=Balance(tint=4.0, absolute=WhiteBalance(temperature_kelvin=5500.0))),
            id="balance",
        ),
        pytest.param(
            {"hsl": {"reds": {"hue": 3}, "blues": None}},
            Adjustments(colour=Colour(bands=(RED, *[Band()] * 7))),
            id="bands",
        ),
        pytest.param(
            {"colorGrading": {"global": {"hue": 380, "saturation": 7}, "balance": 5}},
            Adjustments(
                colour=Colour(grading=Grading(overall=Wheel(hue_degrees=20.0, saturation=7.0), balance=5.0))
            ),
            id="grading",
        ),
        pytest.param(
            {"curves": {"red": [{"x": 255, "y": 300}, {"x": 0, "y": 3}, {"x": 0, "y": 10}]}},
            Adjustments(curves=Curves(red=CURVE)),
            id="curves",
        ),
        pytest.param(
            {"lutPath": "a.cube", "lutIntensity": 40},
            Adjustments(lut=Lut(path="a.cube", intensity=40.0)),
            id="lut",
        ),
        pytest.param(
            {"lutPath": "a.cube", "lutName": "a.cube", "lutSize": 33},
            Adjustments(lut=Lut(path="a.cube")),
            id="lut-as-an-editor-shows-it",
        ),
        pytest.param({"lutPath": "a.cube", "lutIntensity": 0}, NEUTRAL, id="lut-of-no-weight"),
        pytest.param({"parametricCurve": {"luma": {"darks": 9}}}, NEUTRAL, id="curve-of-another-mode"),
        pytest.param({"clarity": 10}, Adjustments(local=Local(clarity=10.0)), id="local"),
        pytest.param(
            {"orientationSteps": 5, "rotation": -90, "flipVertical": True},
            Adjustments(geometry=Geometry(quarter_turns=1, rotation_degrees=-45.0, flip_vertical=True)),
            id="geometry",
        ),
        pytest.param(
            {"crop": {"x": 1, "y": 2.5, "width": 3, "height": 4}},
            Adjustments(geometry=Geometry(crop=Crop(x=1.0, y=2.5, width=3.0, height=4.0))),
            id="crop",
        ),
        pytest.param(
            {"crop": {"unit": "px", "x": 1, "y": 2, "width": 3, "height": 4}},
            Adjustments(geometry=Geometry(crop=Crop(x=1.0, y=2.0, width=3.0, height=4.0))),
            id="crop-with-its-unit",
        ),
        pytest.param(
            {"vignetteAmount": -9, "vignetteMidpoint": 9},
            Adjustments(effects=Effects(vignette_amount=-9.0, vignette_midpoint=9.0)),
            id="effects",
        ),
    ],
)
def test_what_is_honoured_is_read_within_its_range(document: JsonObject, expected: Adjustments) -> None:
    reading = read_adjustments(document)

    assert (reading.adjustments, reading.unsupported) == (expected, ())


@pytest.mark.parametrize(
    "document",
    [
        pytest.param({"masks": [{"type": "brush"}]}, id="masks"),
        pytest.param({"futureThing": 1}, id="unknown"),
        pytest.param({"lensDistortionAmount": 40}, id="lens"),
        pytest.param({"shadows": "lots"}, id="words-for-a-number"),
        pytest.param({"contrast": True}, id="flag-for-a-number"),
        pytest.param({"flipVertical": "yes"}, id="words-for-a-flag"),
        pytest.param({"toneMapper": "filmic"}, id="unknown-mapper"),
        pytest.param({"toneMapper": ["agx"]}, id="list-for-a-mapper"),
        pytest.param({"whiteBalance": {"tint": 3}}, id="no-temperature"),
        pytest.param({"hsl": {"teals": {"saturation": 3}}}, id="unknown-band"),
        pytest.param({"hsl": {"reds": {"glow": 3}}}, id="unknown-part-of-a-band"),
        pytest.param({"colorGrading": {"shadows": 7}}, id="number-for-a-wheel"),
        pytest.param({"curves": {"luma": [{"x": 9, "y": 30}]}}, id="curve-of-one-point"),
        pytest.param({"curves": {"luma": [{"x": n, "y": 0} for n in range(17)]}}, id="curve-of-many-points"),
        pytest.param({"curves": {"luma": [{"x": 9}, {"x": 8, "y": 1}]}}, id="point-without-height"),
        pytest.param({"curves": {"luma": [{"x": {}, "y": {}}]}}, id="point-of-objects"),
        pytest.param({"curves": {"cyan": [{"x": 0, "y": 9}, {"x": 1, "y": 10}]}}, id="unknown-curve"),
        pytest.param({"crop": {"x": 0, "y": 0, "width": 0, "height": 9}}, id="empty-crop"),
        pytest.param(
            {"crop": {"unit": "%", "x": 0, "y": 0, "width": 50, "height": 50}}, id="crop-in-percent"
        ),
        pytest.param(
            {"curveMode": "parametric", "parametricCurve": {"luma": {"darks": 9}}}, id="parametric-curve"
        ),
        pytest.param({"orientationSteps": 0.5}, id="half-a-turn"),
        pytest.param({"lutPath": "a\0b"}, id="path-with-nul"),
        pytest.param({"lutPath": "a" * 5000}, id="endless-path"),
    ],
)
def test_what_is_set_and_not_honoured_is_reported_and_changes_nothing(document: JsonObject) -> None:
    reading = read_adjustments(document)

    assert (reading.adjustments, reading.unsupported) == (NEUTRAL, tuple(document))


def test_one_odd_value_takes_no_other_with_it() -> None:
    reading = read_adjustments({"shadows": "x", "exposure": 2, "glow": 1})

    assert reading.adjustments == replace(NEUTRAL, tone=Tone(exposure=2.0))
    assert reading.unsupported == ("glow", "shadows")


@pytest.mark.parametrize(
    ("section", "set_in_it"),
    [
        pytest.param("basic", {"exposure": 2, "blacks": 3, "toneMapper": "agx"}, id="basic"),
        pytest.param("curves", {"curves": {"red": [{"x": 0, "y": 9}, {"x": 9, "y": 9}]}}, id="curves"),
        pytest.param("color", {"tint": 9, "hsl": {"reds": {"hue": 4}}, "vibrance": "odd"}, id="color"),
        pytest.param("details", {"clarity": 9, "centré": 4}, id="details"),
        pytest.param("effects", {"glowAmount": 9, "lutPath": "/a.cube"}, id="effects"),
    ],
)
@pytest.mark.parametrize("switch", ["sectionVisibility", "activeTools"])
def test_a_section_that_is_off_is_neither_honoured_nor_reported(
    switch: str, section: str, set_in_it: JsonObject
) -> None:
    reading = read_adjustments({**set_in_it, switch: {section: False}})

    assert (reading.adjustments, reading.unsupported) == (NEUTRAL, ())


def test_a_tool_can_be_off_by_its_own_name() -> None:
    reading = read_adjustments({"exposure": 2, "contrast": 3, "activeTools": {"exposure": False}})

    assert reading.adjustments == Adjustments(tone=Tone(contrast=3.0))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
KEYS = st.sampled_from([*UNTOUCHED, "activeTools", "x"])


@given(document=st.dictionaries(KEYS, JSON))
def test_no_adjustments_are_too_strange_to_be_read(document: dict[str, Json]) -> None:
    reported = unsupported(document)

    assert set(reported) <= set(document)


def test_of_ever_so_many_keys_that_are_not_honoured_the_first_are_told_and_how_many_more_there_are() -> None:
    document: JsonObject = {f"k{number:05}": 1 for number in range(50_000)}
    document |= {"x" * 500_000: 1, "flareAmount": 5}

    reported = unsupported(document)

    assert (reported[0], reported[-1], len(reported)) == ("flareAmount", "49902 more", 101)
    assert sum(map(len, unsupported({"x" * 500_000: 1}))) == 100
