"""The kernel's pictures beside LibRaw's own of the same files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from darkroomd.imaging import decoder, kernel, srgb
from darkroomd.imaging.decoder import Method
from darkroomd.imaging.dng import XTRANS_CELL, Facts, Layout, Sensor, write_dng
from darkroomd.imaging.look import Look
from darkroomd.imaging.samples import as_stored, colour_chart, corner_mark, gradient
from make import make_dng, raws

FOLDER = raws()
needs_files = pytest.mark.skipif(
    FOLDER is None, reason="no camera files: set DARKROOM_RAWS or put them into ../shared/raws"
)
needs_kernel = pytest.mark.skipif(not kernel.BUILT, reason="the kernel is not built: there was no compiler")

MARGIN = 4
"""Pixels at the edge that everyone interpolates from less."""


def plain_look(*, gains: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> Look:
    """Return linear light encoded as sRGB has it, and nothing else."""
    encoded = np.rint(srgb.to_encoded(np.arange(65_536) / 65_535) * 65_535).astype(np.uint16)
    return Look(gains=np.array(gains), mix=np.eye(3), tables=np.stack([encoded] * 3))


def picture_by(method: Method, source: Path, *, look: Look, bits: kernel.Bits = 16) -> kernel.Shown:
    blob = source.read_bytes()
    with decoder.opened(blob, limit_pixels=100_000_000) as raw:
        decoder.unpack(raw, blob)
        return decoder.rendered(raw, look, decoder.orientation_of(blob), method=method, bits=bits)


def difference(one: kernel.Shown, other: kernel.Shown) -> NDArray[np.float64]:
    """Return how much brighter `one` is, in 255ths of white, without the edge."""
    assert one.shape == other.shape
    whole = (one.astype(np.float64) - other.astype(np.float64)) / 257
    return np.asarray(whole[MARGIN:-MARGIN, MARGIN:-MARGIN], dtype=np.float64)


@needs_kernel
@pytest.mark.parametrize("orientation", range(9))
@pytest.mark.parametrize("cell", ["RGGB", "GBRG"])
def test_the_kernel_turns_a_picture_as_libraw_does(tmp_path: Path, cell: str, orientation: int) -> None:
    sensor, source = Sensor(cell=cell), tmp_path / "a.dng"
    stored = sensor.expose(as_stored(corner_mark(width=97, height=66), orientation=orientation))
    write_dng(source, stored, sensor=sensor, facts=Facts(orientation=orientation))

    ours, theirs = (picture_by(method, source, look=plain_look()) for method in Method)

    assert ours.flags.c_contiguous
    assert np.median(np.abs(difference(ours, theirs))) < 0.3
    assert np.abs(difference(ours, theirs)).mean() < 1.5


@needs_kernel
@pytest.mark.parametrize("gains", [(1.0, 1.0, 1.0), (2.0, 2.0, 2.0), (0.7, 1.0, 1.3)])
def test_exposure_and_colours_are_those_of_libraw(tmp_path: Path, gains: tuple[float, float, float]) -> None:
    source = tmp_path / "a.dng"
    write_dng(source, Sensor().expose(gradient(width=360, height=240)))
    look = plain_look(gains=gains)

    ours, theirs = (picture_by(method, source, look=look) for method in Method)

    assert np.abs(difference(ours, theirs).mean(axis=(0, 1))).max() < 0.3


@pytest.mark.parametrize(
    ("sensor", "layout"),
    [
        pytest.param(Sensor(cell=XTRANS_CELL), Layout.MOSAIC, id="x-trans"),
        pytest.param(Sensor(), Layout.LINEAR, id="linear"),
    ],
)
def test_a_gain_means_the_same_whoever_develops(tmp_path: Path, sensor: Sensor, layout: Layout) -> None:
    side, look = 516, plain_look(gains=(0.8, 1.0, 1.25))
    chart = colour_chart(width=side, height=side)
    for name, kept in (("other", (sensor, layout)), ("bayer", (Sensor(), Layout.MOSAIC))):
        write_dng(tmp_path / name, kept[0].expose(chart), sensor=kept[0], layout=kept[1])

    other, bayer = (
        picture_by(Method.KERNEL if kernel.BUILT else Method.LIBRAW, tmp_path / name, look=look)
        for name in ("other", "bayer")
    )

    assert np.abs(np.median(difference(other, bayer), axis=(0, 1))).max() < 0.3


@needs_kernel
@pytest.mark.skipif(
    FOLDER is None, reason="no camera files: set DARKROOM_RAWS or put them into ../shared/raws"
)
@pytest.mark.parametrize("name", ["canon_550d_chart.dng", "canon_s40.crw", "synth_bayer_1mp.dng"])
def test_camera_files_come_out_as_bright_as_from_libraw(name: str) -> None:
    assert FOLDER is not None

    ours, theirs = (picture_by(method, FOLDER / name, look=plain_look()) for method in Method)

    assert np.abs(difference(ours, theirs).mean(axis=(0, 1))).max() < 0.3


@pytest.mark.parametrize(
    "name", ["kodak_dc50.kdc", "kodak_dc120.kdc", "synth_linear_3mp_rot.dng", "canon_s40.crw"]
)
@pytest.mark.skipif(
    FOLDER is None, reason="no camera files: set DARKROOM_RAWS or put them into ../shared/raws"
)
def test_eight_bits_are_the_sixteen_rounded(name: str) -> None:
    assert FOLDER is not None
    method = decoder.method_for((FOLDER / name).read_bytes())

    eight = picture_by(method, FOLDER / name, look=plain_look(), bits=8)

    sixteen = picture_by(method, FOLDER / name, look=plain_look(), bits=16)
    np.testing.assert_array_equal(eight, (sixteen.astype(np.uint32) + 128) // 257)


WITHOUT_KERNEL = """
import sys
from pathlib import Path
sys.modules["darkroomd.imaging._kernel"] = None  # what an import finds where nothing was compiled
from darkroomd.imaging import decoder
from darkroomd.imaging.look import compile_look
from darkroomd.imaging.version import pipeline_version
from darkroomd.core.adjustments import NEUTRAL
blob = Path(sys.argv[1]).read_bytes()
with decoder.opened(blob, limit_pixels=10_000) as raw:
    decoder.unpack(raw, blob)
    pixels = decoder.rendered(raw, compile_look(NEUTRAL), method=decoder.method_for(blob))
print(pixels.shape, pixels.dtype, pipeline_version())
"""


def test_where_nothing_was_compiled_libraw_develops_and_the_version_says_so(tmp_path: Path) -> None:
    source = make_dng(tmp_path / "a.dng")
    command = [sys.executable, "-c", WITHOUT_KERNEL, str(source)]

    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert run.stderr == ""
    assert run.stdout.startswith("(64, 96, 3) uint8 libraw-")
