"""JPEG encoded on two cores: two halves between restart markers, joined to the file that one would have made.

A restart marker ends every row of blocks, and no code word or difference reaches over it (ITU-T T.81, F.1.1.5
and B.2.1). Halves that are cut at such a row therefore have the same bits as in one file; the markers count
from 0 to 7 again and again, so the second half begins where the count does.
"""

from __future__ import annotations

import io
import os
import struct
import sys
from typing import IO, Final

from PIL import Image

from darkroomd.core.recipes import Subsampling
from darkroomd.imaging.light import Picture
from darkroomd.imaging.strips import THREADS, each

_SUBSAMPLINGS: Final = {Subsampling.FULL: 0, Subsampling.HALF: 1, Subsampling.QUARTER: 2}
"""Pillow's numbers."""

_BLOCK_ROWS: Final = {Subsampling.FULL: 8, Subsampling.HALF: 8, Subsampling.QUARTER: 16}
"""Rows of pixels in a row of blocks."""

_MARKERS: Final = 8
"""Restart markers, of which the last one ends the first half."""

_FEWEST_PIXELS: Final = 1_000_000
"""Below, another thread costs more than it saves."""

_LAST_RESTART, _END = b"\xff\xd7", b"\xff\xd9"
_FRAME, _SCAN = 0xC0, 0xDA
_SEGMENT: Final = struct.Struct(">2xH")
_HEIGHT: Final = struct.Struct(">H")
_HEIGHT_AT: Final = 5
"""In the frame's segment: marker, length and precision come first (T.81, B.2.2)."""


def encoded(pixels: Picture, *, quality: int, subsampling: Subsampling, profile: bytes, exif: bytes) -> bytes:
    """Return the baseline JPEG of a picture.

    Args:
        pixels: uint8 of shape (height, width, 3), at most 65 500 in height and width.
        quality: 1 to 100, libjpeg's scale.
        subsampling: of the colour differences.
        profile: ICC profile.
        exif: what stands in the APP1 segment, at most 65 533 bytes.

    Raises:
        MemoryError: there is too little for it.
    """
    height, width = pixels.shape[:2]
    step = _MARKERS * _BLOCK_ROWS[subsampling]
    cut = height // 2 // step * step
    if not cut or height * width < _FEWEST_PIXELS:
        return _whole(pixels, quality, subsampling, profile=profile, exif=exif)
    halves: dict[int, bytes] = {}

    def encode_half(number: int) -> None:
        # What names the picture stands in front, so only once.
        halves[number] = (
            _whole(pixels[cut:], quality, subsampling, profile=b"", exif=b"")
            if number
            else _whole(pixels[:cut], quality, subsampling, profile=profile, exif=exif)
        )

    each(encode_half, (0, 1), threads=THREADS)
    return _joined(halves[0], halves[1], height=height)


def _whole(pixels: Picture, quality: int, subsampling: Subsampling, *, profile: bytes, exif: bytes) -> bytes:
    with _scratch() as file:
        Image.fromarray(pixels).save(
            file,
            format="JPEG",
            quality=quality,
            subsampling=_SUBSAMPLINGS[subsampling],
            restart_marker_rows=1,
            icc_profile=profile or None,
            exif=exif,
        )
        file.seek(0)
        return file.read()


def _scratch() -> IO[bytes]:
    # Pillow lets other threads run only while it writes to a descriptor.
    if sys.platform != "linux":
        return io.BytesIO()
    return os.fdopen(os.memfd_create("darkroomd.jpeg"), "w+b")


def _joined(first: bytes, second: bytes, *, height: int) -> bytes:
    frame, _ = _segment(first, _FRAME)
    _, scan = _segment(second, _SCAN)
    assert first.endswith(_END)
    whole = bytearray(first[: -len(_END)])
    _HEIGHT.pack_into(whole, frame + _HEIGHT_AT, height)
    whole += _LAST_RESTART
    whole += memoryview(second)[scan:]
    return bytes(whole)


def _segment(file: bytes, marker: int) -> tuple[int, int]:
    """Return where the first segment with the marker begins and ends."""
    at = 2
    while True:
        end = at + 2 + _SEGMENT.unpack_from(file, at)[0]
        if file[at + 1] == marker:
            return at, end
        at = end
