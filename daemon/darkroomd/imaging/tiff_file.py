"""TIFF 6.0 files of 8 or 16 bits a channel, deflated; Pillow writes no colour pictures of 16."""

from __future__ import annotations

import zlib
from typing import Final

import numpy as np

from darkroomd.core.imprint import Imprint
from darkroomd.imaging import exif, tiff
from darkroomd.imaging.light import Picture
from darkroomd.imaging.metadata import Metadata

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_STRIP_PLACES, _SAMPLES, _ROWS_IN_STRIP, _STRIP_LENGTHS, _PLANAR = 273, 277, 278, 279, 284
_PREDICTOR, _PROFILE = 317, 34675

_DEFLATE: Final = 8
_RGB: Final = 2
_DIFFERENCES: Final = 2
"""Predictor: each value is written as its difference from the one to its left."""

_STRIP_ROWS: Final = 64
_LEVEL: Final = 3


def encoded(pixels: Picture, profile: bytes, metadata: Metadata, imprint: Imprint, *, is_srgb: bool) -> bytes:
    """Return the TIFF file of (height, width, 3) pixels, little-endian, the folder before the picture."""
    height, width = pixels.shape[:2]
    strips = [_strip(pixels[top : top + _STRIP_ROWS]) for top in range(0, height, _STRIP_ROWS)]
    lengths = [len(strip) for strip in strips]
    block = tiff.Block()
    said = exif.main_fields(block, metadata, imprint=imprint, is_srgb=is_srgb)
    fields = {
        **{field.tag: field for field in said},
        _WIDTH: tiff.long(_WIDTH, width),
        _HEIGHT: tiff.long(_HEIGHT, height),
        _BITS: tiff.short(_BITS, *[8 * pixels.dtype.itemsize] * 3),
        _COMPRESSION: tiff.short(_COMPRESSION, _DEFLATE),
        _PHOTOMETRIC: tiff.short(_PHOTOMETRIC, _RGB),
        _SAMPLES: tiff.short(_SAMPLES, 3),
        _ROWS_IN_STRIP: tiff.long(_ROWS_IN_STRIP, _STRIP_ROWS),
        _STRIP_LENGTHS: tiff.long(_STRIP_LENGTHS, *lengths),
        _PLANAR: tiff.short(_PLANAR, 1),
        _PREDICTOR: tiff.short(_PREDICTOR, _DIFFERENCES),
        _PROFILE: tiff.raw_bytes(_PROFILE, profile, kind=tiff.UNDEFINED),
    }
    # The folder's length does not depend on the places in it, so it is laid out once to learn it.
    measured = tiff.Block(at=block.at, content=bytearray(block.content))
    measured.add([*fields.values(), tiff.long(_STRIP_PLACES, *lengths)])
    at = measured.at + len(measured.content)
    places = [at + sum(lengths[:number]) for number in range(len(lengths))]
    first = block.add([*fields.values(), tiff.long(_STRIP_PLACES, *places)])
    return b"".join((block.finish(first=first), *strips))


def _strip(rows: Picture) -> bytes:
    """Return deflated rows; strips are of even length, since what follows one begins at an even place."""
    differences = rows.copy()
    # Numbers wrap around, as the standard has it.
    np.subtract(rows[:, 1:], rows[:, :-1], out=differences[:, 1:])
    little = differences.astype(differences.dtype.newbyteorder("<"), copy=False)
    packed = zlib.compress(little.tobytes(), _LEVEL)
    return packed + b"\0" * (len(packed) % 2)
