"""Looks and recipes by chance, for what `fuzz_raws.py` develops: sensible ones, and what no editor wrote."""

from __future__ import annotations

from random import Random
from typing import Final

from darkroomd.core.adjustment_keys import BANDS, CURVES, HANDED_ON, WHEELS
from darkroomd.core.json_values import Json, JsonObject
from darkroomd.core.recipes import ColourSpace, Format, MetadataPolicy, Recipe, Resize

RECIPES: Final = (
    *(Recipe(),) * 5,
    Recipe(format=Format.PNG, bits=16, resize=Resize(long_edge=200)),
    Recipe(format=Format.TIFF, bits=16, metadata=MetadataPolicy.NONE),
    Recipe(format=Format.WEBP, resize=Resize(box=(300, 200), enlarge=True), sharpening=50),
    Recipe(colour_space=ColourSpace.DISPLAY_P3, resize=Resize(megapixels=0.01), quality=1),
)

_HUNDREDS: Final = (
    *(
        "contrast",
        "highlights",
        "shadows",
        "whites",
        "blacks",
        "temperature",
        "tint",
        "vibrance",
        "saturation",
    ),
    *("sharpness", "clarity", "structure", "dehaze", "vignetteAmount", "vignetteRoundness"),
)
_POSITIVE: Final = (
    *("lumaNoiseReduction", "colorNoiseReduction"),
    *("grainAmount", "grainSize", "grainRoughness"),
)

_ODD: Final[tuple[Json, ...]] = (
    *(None, True, False, 0, 1, -1, 101, -101, 1 << 53, -(1 << 53), 1e308, -1e308, 5e-324, "", "50", "\0"),
    *([], [None], [[]], {}, {"x": 1e308}, {"x": 0, "y": 0, "width": 0, "height": 0}, [{"x": 1, "y": 1}] * 40),
    {"x": -1e9, "y": 3, "width": 1e9, "height": 0.1},
    {name: [{"x": 255, "y": 0}, {"x": 0, "y": 1e9}] for name in CURVES},
    {name: {"hue": 1e308, "saturation": "x", "luminance": None} for name in (*BANDS, *WHEELS)},
)


def sensible(random: Random) -> JsonObject:
    """Return adjustments as an editor writes them."""
    look: JsonObject = {key: random.randint(-100, 100) for key in random.sample(_HUNDREDS, 4)}
    look |= {key: random.randint(0, 100) for key in random.sample(_POSITIVE, 1)}
    look["exposure"] = random.uniform(-1, 1)
    look["hsl"] = {
        random.choice(BANDS): {"hue": random.randint(-100, 100), "saturation": 20, "luminance": -5}
    }
    look["curves"] = {
        "luma": [{"x": 0, "y": 5}, {"x": 120, "y": random.randint(80, 160)}, {"x": 255, "y": 250}]
    }
    if random.random() < 0.5:
        look |= {"rotation": random.uniform(-45, 45), "orientationSteps": random.randrange(4)}
        look |= {
            "crop": {"x": 3, "y": 2, "width": random.randint(20, 60), "height": 33},
            "flipVertical": True,
        }
    return look


def odd(random: Random) -> JsonObject:
    """Return adjustments that no editor writes."""
    return {key: random.choice(_ODD) for key in random.sample(sorted(HANDED_ON), 12)}
