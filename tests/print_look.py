"""Draws the pictures of `docs/look.md`: a chart under each control at either end and at rest."""

from __future__ import annotations

import colorsys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from darkroomd.core.adjustment_keys import BANDS
from darkroomd.core.adjustment_reading import read_adjustments
from darkroomd.core.json_values import JsonObject
from darkroomd.core.presets import BUILTIN_PRESETS
from darkroomd.imaging import srgb
from darkroomd.imaging.look import CameraColour, compile_look, cube

PAGES: Final = Path(__file__).parents[1] / "docs" / "look"

PATCH: Final = 14
HUES: Final = 12
GAP: Final = 6
SKIN: Final = (
    (0.42, 0.28, 0.21),
    (0.56, 0.38, 0.29),
    (0.68, 0.48, 0.38),
    (0.80, 0.60, 0.49),
    (0.90, 0.73, 0.62),
)

# The response of a camera that sees sRGB, balanced for daylight.
CAMERA: Final = CameraColour(
    from_xyz=(
        (3.2404542, -1.5371385, -0.4985314),
        (-0.9692660, 1.8760108, 0.0415560),
        (0.0556434, -0.2040259, 1.0572252),
    ),
    multipliers=(1.0, 1.0, 1.0),
)


def chart() -> NDArray[np.float64]:
    """Return hues by strength, skin, and a ramp of grey, (height, width, 3) linear light."""
    rows = [
        [colorsys.hsv_to_rgb(hue / HUES, strength, value) for hue in range(HUES)]
        for strength, value in ((1.0, 0.9), (0.7, 0.8), (0.4, 0.75), (0.15, 0.6), (0.7, 0.35))
    ]
    rows.append([*SKIN, *[(1.0 - step / 6,) * 3 for step in range(7)]])
    patches = np.repeat(np.repeat(np.array(rows), PATCH, axis=0), PATCH, axis=1)
    ramp = np.linspace(0.0, 1.0, HUES * PATCH)[np.newaxis, :, np.newaxis]
    return srgb.to_linear(np.concatenate([patches, np.broadcast_to(ramp, (PATCH, HUES * PATCH, 3))]))


def developed(document: JsonObject) -> NDArray[np.uint8]:
    """Return the chart under adjustments."""
    look = compile_look(read_adjustments(document).adjustments, camera=CAMERA)
    light = chart() * look.gains
    mixed = np.stack([sum(row[n] * light[..., n] for n in range(3)) for row in look.mix], axis=-1)
    index = np.rint(np.clip(mixed, 0.0, 1.0) * 65535).astype(np.int64)
    shown = np.stack([look.tables[channel][index[..., channel]] for channel in range(3)], axis=-1)
    if look.cube is not None:
        cube.apply(shown, look.cube)
    return ((shown.astype(np.int64) + 128) // 257).astype(np.uint8)


def bands(part: str, amount: int) -> JsonObject:
    """Return a change to all bands of hue at once."""
    return {"hsl": {band: {part: amount} for band in BANDS}}


def wheel(zone: str, hue: int, saturation: int) -> JsonObject:
    """Return a tint of one zone."""
    return {"colorGrading": {zone: {"hue": hue, "saturation": saturation}}}


def curve(*ys: int) -> JsonObject:
    """Return a curve for all channels through points that lie evenly apart."""
    return {"curves": {"luma": [{"x": 255 * n // (len(ys) - 1), "y": y} for n, y in enumerate(ys)]}}


def triples() -> dict[str, tuple[JsonObject, ...]]:
    """Return by name what is drawn side by side."""
    hundred = (
        "contrast highlights shadows whites blacks temperature tint vibrance saturation".split()  # noqa: SIM905 - reads as prose
    )
    drawn: dict[str, tuple[JsonObject, ...]] = {key: ({key: -100}, {}, {key: 100}) for key in hundred}
    drawn |= {key: ({key: -2}, {}, {key: 2}) for key in ("exposure", "brightness")}
    drawn["hue"] = ({"hue": -60}, {}, {"hue": 60})
    drawn |= {
        f"hsl-{part}": (bands(part, -100), {}, bands(part, 100))
        for part in ("hue", "saturation", "luminance")
    }
    drawn |= {
        f"grading-{zone}": (wheel(zone, 220, 60), {}, wheel(zone, 40, 60))
        for zone in ("shadows", "midtones", "highlights", "global")
    }
    drawn["white-balance"] = tuple(
        {"whiteBalance": {"temperature": t, "tint": 0}} for t in (3500, 6504, 12000)
    )
    drawn["curves"] = (curve(0, 90, 180, 255), {}, curve(255, 0))
    drawn["tone-mapper"] = ({"toneMapper": "basic"}, {"toneMapper": "agx"})
    drawn["presets"] = tuple(dict(preset.adjustments) for preset in BUILTIN_PRESETS.values())
    return drawn


def drawings() -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Yield each picture with its name."""
    for name, documents in triples().items():
        charts = [
            np.pad(developed(each), ((0, 0), (0, GAP), (0, 0)), constant_values=255) for each in documents
        ]
        yield name, np.hstack(charts)[:, :-GAP]


if __name__ == "__main__":
    PAGES.mkdir(parents=True, exist_ok=True)
    for name, picture in drawings():
        Image.fromarray(picture).save(PAGES / f"{name}.png", optimize=True)
