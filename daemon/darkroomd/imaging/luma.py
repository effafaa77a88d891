"""The luma of display values: how light a pixel looks, ITU-R BT.709's weights in whole numbers."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from darkroomd.imaging import planes, strips

Sixteen = NDArray[np.uint16]

WEIGHTS: Final = (13_933, 46_871, 4_732)
"""Of red, green and blue; their sum is 65536, so that the luma of a grey is its value."""

_HALF: Final = 32_768


def of_channels(red: Sixteen, green: Sixteen, blue: Sixteen) -> Sixteen:
    """Return the luma of three planes."""
    total = red.astype(np.uint32)
    total *= np.uint32(WEIGHTS[0])
    total += green * np.uint32(WEIGHTS[1])
    total += blue * np.uint32(WEIGHTS[2])
    total += np.uint32(_HALF)
    return (total >> np.uint32(16)).astype(np.uint16)


def of_picture(pixels: Sixteen, *, threads: int) -> Sixteen:
    """Return the luma of (height, width, 3)."""
    height, width = pixels.shape[:2]
    luma = np.empty((height, width), dtype=np.uint16)

    def fill(rows: slice) -> None:
        luma[rows] = of_channels(*planes.parts(pixels[rows]))

    strips.each(fill, strips.strips(height, width=width), threads=threads)
    return luma
