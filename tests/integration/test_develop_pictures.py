"""The pipeline on generated pictures whose right result is known."""

from __future__ import annotations

import hashlib
import io
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import rawpy
from numpy.typing import NDArray
from PIL import Image

from darkroomd.core.adjustments import NEUTRAL
from darkroomd.imaging import srgb, tiff
from darkroomd.imaging.dng import XTRANS_CELL, Facts, Layout, Sensor, dng_bytes, write_dng
from darkroomd.imaging.look import compile_look
from darkroomd.imaging.messages import Develop, Developed
from darkroomd.imaging.pipeline import Limits, develop
from darkroomd.imaging.refusals import Refusal
from darkroomd.imaging.samples import CHART, as_stored, colour_chart, corner_mark, gradient, write_samples
from make import make_develop, make_dng

RED = 0
MARK = (204, 31, 26)

NO_SUCH_KIND = 15
"""Of a field: LibRaw makes huge numbers of it."""


def developed(request: Develop, *, limits: Limits | None = None) -> Developed:
    return develop(request, limits=limits or Limits(), announce=lambda _stage, _percent: None)


def in_the_neutral_look(colours: object) -> NDArray[np.float64]:
    """Return sRGB colours, 0 to 255, as the look shows them where nothing is set."""
    lines = np.rint(srgb.to_linear(np.asarray(colours) / 255) * 65_535).astype(np.intp)
    return compile_look(NEUTRAL).tables[0][lines] / 257


def picture_of(request: Develop) -> NDArray[np.uint8]:
    developed(request)
    with Image.open(os.fsdecode(request.targets[0].part)) as picture:
        return np.asarray(picture)


def refused(request: Develop, *, limits: Limits | None = None) -> str:
    with pytest.raises(Refusal) as refusal:
        developed(request, limits=limits)
    assert not Path(os.fsdecode(request.targets[0].part)).exists()
    return refusal.value.failure.code


def noisy(picture: NDArray[np.float64], *, deviation: float) -> NDArray[np.float64]:
    return picture + np.random.default_rng(11).normal(0, deviation, picture.shape)


@pytest.mark.parametrize("cell", ["RGGB", "BGGR", "GRBG", "GBRG"])
def test_the_colour_chart_comes_out_in_its_own_colours(tmp_path: Path, cell: str) -> None:
    source = make_dng(tmp_path / "a.dng", width=240, height=120, sensor=Sensor(cell=cell))

    picture = picture_of(make_develop(source))

    centres = [(row * 40 + 20, column * 40 + 20) for row in range(3) for column in range(6)]
    seen = np.array([picture[y - 4 : y + 4, x - 4 : x + 4].mean(axis=(0, 1)) for y, x in centres])
    assert np.abs(seen - in_the_neutral_look(CHART)).max() < 4


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("layout", list(Layout))
def test_every_orientation_is_turned_upright(tmp_path: Path, orientation: int, layout: Layout) -> None:
    seen = corner_mark(width=96, height=64)
    source = tmp_path / "a.dng"
    stored = Sensor().expose(as_stored(seen, orientation=orientation))
    write_dng(source, stored, layout=layout, facts=Facts(orientation=orientation))

    picture = picture_of(make_develop(source))

    assert picture.shape == (64, 96, 3)
    assert np.abs(picture[4:12, 4:12].mean(axis=(0, 1)) - in_the_neutral_look(MARK)).max() < 6
    assert np.ptp(picture[40:, 40:, RED], axis=1).max() < 20


@pytest.mark.parametrize("orientation", [0, 9, 15])
def test_an_orientation_that_does_not_exist_turns_nothing(tmp_path: Path, orientation: int) -> None:
    source = make_dng(tmp_path / "a.dng", facts=Facts(orientation=orientation))

    done = developed(make_develop(source))

    assert (done.width, done.height) == (96, 64)


@pytest.mark.parametrize(
    ("sensor", "side"),
    [pytest.param(Sensor(), 130, id="bayer"), pytest.param(Sensor(cell=XTRANS_CELL), 516, id="x-trans")],
)
def test_the_same_raw_gives_the_same_bytes(tmp_path: Path, sensor: Sensor, side: int) -> None:
    source = tmp_path / "a.dng"
    write_dng(source, noisy(sensor.expose(gradient(width=side, height=side)), deviation=0.02), sensor=sensor)
    first, second = (make_develop(source, part=tmp_path / name) for name in ("1", "2"))

    done = developed(first), developed(second)

    assert done[0].parts[0].sha256 == done[1].parts[0].sha256
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


def test_the_answer_tells_the_truth_about_the_file(tmp_path: Path) -> None:
    source = make_dng(tmp_path / "a.dng", width=98, height=66)
    request = make_develop(source)
    stages: list[tuple[str, int]] = []

    done = develop(request, limits=Limits(), announce=lambda stage, percent: stages.append((stage, percent)))

    written = Path(os.fsdecode(request.targets[0].part)).read_bytes()
    assert done.parts[0].size_bytes == len(written)
    assert done.parts[0].sha256 == hashlib.sha256(written).hexdigest()
    assert done.raw_sha256 == hashlib.sha256(source.read_bytes()).hexdigest()
    assert Image.open(io.BytesIO(written)).size == (done.width, done.height) == (98, 66)
    assert done.camera == "Darkroom Test Camera"
    assert [stage for stage, _ in stages] == ["unpack", "develop", "encode"] == list(done.stage_seconds)


def test_the_jpeg_says_what_it_is(tmp_path: Path) -> None:
    request = make_develop(make_dng(tmp_path / "a.dng", facts=Facts(orientation=6)))

    developed(request)

    with Image.open(os.fsdecode(request.targets[0].part)) as picture:
        assert picture.info["icc_profile"] == srgb.icc_profile()
        assert picture.getexif()[274] == 1
        assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (64, 96))


def test_exposure_does_not_depend_on_the_brightest_pixel(tmp_path: Path) -> None:
    flat = np.full((64, 96, 3), 0.18)
    with_light = flat.copy()
    with_light[:20, :20] = 1.0
    requests = []
    for name, scene in (("dim", flat), ("lit", with_light)):
        write_dng(tmp_path / f"{name}.dng", Sensor().expose(noisy(scene, deviation=0.001)))
        requests.append(make_develop(tmp_path / f"{name}.dng", part=tmp_path / name))

    dim, lit = (picture_of(request)[40:, 40:] for request in requests)

    assert abs(dim.mean() - lit.mean()) < 0.5


def test_clipped_highlights_are_white(tmp_path: Path) -> None:
    source = tmp_path / "a.dng"
    write_dng(source, noisy(np.full((64, 96, 3), 1.5), deviation=0.4))

    picture = picture_of(make_develop(source))

    assert np.abs(picture[..., 0].mean() - picture[..., 2].mean()) < 3
    assert picture.mean() > 245


def test_a_lens_cap_frame_is_a_photo(tmp_path: Path) -> None:
    source = tmp_path / "a.dng"
    write_dng(source, noisy(np.zeros((64, 96, 3)), deviation=0.0004))

    assert developed(make_develop(source)).parts[0].size_bytes > 0


@pytest.mark.parametrize(
    ("scene", "code"),
    [
        pytest.param(np.zeros((64, 96, 3)), "raw.no_image_data", id="black"),
        pytest.param(np.ones((64, 96, 3)), "raw.no_image_data", id="white"),
    ],
)
def test_one_value_everywhere_is_no_photo(tmp_path: Path, scene: NDArray[np.float64], code: str) -> None:
    source = tmp_path / "a.dng"
    write_dng(source, scene)

    assert refused(make_develop(source)) == code


def test_a_file_whose_end_is_not_filled_yet_is_truncated(tmp_path: Path) -> None:
    whole = make_dng(tmp_path / "whole.dng").read_bytes()
    source = tmp_path / "a.dng"
    source.write_bytes(whole[: len(whole) * 6 // 10].ljust(len(whole), b"\0"))

    assert refused(make_develop(source)) == "raw.truncated"


def lossy_dng() -> bytes:
    """Return a DNG whose tiles are baseline JPEGs, as phones and converters write them."""
    width, height, tile = 384, 256, 128
    scene = noisy(gradient(width=width, height=height), deviation=0.03)
    pixels = (np.clip(scene, 0, 1) * 255).astype(np.uint8)
    tiles = []
    for top in range(0, height, tile):
        for left in range(0, width, tile):
            buffer = io.BytesIO()
            Image.fromarray(pixels[top : top + tile, left : left + tile]).save(buffer, "JPEG", quality=90)
            tiles.append(buffer.getvalue())
    places = [4_096 + sum(map(len, tiles[:number])) for number in range(len(tiles))]
    block = tiff.Block()
    fields = [
        tiff.long(254, 0),
        tiff.long(256, width),
        tiff.long(257, height),
        tiff.short(258, 8, 8, 8),
        tiff.short(259, 34892),
        tiff.short(262, 34892),
        tiff.text(271, "Darkroom"),
        tiff.text(272, "Lossy"),
        tiff.short(277, 3),
        tiff.short(284, 1),
        tiff.long(322, tile),
        tiff.long(323, tile),
        tiff.long(324, *places),
        tiff.long(325, *map(len, tiles)),
        tiff.raw_bytes(50706, bytes((1, 4, 0, 0))),
        tiff.text(50708, "Darkroom Lossy"),
        tiff.signed_rational(50721, *(Fraction(number, 10) for number in (12, -3, -2, -3, 11, 1, -1, 2, 5))),
        tiff.rational(50728, Fraction(6, 10), Fraction(1), Fraction(7, 10)),
        tiff.short(50778, 21),
    ]
    return block.finish(first=block.add(fields)).ljust(4_096, b"\0") + b"".join(tiles)


def in_cells(blob: bytes, *, tile: int | None) -> bytes:
    """Return a generated mosaic again, in tiles of this side, or in strips of sixteen rows."""
    folder = tiff.main_folder(blob)
    (width,), (height,) = folder[256].integers(), folder[257].integers()
    stored = np.frombuffer(blob, np.uint16, offset=len(blob) - 2 * width * height)
    values: NDArray[np.uint16] = stored.reshape(height, width)
    side, rows = tile or width, tile or 16
    padded = np.pad(values, ((0, -height % rows if tile else 0), (0, -width % side)))
    cells = [
        padded[top : top + rows, left : left + side].tobytes()
        for top in range(0, len(padded), rows)
        for left in range(0, padded.shape[1], side)
    ]
    places = [4_096 + sum(map(len, cells[:number])) for number in range(len(cells))]
    shape = [tiff.long(322, side), tiff.long(323, rows)] if tile else [tiff.long(278, rows)]
    starts, lengths = (324, 325) if tile else (273, 279)
    fields = [
        tiff.Field(tag, entry.kind, entry.count, bytes(entry.payload))
        for tag, entry in folder.items()
        if tag not in {273, 278, 279, tiff.EXIF_FOLDER}
    ]
    fields += [*shape, tiff.long(starts, *places), tiff.long(lengths, *map(len, cells))]
    block = tiff.Block()
    return block.finish(first=block.add(fields)).ljust(4_096, b"\0") + b"".join(cells)


def mosaic(*, black: int = 512) -> bytes:
    sensor = Sensor(black=black)
    scene = noisy(colour_chart(width=330, height=250) + 0.02, deviation=0.003)
    return dng_bytes(sensor.expose(scene), sensor=sensor)


def linear() -> bytes:
    return dng_bytes(Sensor().expose(colour_chart(width=330, height=250)), layout=Layout.LINEAR)


PARTLY_FILLED = {
    "one-strip": mosaic(),
    "one-strip-at-black-zero": mosaic(black=0),
    "strips": in_cells(mosaic(), tile=None),
    "tiles": in_cells(mosaic(), tile=64),
    "linear": linear(),
    "lossy": lossy_dng(),
}


@pytest.mark.parametrize("name", PARTLY_FILLED)
def test_the_whole_of_it_is_developed_with_zeros_behind_its_end(tmp_path: Path, name: str) -> None:
    source = tmp_path / "a.dng"
    source.write_bytes(PARTLY_FILLED[name] + bytes(70_000))

    assert developed(make_develop(source)).parts[0].size_bytes > 0


@pytest.mark.parametrize("percent", [5, 10, 13, 25, 33, 50, 66, 75, 90, 95, 98])
@pytest.mark.parametrize("name", PARTLY_FILLED)
def test_a_file_reserved_and_filled_in_part_is_truncated(tmp_path: Path, name: str, percent: int) -> None:
    whole = PARTLY_FILLED[name]
    source = tmp_path / "a.dng"
    source.write_bytes(whole[: len(whole) * percent // 100].ljust(len(whole), b"\0"))

    assert refused(make_develop(source)) == "raw.truncated"


@pytest.mark.parametrize("black", [0, 512])
def test_a_frame_that_is_mostly_clipped_to_black_is_a_photo(tmp_path: Path, black: int) -> None:
    source = tmp_path / "a.dng"
    scene = noisy(colour_chart(width=330, height=250), deviation=0.01)
    scene[120:] = 0
    scene[:, 200:] = 0
    write_dng(source, scene, sensor=Sensor(black=black))

    assert developed(make_develop(source)).parts[0].size_bytes > 0


@pytest.mark.parametrize("percent", [0, 1, 30, 60, 95, 99])
@pytest.mark.parametrize("layout", list(Layout))
def test_a_cut_file_is_truncated(tmp_path: Path, percent: int, layout: Layout) -> None:
    whole = make_dng(tmp_path / "whole.dng", layout=layout).read_bytes()
    source = tmp_path / "a.dng"
    source.write_bytes(whole[: len(whole) * percent // 100])

    assert refused(make_develop(source)) in {"raw.truncated", "raw.unsupported"}


def test_a_lossy_dng_is_developed(tmp_path: Path) -> None:
    source = tmp_path / "a.dng"
    source.write_bytes(lossy_dng())

    done = developed(make_develop(source))

    assert (done.width, done.height) == (384, 256)


@pytest.mark.parametrize("percent", [30, 60, 95, 99])
def test_a_cut_lossy_dng_is_truncated_although_the_decoder_is_content(tmp_path: Path, percent: int) -> None:
    whole = lossy_dng()
    source = tmp_path / "a.dng"
    source.write_bytes(whole[: len(whole) * percent // 100])

    assert refused(make_develop(source)) == "raw.truncated"


def test_what_the_decoder_prints_goes_with_the_failure(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "a.dng"
    whole = make_dng(tmp_path / "whole.dng").read_bytes()
    source.write_bytes(whole[:-2_000])

    with pytest.raises(Refusal) as refusal:
        developed(make_develop(source))

    assert "Unexpected end of file" in refusal.value.failure.context["decoderLines"][0]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("name", "limits"),
    [
        pytest.param("pixels", Limits(pixels=6_143), id="pixels"),
        pytest.param("bytes", Limits(file_bytes=10_000), id="bytes"),
    ],
)
def test_a_limit_is_kept(tmp_path: Path, name: str, limits: Limits) -> None:
    source = make_dng(tmp_path / f"{name}.dng")

    assert refused(make_develop(source), limits=limits) == "raw.too_large"


def test_what_libraw_cannot_decode_is_not_called_damaged(tmp_path: Path) -> None:
    blob = dng_bytes(Sensor().expose(colour_chart(width=96, height=64)))
    plain, deflated = (struct.pack("<HHII", 259, 3, 1, coding) for coding in (1, 8))
    source = tmp_path / "a.dng"
    source.write_bytes(blob.replace(plain, deflated))

    assert refused(make_develop(source)) == "raw.unsupported"


def test_a_matrix_that_makes_all_colours_one_is_damage(tmp_path: Path) -> None:
    blob = dng_bytes(Sensor().expose(colour_chart(width=96, height=64)))
    sound = bytes(tiff.main_folder(blob)[50721].payload)
    source = tmp_path / "a.dng"
    source.write_bytes(blob.replace(sound, b"\1\0\0\0\1\0\0\0" * 9))

    assert refused(make_develop(source)) == "raw.damaged"


def test_the_size_is_that_of_libraws_own_rendering(tmp_path: Path) -> None:
    paths = write_samples(tmp_path)

    for source in paths:
        with rawpy.imread(str(source)) as raw:
            height, width = raw.postprocess(half_size=False).shape[:2]
        done = developed(make_develop(source, part=source.with_suffix(".part")))
        assert (done.width, done.height) == (width, height)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(b"caf\xe9.dng", id="not-utf8"),
        pytest.param(b"a\nb.dng", id="newline"),
        pytest.param(b"x" * 240 + b".dng", id="long"),
        pytest.param("日本.dng".encode(), id="japanese"),
    ],
)
def test_odd_names_are_only_names(tmp_path: Path, name: bytes) -> None:
    source = Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name)))  # noqa: PTH118 - bytes
    make_dng(source)

    assert developed(make_develop(source, part=tmp_path / "part")).width == 96


def test_a_pipe_under_a_raws_name_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.dng")

    assert refused(make_develop(tmp_path / "a.dng")) == "raw.unsupported"


def test_a_folder_under_a_raws_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.dng").mkdir()

    assert refused(make_develop(tmp_path / "a.dng")) == "raw.unsupported"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems tell of a socket otherwise")
def test_a_socket_under_a_raws_name_is_refused(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(os.fspath(tmp_path / "a.dng"))

        assert refused(make_develop(tmp_path / "a.dng")) == "raw.unsupported"


def test_a_link_under_a_raws_name_is_not_followed(tmp_path: Path) -> None:
    make_dng(tmp_path / "elsewhere")
    (tmp_path / "a.dng").symlink_to(tmp_path / "elsewhere")

    assert refused(make_develop(tmp_path / "a.dng")) == "raw.unsupported"


def test_a_saturation_that_no_value_reaches_is_damage(tmp_path: Path) -> None:
    source = tmp_path / "a.dng"
    blob = dng_bytes(Sensor().expose(colour_chart(width=96, height=64)), layout=Layout.LINEAR)
    levels = struct.pack("<HHI", 50717, tiff.SHORT, 3)
    assert blob.count(levels) == 1
    source.write_bytes(blob.replace(levels, struct.pack("<HHI", 50717, NO_SUCH_KIND, 3)))

    assert refused(make_develop(source)) == "raw.damaged"


def test_a_missing_raw_is_missing(tmp_path: Path) -> None:
    assert refused(make_develop(tmp_path / "a.dng")) == "raw.missing"


def test_a_leftover_part_is_replaced(tmp_path: Path) -> None:
    request = make_develop(make_dng(tmp_path / "a.dng"))
    part = Path(os.fsdecode(request.targets[0].part))
    part.write_bytes(b"left by a process that died")

    done = developed(request)

    assert part.stat().st_size == done.parts[0].size_bytes


def test_a_link_in_the_parts_place_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    request = make_develop(make_dng(tmp_path / "a.dng"))
    part = Path(os.fsdecode(request.targets[0].part))
    part.symlink_to(victim)

    developed(request)

    assert victim.read_bytes() == b"precious"
    assert not part.is_symlink()


def test_a_missing_output_folder_is_a_missing_session(tmp_path: Path) -> None:
    request = make_develop(make_dng(tmp_path / "a.dng"), part=tmp_path / "gone" / "part")

    with pytest.raises(Refusal) as refusal:
        developed(request)

    assert (refusal.value.failure.code, refusal.value.environment) == ("session.gone", True)


def test_quality_decides_on_the_size(tmp_path: Path) -> None:
    source = make_dng(tmp_path / "a.dng", width=300, height=200)
    fine = make_develop(source, part=tmp_path / "fine")
    coarse = make_develop(source, part=tmp_path / "coarse", quality=40)

    assert developed(coarse).parts[0].size_bytes < developed(fine).parts[0].size_bytes


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a file system of four pages."""
    folder = tmp_path / "full"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "darkroom", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)  # noqa: S607 - wherever the system keeps it


def test_a_full_disk_is_not_the_photos_fault(tmp_path: Path, full_disk: Path) -> None:
    source = make_dng(tmp_path / "a.dng", width=600, height=400)
    request = make_develop(source, part=full_disk / "part")

    with pytest.raises(Refusal) as refusal:
        developed(request)

    assert (refusal.value.failure.code, refusal.value.environment) == ("disk.full", True)
    assert list(full_disk.iterdir()) == []
