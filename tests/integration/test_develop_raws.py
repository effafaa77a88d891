"""The pipeline on real camera files, as far as this machine has them."""

from __future__ import annotations

import os
import struct
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rawpy
from numpy.typing import NDArray
from PIL import Image
from PIL.ExifTags import IFD

from darkroomd.imaging import containers, tiff
from darkroomd.imaging.decoder import ShotFacts
from darkroomd.imaging.exif import exif_block
from darkroomd.imaging.extents import sensor_extents
from darkroomd.imaging.metadata import read_metadata
from darkroomd.imaging.pipeline import Limits, develop
from darkroomd.imaging.refusals import Refusal
from make import make_develop, raws

FOLDER = raws()
pytestmark = pytest.mark.skipif(
    FOLDER is None, reason="no camera files: set DARKROOM_RAWS or put them into ../shared/raws"
)

GOOD = {
    "canon_550d_chart.dng": ("Canon EOS Kiss X4", 2),
    "canon_s40.crw": ("Canon PowerShot S40", 2),
    "kodak_dc120.kdc": ("Kodak DC120 ZOOM Digital Camera", 2),
    "kodak_dc50.kdc": ("Kodak Digital Science DC50 Zoom Camera", 2),
    "synth_bayer_1mp.dng": ("SYNTH-1B", 2),
    "synth_bayer_24mp.dng": ("SYNTH-24B", 2),
    "synth_linear_3mp_rot.dng": ("SYNTH-3L", 1),
    "synth_xtrans_16mp.dng": ("SYNTH-16X", 2),
}
"""The camera as the file names it, and how much smaller LibRaw's draft of a mosaic is."""

BAD = {
    "header128.nef": "raw.unsupported",
    "meta_only_canon.cr2": "raw.unsupported",
    "unsupported_gopro_hero6_vc5.gpr": "raw.unsupported",
    "trunc_nikon_d7100.nef": "raw.truncated",
    "trunc_sony.arw": "raw.truncated",
    "trunc_leica_m10.dng": "raw.truncated",
    "pruned_canon_r6.cr3": "raw.truncated",
    "meta_only_350d_decodes_black.dng": "raw.no_image_data",
    "stripped_iphone12pro_decodes_black.dng": "raw.no_image_data",
    "meta_only_panasonic.rw2": "raw.no_image_data",
}


TOP_ROWS = {"synth_xtrans_16mp.dng": 756, "synth_bayer_24mp.dng": 2_000}
"""Of pictures so large that their upper part is enough of them; whole rows of tiles."""


def raw(name: str) -> Path:
    assert FOLDER is not None
    return FOLDER / name


def refusal_of(source: Path, part: Path) -> Refusal:
    with pytest.raises(Refusal) as refusal:
        develop(make_develop(source, part=part), limits=Limits(), announce=lambda _stage, _percent: None)
    assert not part.exists()
    return refusal.value


def libraws_draft(source: Path) -> NDArray[np.uint8]:
    with rawpy.imread(os.fspath(source)) as opened:
        return opened.postprocess(half_size=True, use_camera_wb=True, no_auto_bright=True)


def shortened(blob: bytes, *, rows: int | None) -> bytes:
    """Return a DNG that says its picture has only so many rows; None leaves it as it is."""
    if rows is None:
        return blob
    sensor = next(folder for folder in tiff.folders(blob) if containers.holds_sensor_data(folder))
    whole = containers.number(sensor, 257)
    said = struct.pack("<HHII", 257, tiff.LONG, 1, whole)
    assert blob.count(said) == 1
    return blob.replace(said, struct.pack("<HHII", 257, tiff.LONG, 1, rows))


def thumbnail(picture: NDArray[np.uint8]) -> NDArray[np.int16]:
    return np.asarray(Image.fromarray(picture).resize((24, 24), Image.Resampling.BOX), dtype=np.int16)


@pytest.mark.parametrize(("name", "camera", "scale"), [(name, *facts) for name, facts in GOOD.items()])
def test_a_good_file_is_developed_as_libraw_sees_it(
    tmp_path: Path, name: str, camera: str, scale: int
) -> None:
    part, source = tmp_path / "part", tmp_path / name
    source.write_bytes(shortened(raw(name).read_bytes(), rows=TOP_ROWS.get(name)))

    done = develop(make_develop(source, part=part), limits=Limits(), announce=lambda _stage, _percent: None)

    with Image.open(part) as opened:
        ours = np.asarray(opened)
    theirs = libraws_draft(source)
    assert ours.shape == (done.height, done.width, 3)
    assert (np.array(ours.shape[:2]) / theirs.shape[:2]).tolist() == pytest.approx([scale, scale], rel=0.01)
    assert np.abs(thumbnail(ours) - thumbnail(theirs)).mean() < 30
    assert done.camera == camera
    assert done.warnings == ()


@pytest.mark.parametrize(("name", "code"), BAD.items())
def test_a_bad_file_fails_as_it_should(tmp_path: Path, name: str, code: str) -> None:
    refusal = refusal_of(raw(f"bad/{name}"), tmp_path / "part")

    assert (refusal.failure.code, refusal.failure.transient, refusal.environment) == (code, False, False)
    assert refusal.failure.message.endswith(".")


@pytest.mark.parametrize("percent", [30, 60, 95])
@pytest.mark.parametrize("name", GOOD)
def test_a_cut_file_is_never_developed(tmp_path: Path, name: str, percent: int) -> None:
    whole = raw(name).read_bytes()
    source = tmp_path / name
    source.write_bytes(whole[: len(whole) * percent // 100])

    refusal = refusal_of(source, tmp_path / "part")

    assert refusal.failure.code == "raw.truncated"


def filled(blob: bytes, *, percent: int) -> bytes:
    """Return what a writer that reserved the whole length has written so far."""
    return blob[: len(blob) * percent // 100].ljust(len(blob), b"\0")


@pytest.mark.parametrize(
    ("name", "percent"),
    [
        *(("synth_bayer_1mp.dng", percent) for percent in (5, 10, 13, 25, 33, 50, 66, 75, 90, 95, 98)),
        *((name, percent) for name in sorted(GOOD) for percent in (50, 98)),
    ],
)
def test_a_file_reserved_and_filled_in_part_is_never_developed(
    tmp_path: Path, name: str, percent: int
) -> None:
    source = tmp_path / name
    source.write_bytes(filled(raw(name).read_bytes(), percent=percent))

    refusal = refusal_of(source, tmp_path / "part")

    assert refusal.failure.code == "raw.truncated"


@pytest.mark.parametrize("length", [4_096, 65_536])
@pytest.mark.parametrize("percent", [10, 40, 70, 95])
@pytest.mark.parametrize(
    "name", ["synth_bayer_1mp.dng", "canon_550d_chart.dng", "canon_s40.crw", "kodak_dc120.kdc"]
)
def test_a_file_with_a_block_missing_is_never_developed(
    tmp_path: Path, name: str, percent: int, length: int
) -> None:
    whole = raw(name).read_bytes()
    source = tmp_path / name
    at = len(whole) * percent // 100
    source.write_bytes((whole[:at] + bytes(length) + whole[at + length :])[: len(whole)])

    refusal = refusal_of(source, tmp_path / "part")

    assert refusal.failure.code in {"raw.truncated", "raw.damaged"}


@pytest.mark.parametrize("place", [0, 7, -1], ids=["first", "in-the-middle", "last"])
def test_a_file_with_a_tile_that_cannot_be_decoded_is_never_developed(tmp_path: Path, place: int) -> None:
    blob = bytearray(raw("synth_bayer_1mp.dng").read_bytes())
    at = [extent.start for extent in sensor_extents(bytes(blob), raw_height=800)][place]
    blob[at : at + 2] = b"\1\2"
    source = tmp_path / "damaged.dng"
    source.write_bytes(blob)

    refusal = refusal_of(source, tmp_path / "part")

    assert refusal.failure.code == "raw.damaged"


@pytest.mark.parametrize(
    ("name", "exif"),
    [
        pytest.param(
            "canon_s40.crw",
            {33434: 1 / 60, 33437: 2.8, 34855: 50, 36867: "2021:03:26 21:18:06", 37386: 7.1},
            id="crw",
        ),
        pytest.param("kodak_dc120.kdc", {36867: "1994:01:02 16:01:02", 34855: 160}, id="kdc"),
        pytest.param(
            "synth_bayer_1mp.dng",
            {33434: 1 / 125, 33437: 2.8, 34855: 200, 36867: "2024:05:05 10:04:00", 37386: 50},
            id="dng",
        ),
    ],
)
def test_the_shots_facts_reach_the_jpeg(tmp_path: Path, name: str, exif: dict[int, Any]) -> None:
    part = tmp_path / "part"

    develop(make_develop(raw(name), part=part), limits=Limits(), announce=lambda _stage, _percent: None)

    with Image.open(part) as opened:
        written = opened.getexif().get_ifd(IFD.Exif)
    assert {tag: written[tag] for tag in exif} == pytest.approx(exif)


SILENT = ShotFacts(iso=0, exposure_seconds=0, f_number=0, focal_length_mm=0, taken_at=None)


@pytest.mark.parametrize(
    ("name", "camera", "captured_at", "exposure"),
    [
        ("meta_only_canon.cr2", "Canon EOS 350D DIGITAL", "2005-08-03T18:59:18Z", Fraction(1, 15)),
        ("pruned_canon_r6.cr3", "Canon EOS R6", "2021-05-12T10:21:21.920Z", Fraction(1, 4)),
        ("trunc_nikon_d7100.nef", "NIKON D7100", "2013-09-03T09:45:16.400Z", Fraction(1, 30)),
        ("trunc_sony.arw", "SONY DSLR-A330", "2009-11-13T13:33:25Z", Fraction(1, 160)),
        ("meta_only_panasonic.rw2", "Panasonic DMC-LX3", "2008-08-06T15:21:56Z", Fraction(1, 250)),
        ("stripped_iphone12pro_decodes_black.dng", "Apple iPhone 12 Pro", "2020-12-29T19:24:45.7Z", 1 / 5556),
    ],
)
def test_each_container_gives_up_its_metadata(
    name: str, camera: str, captured_at: str, exposure: float
) -> None:
    metadata = read_metadata(raw(f"bad/{name}").read_bytes(), SILENT)

    exif = Image.Exif()
    exif.load(exif_block(metadata, width=1, height=1))
    moment = datetime.fromisoformat(captured_at).timestamp()
    assert (metadata.camera, metadata.warnings) == (camera, ())
    assert metadata.captured_at_usec == round(moment * 1_000_000)
    assert float(exif.get_ifd(IFD.Exif)[33434]) == pytest.approx(float(exposure), rel=1e-4)
