"""Presets, what their adjustments mean to a picture, and what of that is not honoured yet."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from darkroomd.core.json_values import Json, JsonObject, as_object, as_whole, canonical, either

LOOK_VERSION: Final = 1
"""Version of our look: what the numbers of a preset mean. It is frozen with the preset."""

DEFAULT_PRESET_ID: Final = "neutral"
"""The preset in force where nobody chose one."""


@dataclass(frozen=True, slots=True)
class Preset:
    """Named adjustments; `adjustments` holds only the keys that the preset sets."""

    id: str
    name: str
    description: str | None
    builtin: bool
    adjustments: Mapping[str, Json]


_BUILTIN: Final = (
    Preset(
        id=DEFAULT_PRESET_ID,
        name="Neutral",
        description="The camera's colours as they are.",
        builtin=True,
        adjustments={},
    ),
    Preset(
        id="vivid",
        name="Vivid",
        description="Strong colours and contrast, for parties and landscapes.",
        builtin=True,
        adjustments={
            "contrast": 18,
            "whites": 6,
            "blacks": -8,
            "vibrance": 35,
            "saturation": 8,
            "clarity": 10,
        },
    ),
    Preset(
        id="bw",
        name="Black and white",
        description="No colour, a firm contrast.",
        builtin=True,
        adjustments={"contrast": 22, "whites": 8, "blacks": -12, "saturation": -100, "clarity": 8},
    ),
    Preset(
        id="portrait",
        name="Warm portrait",
        description="Warm skin, soft contrast, open shadows.",
        builtin=True,
        adjustments={
            "contrast": -6,
            "highlights": -18,
            "shadows": 14,
            "temperature": 9,
            "tint": 3,
            "vibrance": 10,
            "clarity": -10,
        },
    ),
)

BUILTIN_PRESETS: Final[Mapping[str, Preset]] = {preset.id: preset for preset in _BUILTIN}
"""The presets that come with the daemon, by id."""

OUR_BLOCK: Final = "darkroomd"
"""Key of the adjustments under which we note which preset was frozen."""

# Not adjustments: notes of programs, switches of sections, and what an editor's window looked like.
_NOTES: Final = frozenset((OUR_BLOCK, "boothy", "rating"))
_SWITCHES: Final = frozenset(("sectionVisibility", "activeTools"))
_WINDOW: Final = frozenset(("aspectRatio", "showClipping"))

_BANDS: Final = ("reds", "oranges", "yellows", "greens", "aquas", "blues", "purples", "magentas")
_TONES: Final = ("shadows", "midtones", "highlights", "global")

# Section as `sectionVisibility` names it, keys that are 0 by default, keys with another default.
_TABLE: Final[tuple[tuple[str, str, Mapping[str, Json]], ...]] = (
    (
        "basic",
        "exposure brightness contrast highlights shadows whites blacks",
        {"toneMapper": "basic"},
    ),
    ("curves", "", {"curves": None}),
    (
        "color",
        "temperature tint vibrance saturation hue",
        {
            "whiteBalance": None,
            "hsl": {band: {"hue": 0, "saturation": 0, "luminance": 0} for band in _BANDS},
            "colorGrading": {
                **{tone: {"saturation": 0, "luminance": 0} for tone in _TONES},
                "blending": 50,
                "balance": 0,
            },
        },
    ),
    ("details", "sharpness clarity structure dehaze lumaNoiseReduction colorNoiseReduction", {}),
    (
        "effects",
        "vignetteAmount vignetteRoundness grainAmount",
        {
            "vignetteMidpoint": 50,
            "vignetteFeather": 50,
            "grainSize": 25,
            "grainRoughness": 50,
            "lutPath": None,
            "lutIntensity": 100,
        },
    ),
    (
        "",
        "orientationSteps rotation",
        {
            "crop": None,
            "flipHorizontal": False,
            "flipVertical": False,
            "transformScale": 100,
            "lensDistortionAmount": 100,
            "lensVignetteAmount": 100,
            "lensTcaAmount": 100,
            "lensDistortionEnabled": True,
            "lensVignetteEnabled": True,
            "lensTcaEnabled": True,
        },
    ),
)
_DEFAULTS: Final[Mapping[str, Json]] = {
    key: default
    for _, zeros, others in _TABLE
    for key, default in [*((zero, 0) for zero in zeros.split()), *others.items()]
}
_SECTIONS: Final[Mapping[str, str]] = {
    key: section for section, zeros, others in _TABLE for key in [*zeros.split(), *others]
}

# Numbers that do nothing while another one is zero.
_IDLE_WITHOUT: Final[Mapping[str, str]] = {
    "vignetteMidpoint": "vignetteAmount",
    "vignetteRoundness": "vignetteAmount",
    "vignetteFeather": "vignetteAmount",
    "grainSize": "grainAmount",
    "grainRoughness": "grainAmount",
    "lutIntensity": "lutPath",
}


def without_notes(adjustments: Mapping[str, Json]) -> JsonObject:
    """Return the adjustments of a preset without what programs noted among them when it was saved."""
    return {key: value for key, value in adjustments.items() if key not in _NOTES}


def for_pipeline(adjustments: Mapping[str, Json]) -> JsonObject:
    """Return the adjustments that a pipeline could ever honour: no notes, no masks, nothing unknown.

    Masks alone can be larger than all that the worker is told.
    """
    return {key: value for key, value in adjustments.items() if key in _DEFAULTS or key in _SWITCHES}


def unsupported(adjustments: Mapping[str, Json]) -> tuple[str, ...]:
    """Return the adjustments that would change a picture but are not honoured: for now, all that are set."""
    return tuple(sorted(_set_keys(adjustments)))


def look_digest(adjustments: Mapping[str, Json]) -> str:
    """Return a digest of everything in `adjustments` that a picture depends on, hexadecimal.

    Notes of programs do not count, nor does a default written out; the version of the look does.
    """
    ours = as_object(adjustments.get(OUR_BLOCK)) or {}
    version = as_whole(either(ours, "lookVersion", "look_version"))
    look: JsonObject = {
        "lookVersion": LOOK_VERSION if version is None else version,
        "adjustments": {key: adjustments[key] for key in _set_keys(adjustments)},
    }
    return hashlib.sha256(canonical(look)).hexdigest()


def _set_keys(adjustments: Mapping[str, Json]) -> Iterator[str]:
    for key, value in adjustments.items():
        if key in _NOTES or key in _SWITCHES or key in _WINDOW or _is_switched_off(key, adjustments):
            continue
        idle_without = _IDLE_WITHOUT.get(key)
        if idle_without is not None and _is_default(adjustments.get(idle_without), _DEFAULTS[idle_without]):
            continue
        if not (_is_identity(value) if key == "curves" else _is_default(value, _DEFAULTS.get(key))):
            yield key


def _is_switched_off(key: str, adjustments: Mapping[str, Json]) -> bool:
    section = _SECTIONS.get(key, "")
    sections = as_object(adjustments.get("sectionVisibility")) or {}
    tools = as_object(adjustments.get("activeTools")) or {}
    return sections.get(section) is False or tools.get(section) is False or tools.get(key) is False


def _is_default(value: Json, default: Json) -> bool:
    """Whether a value changes nothing; what the table lacks changes nothing while it is empty or zero."""
    if isinstance(value, dict):
        parts = as_object(default) or {}
        # A colour grading's hue is only a direction: with a saturation of zero it goes nowhere.
        return all(_is_default(value[key], parts.get(key)) for key in value if key != "hue" or key in parts)
    if value is None or value == default:
        return True
    return default is None and value in (0, False, "", [])


def _is_identity(curves: Json) -> bool:
    """Whether every curve is the straight line that changes nothing."""
    named = as_object(curves)
    if named is None:
        return not curves
    return all(_is_straight(points) for points in named.values())


def _is_straight(points: Json) -> bool:
    if not isinstance(points, list):
        return points is None
    return all(isinstance(point, dict) and point.get("x") == point.get("y") for point in points)
