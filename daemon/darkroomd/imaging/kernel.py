"""From sensor values to display values, in two threads; the arithmetic is in `kernel.c`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from itertools import pairwise
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from darkroomd.imaging import strips
from darkroomd.imaging.version import KERNEL_MODULE, kernel_is_built

BUILT: Final = kernel_is_built()
"""Whether the compiled part is there. Without it `develop` must not be called; `tint` is slower."""

_native: Any = import_module(KERNEL_MODULE) if BUILT else None

Bits: TypeAlias = Literal[8, 16]
Shown: TypeAlias = NDArray[np.uint8 | np.uint16]
"""(height, width, 3), display values, from 0 to the type's highest."""

PARTS: Final = strips.THREADS
"""Threads, each with its part of the rows. The bytes do not depend on it."""

RED: Final = 0
_LIGHTEST: Final = 65535
_STRIP_ROWS: Final = 128


def develop(
    mosaic: NDArray[np.uint16],
    *,
    pattern: NDArray[np.integer],
    black: NDArray[np.floating],
    scale: NDArray[np.floating],
    matrix: NDArray[np.floating],
    tables: NDArray[np.uint16],
    bits: Bits,
    parts: int = PARTS,
) -> Shown:
    """Return the picture that a Bayer mosaic makes, as the sensor lies.

    Args:
        mosaic: (height, width) uint16, two by two at least; rows may lie apart.
        pattern: (2, 2), the colours of the cell at the top left corner: 0 red, 1 or 3 green, 2 blue.
        black: (2, 2), value of no light, by cell.
        scale: (2, 2), by cell: what makes 1 of saturation and grey of grey.
        matrix: (3, 3), balanced camera RGB to linear sRGB. What it makes is clipped to 0 to 1.
        tables: (3, 65536) uint16, for red, green and blue: linear value (index / 65535) to display value.
        bits: of a value in the result.
        parts: to be worked on at once.

    Raises:
        ValueError: an array has another shape or type.
    """
    red_row, red_column = (int(at[0]) for at in np.nonzero(pattern == RED))
    shown = _narrowed(tables, bits)
    out: Shown = np.empty((*mosaic.shape, 3), shown.dtype)
    numbers = [np.ascontiguousarray(values, dtype=np.float32) for values in (matrix, black, scale)]

    def rows(top: int, bottom: int) -> None:
        _native.develop(mosaic, out, shown, *numbers, red_row, red_column, top, bottom)

    _in_parts(rows, height=len(mosaic), parts=parts)
    return out


def tint(
    picture: NDArray[np.uint16],
    *,
    matrix: NDArray[np.floating],
    tables: NDArray[np.uint16],
    bits: Bits,
    parts: int = PARTS,
) -> Shown:
    """Return a linear picture, (height, width, 3) uint16, through matrix and tables, as `develop` does.

    The bytes are the same where the kernel is not built.

    Raises:
        ValueError: an array has another shape or type.
    """
    shown = _narrowed(tables, bits)
    out: Shown = np.empty(picture.shape, shown.dtype)
    factors = np.ascontiguousarray(matrix, dtype=np.float32)

    def rows(top: int, bottom: int) -> None:
        if BUILT:
            _native.tint(picture, out, shown, factors, top, bottom)
        else:
            _tint_in_strips(picture[top:bottom], out[top:bottom], shown, factors)

    _in_parts(rows, height=len(picture), parts=parts)
    return out


def _in_parts(rows: Callable[[int, int], None], *, height: int, parts: int) -> None:
    edges = [height * number // parts for number in range(parts + 1)]
    strips.each(lambda part: rows(*part), list(pairwise(edges)), threads=parts)


def _narrowed(tables: NDArray[np.uint16], bits: Bits) -> Shown:
    """Return the tables for this many bits, rounded to the nearest."""
    if bits == 16:  # noqa: PLR2004 - the type's own number
        return np.ascontiguousarray(tables)
    return ((tables.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _tint_in_strips(
    picture: NDArray[np.uint16], out: Shown, tables: Shown, matrix: NDArray[np.float32]
) -> None:
    lightest, half = np.float32(_LIGHTEST), np.float32(0.5)
    for top in range(0, len(picture), _STRIP_ROWS):
        strip = picture[top : top + _STRIP_ROWS].astype(np.float32)
        red, green, blue = (strip[..., colour] for colour in range(3))
        for colour, (a, b, c) in enumerate(matrix):
            light = ((a * red + b * green) + c * blue) / lightest
            # What is no number becomes 1, as in the compiled kernel.
            clipped = np.maximum(np.where(light < 1, light, np.float32(1)), np.float32(0))
            index = (clipped * lightest + half).astype(np.uint16)
            out[top : top + _STRIP_ROWS, :, colour] = tables[colour][index]
