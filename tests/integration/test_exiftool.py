"""What exiftool reads of an output is what it reads of the RAW file, in all that is passed on."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from PIL import Image

from darkroomd.core.imprint import Imprint
from darkroomd.core.recipes import ColourSpace, Format, Recipe
from darkroomd.imaging.encoding import encoded
from darkroomd.imaging.exif import exif_block
from darkroomd.imaging.metadata import read_metadata
from make import raws
from make_containers import CONTAINERS, SILENT, TOLD

EXIFTOOL = shutil.which("exiftool")
pytestmark = pytest.mark.skipif(
    EXIFTOOL is None, reason="there is no exiftool: install libimage-exiftool-perl to compare with it"
)

NAMES: Final = (
    "Make", "Model", "Artist", "Copyright", "ModifyDate", "ExposureTime", "FNumber", "ExposureProgram", "ISO",
    "SensitivityType", "DateTimeOriginal", "CreateDate", "OffsetTime", "OffsetTimeOriginal",
    "OffsetTimeDigitized", "SubSecTime", "SubSecTimeOriginal", "SubSecTimeDigitized", "ExposureCompensation",
    "MaxApertureValue", "MeteringMode", "LightSource", "Flash", "FocalLength", "ExposureMode", "WhiteBalance",
    "FocalLengthIn35mmFormat", "SceneCaptureType", "LensInfo", "LensMake", "LensModel",
)  # fmt: skip

FOLDER = raws()
REAL: Final = {
    "synth_bayer_1mp.dng": 9,
    "synth_linear_3mp_rot.dng": 9,
    "kodak_dc120.kdc": 10,
    "bad/pruned_canon_r6.cr3": 22,
    "bad/meta_only_panasonic.rw2": 14,
    "bad/meta_only_canon.cr2": 12,
    "bad/trunc_nikon_d7100.nef": 20,
    "bad/trunc_sony.arw": 15,
    "bad/stripped_iphone12pro_decodes_black.dng": 33,
    "bad/unsupported_gopro_hero6_vc5.gpr": 21,
}
"""Cameras' own files, and how many of our tags they tell."""

UNKNOWABLE: Final = {"Missing required TIFF GPS tag 0x001b GPSProcessingMethod"}
"""What exiftool misses and no camera of ours said."""

NOT_KEPT: Final = ("GPSVersionID", "GPSDifferential")


def told(*paths: Path) -> list[dict[str, Any]]:
    """Return what exiftool reads of files, without what says nothing; Kodak's folders count as one."""
    assert EXIFTOOL is not None
    wanted = [f"-{folder}:{name}" for name in NAMES for folder in ("IFD0", "ExifIFD")]
    command = [EXIFTOOL, "-j", "-n", "-G1", *wanted, "-GPS:all", *map(str, paths)]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    return [_without_groups(read) for read in json.loads(done.stdout)]


def _without_groups(read: Mapping[str, Any]) -> dict[str, Any]:
    named = {key.rpartition(":")[2]: value for key, value in sorted(read.items()) if key != "SourceFile"}
    return {name: value for name, value in named.items() if name not in NOT_KEPT and value not in ("", 0)}


def write_output(raw: Path) -> Path:
    """Write a JPEG with what we read of a RAW file beside its copy."""
    output = raw.with_suffix(".jpg")
    exif = exif_block(read_metadata(raw.read_bytes(), SILENT), width=30, height=20)
    buffer = io.BytesIO()
    Image.new("RGB", (30, 20)).save(buffer, "JPEG", exif=exif)
    output.write_bytes(buffer.getvalue())
    return output


@pytest.mark.parametrize("suffix", CONTAINERS)
def test_every_container_tells_the_same_before_and_after(tmp_path: Path, suffix: str) -> None:
    raw = tmp_path / f"a.{suffix}"
    raw.write_bytes(CONTAINERS[suffix](TOLD))

    before, after = told(raw, write_output(raw))

    assert after == before
    assert (after["SubSecTimeOriginal"], after["OffsetTimeOriginal"]) == (25, "+02:00")
    assert (after["LensModel"], after["GPSLatitudeRef"], after["Artist"]) == (
        "Maker 24-70mm",
        "S",
        "Ann Artist",
    )


@pytest.mark.skipif(
    FOLDER is None, reason="no camera files: set DARKROOM_RAWS or put them into ../shared/raws"
)
@pytest.mark.parametrize(("name", "told_count"), REAL.items())
def test_cameras_files_tell_the_same_before_and_after(tmp_path: Path, name: str, told_count: int) -> None:
    assert FOLDER is not None
    raw = tmp_path / Path(name).name
    raw.write_bytes((FOLDER / name).read_bytes())

    before, after = told(raw, write_output(raw))

    assert {key: after.get(key) for key in before} == before
    assert len(after) == told_count


@pytest.mark.parametrize("file_format", list(Format))
@pytest.mark.parametrize("colour_space", list(ColourSpace))
def test_every_format_is_read_without_a_warning(
    tmp_path: Path, file_format: Format, colour_space: ColourSpace
) -> None:
    assert EXIFTOOL is not None
    recipe = Recipe(name="a", format=file_format, colour_space=colour_space)
    output = tmp_path / "a"
    metadata = read_metadata(TOLD.block(), SILENT)

    output.write_bytes(encoded(np.zeros((20, 30, 3), dtype=np.uint8), recipe, metadata, Imprint()))

    command = [EXIFTOOL, "-j", "-n", "-G1", "-validate", "-warning", "-all", str(output)]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    [read] = json.loads(done.stdout)
    assert (read["IFD0:Model"], read["IFD0:Orientation"]) == ("Maker One", 1)
    assert read.get("ExifIFD:ExifImageWidth", read.get("IFD0:ImageWidth")) == 30
    assert "ICC_Profile:MediaWhitePoint" in read
    warnings = {value for name, value in read.items() if name.endswith("Warning")}
    assert warnings <= UNKNOWABLE
