from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroomd.core.json_values import Json, JsonObject
from darkroomd.core.presets import (
    BUILTIN_PRESETS,
    DEFAULT_PRESET_ID,
    for_pipeline,
    look_digest,
)

# What an editor writes that spells out every default.
UNTOUCHED: JsonObject = {
    "exposure": 0.0,
    "contrast": 0,
    "toneMapper": "basic",
    "whiteBalance": None,
    "curves": {"luma": [{"x": 0, "y": 0}, {"x": 255, "y": 255}], "red": []},
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
    "lutIntensity": 40,
    "crop": None,
    "flipHorizontal": False,
    "orientationSteps": 0,
    "masks": [],
    "aiPatches": [],
    "lensMaker": None,
    "lensDistortionAmount": 100,
    "transformScale": 100,
    "sectionVisibility": {"basic": True, "curves": True},
    "boothy": {"preset_id": "x", "preset_name": "X"},
    "darkroomd": {"presetId": "neutral", "lookVersion": 1},
    "aspectRatio": 1.5,
}


def test_the_neutral_preset_is_built_in_and_sets_nothing() -> None:
    neutral = BUILTIN_PRESETS[DEFAULT_PRESET_ID]

    assert (neutral.id, neutral.builtin, neutral.adjustments) == ("neutral", True, {})


def test_defaults_spelled_out_are_not_another_look() -> None:
    assert look_digest(UNTOUCHED) == look_digest({})


@pytest.mark.parametrize(
    "switches",
    [
        pytest.param({"sectionVisibility": {"basic": False}}, id="section"),
        pytest.param({"activeTools": {"basic": False}}, id="tool-by-section"),
        pytest.param({"activeTools": {"exposure": False}}, id="tool-by-key"),
    ],
)
def test_what_is_switched_off_is_not_set(switches: JsonObject) -> None:
    off: JsonObject = {"exposure": 2, **switches}

    assert look_digest(off) == look_digest({})


def test_the_look_depends_on_values_and_on_its_version_only() -> None:
    digest = look_digest({"exposure": 1, "contrast": 5})

    assert digest == look_digest({"contrast": 5.0, "exposure": 1.0, "darkroomd": {"presetId": "x"}})
    assert digest != look_digest({"exposure": 1, "contrast": 6})
    assert digest != look_digest({"exposure": 1, "contrast": 5, "darkroomd": {"lookVersion": 2}})


def test_another_content_of_a_lut_is_another_look() -> None:
    named: JsonObject = {"lutPath": "film.cube"}

    digests = {look_digest(named), look_digest(named, lut_sha256="a"), look_digest(named, lut_sha256="b")}

    assert len(digests) == 3


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
KEYS = st.sampled_from([*UNTOUCHED, "activeTools", "masks", "x"])


@given(adjustments=st.dictionaries(KEYS, JSON))
def test_no_adjustments_are_too_strange_for_a_digest(adjustments: dict[str, Json]) -> None:
    assert len(look_digest(adjustments)) == 64


def test_the_pipeline_is_told_of_what_it_may_honour_and_of_what_is_switched_off() -> None:
    told = for_pipeline(
        {"exposure": 1, "sectionVisibility": {"color": False}, "masks": [1], "darkroomd": {}, "future": 2}
    )

    assert told == {"exposure": 1, "sectionVisibility": {"color": False}}
