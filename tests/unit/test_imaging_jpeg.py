"""Two halves on two cores are the file that one core makes."""

from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from darkroomd.core.recipes import Subsampling
from darkroomd.imaging import jpeg, strips

PROFILE, EXIF = b"profile" * 50, b"Exif\0\0not read"
NUMBERS = {Subsampling.FULL: 0, Subsampling.HALF: 1, Subsampling.QUARTER: 2}


def picture(*, width: int, height: int) -> NDArray[np.uint8]:
    """Return something of every kind: slopes, edges and noise."""
    rng = np.random.default_rng(width * height)
    down, across = np.indices((height, width), dtype=np.uint32)
    pixels = np.stack([down * 3 + across, down ^ across, across * 5], axis=2).astype(np.uint8)
    pixels[height // 3 :: 2] ^= rng.integers(0, 64, pixels[height // 3 :: 2].shape, dtype=np.uint8)
    return pixels


def in_one_go(pixels: NDArray[np.uint8], subsampling: Subsampling) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(
        file,
        format="JPEG",
        quality=92,
        subsampling=NUMBERS[subsampling],
        restart_marker_rows=1,
        icc_profile=PROFILE,
        exif=EXIF,
    )
    return file.getvalue()


@pytest.mark.parametrize("subsampling", list(Subsampling))
@pytest.mark.parametrize(
    ("width", "height"),
    [
        pytest.param(1, 1, id="one pixel"),
        pytest.param(60, 70, id="small"),
        pytest.param(9_000, 120, id="too flat to be cut"),
        pytest.param(1_000, 1_000, id="just large enough"),
        pytest.param(1_001, 1_025, id="odd"),
        pytest.param(700, 2_047, id="upright"),
        pytest.param(16_000, 257, id="second half of one row of blocks more"),
        pytest.param(9, 65_500, id="as long as can be"),
        pytest.param(17, 65_499, id="long, odd and large"),
    ],
)
def test_the_bytes_are_those_of_one_core(width: int, height: int, subsampling: Subsampling) -> None:
    pixels = picture(width=width, height=height)

    content = jpeg.encoded(pixels, quality=92, subsampling=subsampling, profile=PROFILE, exif=EXIF)

    assert content == in_one_go(pixels, subsampling)


def test_a_strict_decoder_reads_what_was_joined() -> None:
    pixels = picture(width=1_500, height=1_100)

    content = jpeg.encoded(pixels, quality=100, subsampling=Subsampling.FULL, profile=b"", exif=b"")

    shown = Image.open(io.BytesIO(content))
    assert shown.size == (1_500, 1_100)
    assert np.abs(np.asarray(shown, dtype=np.int16) - pixels).max() <= 4


def test_one_thread_makes_the_same_bytes() -> None:
    pixels = picture(width=1_200, height=1_000)
    allowed = strips._most_threads.set(1)
    try:
        alone = jpeg.encoded(pixels, quality=80, subsampling=Subsampling.HALF, profile=PROFILE, exif=EXIF)
    finally:
        strips._most_threads.reset(allowed)

    assert alone == jpeg.encoded(pixels, quality=80, subsampling=Subsampling.HALF, profile=PROFILE, exif=EXIF)
