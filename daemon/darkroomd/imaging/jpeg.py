"""Encode a finished picture as a JPEG file's bytes."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from darkroomd.imaging import srgb

_FULL_CHROMA: Final = 0
"""Pillow's number for 4:4:4.

Halved chroma costs what booths and prints show first: red lettering, neon, edges of saturated cloth.
It would save about a third of the bytes.
"""

_SEGMENT_LIMIT_BYTES: Final = 65_533


def encode(pixels: NDArray[np.uint8], *, quality: int, exif: bytes) -> bytes:
    """Return the JPEG of (height, width, 3) uint8 sRGB pixels, with profile and Exif.

    Args:
        pixels: the upright picture.
        quality: 1 to 95, as Pillow counts.
        exif: content of the Exif segment; longer than a segment can be, it is a mistake of ours.
    """
    assert len(exif) <= _SEGMENT_LIMIT_BYTES
    buffer = io.BytesIO()
    picture = Image.fromarray(pixels)
    picture.save(
        buffer,
        format="JPEG",
        quality=quality,
        subsampling=_FULL_CHROMA,
        icc_profile=srgb.icc_profile(),
        exif=exif,
    )
    return buffer.getvalue()
