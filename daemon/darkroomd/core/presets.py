"""Presets, and a digest of what their adjustments mean to a picture."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from darkroomd.core.adjustment_keys import HANDED_ON, OUR_BLOCK, set_keys
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


def for_pipeline(adjustments: Mapping[str, Json]) -> JsonObject:
    """Return the adjustments that a pipeline could ever honour: no notes, no masks, nothing unknown.

    Masks alone can be larger than all that the worker is told.
    """
    return {key: value for key, value in adjustments.items() if key in HANDED_ON}


def look_digest(adjustments: Mapping[str, Json], *, lut_sha256: str = "") -> str:
    """Return a digest of everything in `adjustments` that a picture depends on, hexadecimal.

    Notes of programs do not count, nor does a default written out; the version of the look does, and the
    content of the .cube file that is named, by its digest.
    """
    ours = as_object(adjustments.get(OUR_BLOCK)) or {}
    version = as_whole(either(ours, "lookVersion", "look_version"))
    look: JsonObject = {
        "lookVersion": LOOK_VERSION if version is None else version,
        "adjustments": {key: adjustments[key] for key in set_keys(adjustments)},
    }
    if lut_sha256:
        look["lutSha256"] = lut_sha256
    return hashlib.sha256(canonical(look)).hexdigest()
