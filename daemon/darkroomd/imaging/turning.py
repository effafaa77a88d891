"""Turn a picture upright by LibRaw's number: in squares and in two threads, as memory likes it."""

from __future__ import annotations

from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from darkroomd.imaging import strips

Sample = TypeVar("Sample", np.uint8, np.uint16, np.uint8 | np.uint16)

_COLUMNS_REVERSED, _ROWS_REVERSED, _EXCHANGED = 1, 2, 4

_SIDE: Final = 128
"""Pixels: a square of what is read and one of what is written stay in a core's cache."""


def turned(pixels: NDArray[Sample], flip: int) -> NDArray[Sample]:
    """Return the picture upright, its rows one after the other.

    Args:
        pixels: (height, width, 3), as the sensor lies, one pixel after the other.
        flip: LibRaw's number: columns are reversed by 1, rows by 2, both exchanged by 4, in this order.
    """
    if not flip & (_COLUMNS_REVERSED | _ROWS_REVERSED | _EXCHANGED):
        return pixels
    # A pixel is moved as one thing, four times as fast as its colours are.
    whole = pixels.view(np.dtype((np.void, 3 * pixels.itemsize)))[..., 0]
    seen = whole[:, ::-1] if flip & _COLUMNS_REVERSED else whole
    seen = seen[::-1] if flip & _ROWS_REVERSED else seen
    seen = seen.swapaxes(0, 1) if flip & _EXCHANGED else seen
    out = np.empty(seen.shape, seen.dtype)

    def copy_strip(top: int) -> None:
        for left in range(0, seen.shape[1], _SIDE):
            square = slice(top, top + _SIDE), slice(left, left + _SIDE)
            out[square] = seen[square]

    strips.each(copy_strip, range(0, len(seen), _SIDE), threads=strips.THREADS)
    return out.view(pixels.dtype).reshape(*seen.shape, 3)
