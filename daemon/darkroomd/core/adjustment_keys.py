"""The keys of adjustments: their sections and defaults, and which of them are set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from darkroomd.core.json_values import Json, JsonObject, as_object

OUR_BLOCK: Final = "darkroomd"
"""Key of the adjustments under which we note which preset was frozen."""

BANDS: Final = ("reds", "oranges", "yellows", "greens", "aquas", "blues", "purples", "magentas")
"""The eight bands of hue, in the order of the colour wheel."""

WHEELS: Final = ("shadows", "midtones", "highlights", "global")
"""The tints of a colour grading."""

CURVES: Final = ("luma", "red", "green", "blue")
"""The curves over display values."""

# Not adjustments: notes of programs, switches of sections, and what an editor's window looked like or showed
# of a .cube file.
_NOTES: Final = frozenset((OUR_BLOCK, "boothy", "rating"))
_SWITCHES: Final = frozenset(("sectionVisibility", "activeTools"))
_WINDOW: Final = frozenset(("aspectRatio", "showClipping", "lutName", "lutSize"))
_PARAMETRIC: Final[JsonObject] = {"split1": 25, "split2": 50, "split3": 75}

# Section as `sectionVisibility` names it, keys that are 0 by default, keys with another default.
_TABLE: Final[tuple[tuple[str, str, Mapping[str, Json]], ...]] = (
    (
        "basic",
        "exposure brightness contrast highlights shadows whites blacks",
        {"toneMapper": "basic"},
    ),
    (
        "curves",
        "",
        {
            "curves": None,
            "curveMode": "point",
            "parametricCurve": dict.fromkeys(CURVES, _PARAMETRIC),
        },
    ),
    (
        "color",
        "temperature tint vibrance saturation hue",
        {
            "whiteBalance": None,
            "hsl": {band: {"hue": 0, "saturation": 0, "luminance": 0} for band in BANDS},
            "colorGrading": {
                **{tone: {"saturation": 0, "luminance": 0} for tone in WHEELS},
                "blending": 50,
                "balance": 0,
            },
            "colorCalibration": None,
        },
    ),
    (
        "details",
        "sharpness clarity structure dehaze lumaNoiseReduction colorNoiseReduction centré",
        {"chromaticAberrationRedCyan": 0, "chromaticAberrationBlueYellow": 0},
    ),
    (
        "effects",
        "vignetteAmount vignetteRoundness grainAmount flareAmount glowAmount halationAmount",
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

# What does nothing while something else is at its default.
_IDLE_WITHOUT: Final[Mapping[str, str]] = {
    "vignetteMidpoint": "vignetteAmount",
    "vignetteRoundness": "vignetteAmount",
    "vignetteFeather": "vignetteAmount",
    "grainSize": "grainAmount",
    "grainRoughness": "grainAmount",
    "lutIntensity": "lutPath",
    "parametricCurve": "curveMode",
}


HANDED_ON: Final = frozenset((*_DEFAULTS, *_SWITCHES))
"""Keys that a pipeline could ever honour, and the switches of their sections."""


def without_notes(adjustments: Mapping[str, Json]) -> JsonObject:
    """Return the adjustments of a preset without what programs noted among them when it was saved."""
    return {key: value for key, value in adjustments.items() if key not in _NOTES}


def set_keys(adjustments: Mapping[str, Json]) -> Iterator[str]:
    """Yield the keys that would change a picture: neither at their default nor in a section that is off."""
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
    places = [(point.get("x"), point.get("y")) if isinstance(point, dict) else (None, 0) for point in points]
    if not all(x == y for x, y in places):
        return False
    # Before its first point and after its last one a curve is flat: a line that ends early clips.
    return not places or ((0, 0) in places and (255, 255) in places)
