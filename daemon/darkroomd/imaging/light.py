"""Between encoded values and linear light, in whole numbers, which are the same on every machine."""

from __future__ import annotations

from functools import cache
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from darkroomd.imaging import srgb, strips

Picture: TypeAlias = NDArray[np.uint8 | np.uint16]
"""(height, width, 3) display-referred RGB over the whole range of its type."""

FULL: Final = (1 << 22) - 1
"""Linear light of white. Fine enough that every one of 65 536 encoded values comes back from there."""

DEEP_WHITE: Final = 65_535


def linear(values: Picture) -> NDArray[np.int32]:
    """Return the linear light, 0 to `FULL`, of sRGB-encoded values of any shape."""
    table = _decoding() if values.dtype == np.uint16 else _decoding()[::257]
    light: NDArray[np.int32] = np.take(table, values)
    return light


def encoded(light: NDArray[np.integer]) -> NDArray[np.uint16]:
    """Return the sRGB-encoded values, 0 to 65535, of linear light; what is beyond 0 to `FULL` is clipped."""
    values: NDArray[np.uint16] = np.take(_encoding(), np.clip(light, 0, FULL))
    return values


def shallow(pixels: Picture) -> NDArray[np.uint8]:
    """Return values in 8 bits, rounded to the nearest."""
    if pixels.dtype == np.uint8:
        return pixels.view(np.uint8)
    values = np.empty(pixels.shape, dtype=np.uint8)

    def fill(rows: slice) -> None:
        np.take(_eight_bits(), pixels[rows], out=values[rows], mode="clip")

    rows_of_all = strips.strips(len(pixels), width=pixels.size // max(1, len(pixels)))
    strips.each(fill, rows_of_all, threads=strips.THREADS)
    return values


def deep(pixels: Picture) -> NDArray[np.uint16]:
    """Return values in 16 bits."""
    return pixels.view(np.uint16) if pixels.dtype == np.uint16 else pixels.astype(np.uint16) * 257


@cache
def _eight_bits() -> NDArray[np.uint8]:
    return ((np.arange(DEEP_WHITE + 1) + 128) // 257).astype(np.uint8)


@cache
def _decoding() -> NDArray[np.int32]:
    values = srgb.to_linear(np.arange(DEEP_WHITE + 1) / DEEP_WHITE)
    return np.rint(values * FULL).astype(np.int32)


@cache
def _encoding() -> NDArray[np.uint16]:
    values = srgb.to_encoded(np.arange(FULL + 1) / FULL)
    return np.rint(values * DEEP_WHITE).astype(np.uint16)
