"""Pixels that may not change unnoticed: who changes one raises `version.REVISION` and writes the new digest.

A new version of a library can change them too; it is in the pipeline's version already. The digests are of
decoded pixels, so that what an encoder makes of them does not matter.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from darkroomd.core.json_values import JsonObject
from darkroomd.core.recipes import Format, Recipe
from darkroomd.imaging import kernel
from darkroomd.imaging.dng import XTRANS_CELL, Facts, Layout, Sensor, write_dng
from darkroomd.imaging.messages import Target
from darkroomd.imaging.pipeline import Limits, develop
from make import make_develop

pytestmark = [
    pytest.mark.skipif(not kernel.BUILT, reason="the kernel is not built"),
    pytest.mark.skipif(os.uname().machine != "x86_64", reason="LibRaw's floating point is the compiler's"),
]

WIDTH, HEIGHT = 532, 516  # no less: LibRaw wants 512 of an X-Trans sensor
FULL = 1 << 12

EVERYTHING: JsonObject = {
    "exposure": 0.4,
    "brightness": 0.2,
    "contrast": 15,
    "highlights": -40,
    "shadows": 30,
    "whites": 10,
    "blacks": -5,
    "temperature": 12,
    "tint": -6,
    "vibrance": 20,
    "saturation": 5,
    "hue": 4,
    "toneMapper": "agx",
    "hsl": {"reds": {"hue": 9, "saturation": 12, "luminance": -7}},
    "colorGrading": {"shadows": {"hue": 220, "saturation": 20}, "highlights": {"hue": 40, "saturation": 9}},
    "curves": {"luma": [{"x": 0, "y": 6}, {"x": 90, "y": 80}, {"x": 255, "y": 250}]},
    "sharpness": 40,
    "clarity": 25,
    "structure": -20,
    "dehaze": 20,
    "lumaNoiseReduction": 30,
    "colorNoiseReduction": 40,
    "vignetteAmount": -30,
    "grainAmount": 25,
    "rotation": 2.5,
    "orientationSteps": 3,
    "crop": {"x": 9, "y": 12, "width": 480, "height": 410},
}


def scene() -> NDArray[np.float64]:
    """Return ramps, edges and fine texture, made of whole numbers alone: the same on every machine."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    red = columns * 7 + (rows // 17 % 2) * 150
    green = rows * 7 + (columns * rows) % 61
    blue = (columns // 23 * 700 + rows // 29 * 900) % FULL
    return np.clip(np.stack((red, green, blue), axis=2), 0, FULL) / FULL


def digest(folder: Path, *, sensor: Sensor, layout: Layout, orientation: int, adjustments: JsonObject) -> str:
    source, part = folder / "a.dng", folder / "a.png"
    write_dng(source, scene(), layout=layout, sensor=sensor, facts=Facts(orientation=orientation))
    request = msgspec.structs.replace(
        make_develop(source),
        adjustments=adjustments,
        targets=(Target(recipe=Recipe(format=Format.PNG), part=os.fsencode(part)),),
    )
    develop(request, limits=Limits(), announce=lambda _stage, _percent: None)
    with Image.open(part) as picture:
        shape = f"{picture.width}x{picture.height} {picture.mode} ".encode()
        return hashlib.sha256(shape + picture.tobytes()).hexdigest()[:16]


@pytest.mark.parametrize(
    ("sensor", "layout", "orientation", "adjustments", "expected"),
    [
        pytest.param(Sensor(), Layout.MOSAIC, 1, {}, "2b286dd0086961b4", id="bayer"),
        pytest.param(
            Sensor(cell="GBRG", black=0, white=65535),
            Layout.MOSAIC,
            6,
            {},
            "e0fb016c646301db",
            id="bayer-turned",
        ),
        pytest.param(Sensor(cell=XTRANS_CELL), Layout.MOSAIC, 1, {}, "d7464ef7541d3d8b", id="x-trans"),
        pytest.param(Sensor(), Layout.LINEAR, 8, {}, "1c00b7cb37d88c8a", id="linear-turned"),
        pytest.param(Sensor(), Layout.MOSAIC, 1, EVERYTHING, "a1140a2d4377d7b9", id="bayer-everything-set"),
        pytest.param(
            Sensor(cell=XTRANS_CELL),
            Layout.MOSAIC,
            3,
            EVERYTHING,
            "a84b79a7c3a58c7c",
            id="x-trans-everything-set",
        ),
        pytest.param(Sensor(), Layout.LINEAR, 1, EVERYTHING, "093e8bdb31f3a2b9", id="linear-everything-set"),
    ],
)
def test_each_sensor_gives_the_pixels_it_always_gave(
    tmp_path: Path,
    *,
    sensor: Sensor,
    layout: Layout,
    orientation: int,
    adjustments: JsonObject,
    expected: str,
) -> None:
    seen = digest(tmp_path, sensor=sensor, layout=layout, orientation=orientation, adjustments=adjustments)

    assert seen == expected
