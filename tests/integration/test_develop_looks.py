"""What a sidecar asks for, through the whole pipeline on generated pictures."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from darkroomd.imaging.messages import Develop, Developed
from darkroomd.imaging.pipeline import Limits, develop
from darkroomd.imaging.refusals import Refusal
from darkroomd.imaging.styling import CROP_MISSES
from make import make_develop, make_dng

INVERTED = b"LUT_3D_SIZE 2\n" + b"".join(
    b"%d %d %d\n" % (1 - red, 1 - green, 1 - blue) for blue in (0, 1) for green in (0, 1) for red in (0, 1)
)


def developed(request: Develop) -> Developed:
    return develop(request, limits=Limits(), announce=lambda _stage, _percent: None)


def asked(source: Path, adjustments: dict[str, Any], *, part: str = "part", **more: Any) -> Develop:
    request = make_develop(source, part=source.parent / part)
    return msgspec.structs.replace(request, adjustments=adjustments, **more)


def picture_of(request: Develop) -> NDArray[np.float64]:
    developed(request)
    with Image.open(os.fsdecode(request.targets[0].part)) as picture:
        return np.asarray(picture, dtype=np.float64)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return make_dng(tmp_path / "a.dng", width=120, height=80)


@pytest.mark.parametrize(
    "adjustments",
    [
        pytest.param({"exposure": 0, "contrast": 0, "saturation": 0}, id="zeros"),
        pytest.param(
            {"exposure": 2, "clarity": 50, "sectionVisibility": {"basic": False, "details": False}},
            id="sections-off",
        ),
        pytest.param({"someOtherProgram": {"exposure": 5}}, id="unknown"),
    ],
)
def test_what_is_not_set_changes_no_byte(source: Path, adjustments: dict[str, Any]) -> None:
    plain, same = asked(source, {}, part="1"), asked(source, adjustments, part="2")

    assert developed(plain).parts[0].sha256 == developed(same).parts[0].sha256


@pytest.mark.parametrize(
    "adjustments",
    [
        pytest.param({name: amount}, id=f"{name}-{amount}")
        for name, amount in [
            *(("exposure", -1), ("exposure", 1), ("brightness", 1), ("contrast", 40), ("highlights", -60)),
            *(("shadows", 60), ("whites", 40), ("blacks", -40), ("temperature", 40), ("tint", -30)),
            *(("vibrance", 50), ("saturation", -100), ("hue", 90), ("toneMapper", "agx")),
            *(("sharpness", 60), ("clarity", 60), ("structure", 60), ("dehaze", 60)),
            *(("lumaNoiseReduction", 80), ("colorNoiseReduction", 80)),
            *(("vignetteAmount", -60), ("grainAmount", 60)),
        ]
    ],
)
def test_what_is_set_is_seen_and_the_same_each_time(source: Path, adjustments: dict[str, Any]) -> None:
    plain = picture_of(asked(source, {}, part="plain"))
    first, second = (asked(source, adjustments, part=part) for part in ("1", "2"))

    seen = picture_of(first)

    assert developed(second).parts[0].sha256 == hashlib.sha256((source.parent / "1").read_bytes()).hexdigest()
    assert seen.shape == plain.shape
    assert np.abs(seen - plain).max() > 2


def test_a_crop_and_a_turn_make_a_picture_of_that_size(source: Path) -> None:
    adjustments = {"orientationSteps": 1, "crop": {"x": 10, "y": 20, "width": 50, "height": 60}}

    done = developed(asked(source, adjustments))

    assert (done.width, done.height) == (50, 60)


def test_a_crop_beside_the_picture_is_left_out_and_told(source: Path) -> None:
    adjustments = {"crop": {"x": 5000, "y": 20, "width": 50, "height": 60}}

    done = developed(asked(source, adjustments))

    assert (done.width, done.height) == (120, 80)
    assert (done.left_out, done.warnings[0]) == (("crop",), CROP_MISSES)


def test_a_straightened_picture_has_no_empty_corners(source: Path) -> None:
    plain = picture_of(asked(source, {}, part="plain"))

    straight = picture_of(asked(source, {"rotation": -4}, part="straight"))

    assert straight.shape[0] < plain.shape[0]
    assert straight.shape[1] / straight.shape[0] == pytest.approx(1.5, abs=0.05)
    assert straight.min() > plain.min() - 30


def test_a_table_of_colours_is_applied_and_read_anew_once_it_is_another(source: Path) -> None:
    lut = source.parent / "a.cube"
    lut.write_bytes(INVERTED)
    adjustments = {"lutPath": str(lut)}
    digest = hashlib.sha256(INVERTED).hexdigest()
    plain = picture_of(asked(source, {}, part="plain"))

    inverted = picture_of(asked(source, adjustments, lut=os.fsencode(lut), lut_sha256=digest))
    lut.write_bytes(INVERTED + b"# another\n")
    with pytest.raises(Refusal) as refused:
        developed(asked(source, adjustments, part="3", lut=os.fsencode(lut), lut_sha256="0" * 64))

    assert np.abs(255 - inverted - plain).mean() < 2
    assert (refused.value.failure.code, refused.value.failure.transient) == ("preset.lut_changed", True)


def test_a_picture_that_is_asked_to_be_black_is_a_picture(source: Path) -> None:
    curve = [{"x": 0, "y": 0}, {"x": 255, "y": 0}]

    picture = picture_of(asked(source, {"curves": {"luma": curve}}))

    assert picture.max() == 0
