"""PNG files (ISO/IEC 15948) of 8 or 16 bits a channel; Pillow writes no colour pictures of 16."""

from __future__ import annotations

import struct
import zlib
from typing import Final

import numpy as np
from numpy.typing import NDArray

from darkroomd.imaging.light import Picture

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_COLOUR: Final = 2
_UP: Final = 2
"""Filter: each row is written as its difference from the one above."""

_STRIP_ROWS: Final = 64
_LEVEL: Final = 3
_EXIF_SIGNATURE: Final = b"Exif\0\0"


def encoded(pixels: Picture, *, profile: bytes, exif: bytes) -> bytes:
    """Return the PNG file of (height, width, 3) pixels; `exif` is an Exif block or empty."""
    height, width = pixels.shape[:2]
    bits = 8 * pixels.dtype.itemsize
    header = struct.pack(">IIBBBBB", width, height, bits, _COLOUR, 0, 0, 0)
    chunks = [
        _chunk(b"IHDR", header),
        _chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(profile, _LEVEL)),
    ]
    if exif:
        chunks.append(_chunk(b"eXIf", exif.removeprefix(_EXIF_SIGNATURE)))
    return b"".join((_SIGNATURE, *chunks, _chunk(b"IDAT", _rows(pixels)), _chunk(b"IEND", b"")))


def _rows(pixels: Picture) -> bytes:
    packer = zlib.compressobj(_LEVEL)
    packed = bytearray()
    height, width = pixels.shape[:2]
    above: NDArray[np.uint8] = np.zeros((1, width * 3 * pixels.dtype.itemsize), dtype=np.uint8)
    for top in range(0, height, _STRIP_ROWS):
        strip = np.ascontiguousarray(pixels[top : top + _STRIP_ROWS])
        rows = strip.astype(strip.dtype.newbyteorder(">"), copy=False).view(np.uint8).reshape(len(strip), -1)
        lines = np.full((len(rows), rows.shape[1] + 1), _UP, dtype=np.uint8)
        # Bytes wrap around, as the standard has it.
        np.subtract(rows, np.vstack((above, rows[:-1])), out=lines[:, 1:])
        above = rows[-1:]
        packed += packer.compress(lines.tobytes())
    return bytes(packed + packer.flush())


def _chunk(kind: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(content, zlib.crc32(kind))
    return struct.pack(">I4s", len(content), kind) + content + struct.pack(">I", checksum)
