"""Tables from colour to colour: how they are made, joined and applied.

They are applied in whole numbers, so that the bytes are the same everywhere, and between nodes by tetrahedra
(J. M. Kasson and others, Journal of Electronic Imaging 4 (1995), 226-250): what is grey at the nodes is grey
between them.
"""

from __future__ import annotations

from functools import lru_cache, partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from darkroomd.core.adjustments import Colour
from darkroomd.core.cube_file import Cube
from darkroomd.imaging import strips
from darkroomd.imaging.look import colour as colours

SIZE: Final = 33
"""Nodes along a side of a table of our own."""

_MODULE: Final = "darkroomd.imaging.look._cube"

BUILT: Final = find_spec(_MODULE) is not None
"""Whether the compiled part is there. Without it `apply` is thirty times slower."""

_native: Any = import_module(_MODULE) if BUILT else None

Values = NDArray[np.float64]
Nodes = NDArray[np.float32]

_FULL: Final = 65535
_EIGHT_TO_SIXTEEN: Final = 257
_STRIP_PIXELS: Final = 1 << 18


def compile_cube(colour: Colour, lut: Cube | None, *, intensity: float) -> Nodes | None:
    """Return (n, n, n, 3) float32, display to display, indexed [red, green, blue]; None: nothing changes.

    `intensity`, 0 to 1, is the share of `lut`, which comes after `colour`.
    """
    changes = colours.changes_hues(colour)
    if lut is None and not changes:
        return None
    size = max(SIZE if changes else 0, 0 if lut is None else lut.size)
    nodes = _coloured(colour, size)
    if lut is not None:
        nodes = nodes + (_looked_up(nodes, lut) - nodes) * intensity
    # To what the application knows, so that a last bit of a machine's cosine changes nothing.
    return (np.rint(np.clip(nodes, 0.0, 1.0) * _FULL) / _FULL).astype(np.float32)


@lru_cache(maxsize=2)
def _coloured(colour: Colour, size: int) -> Values:
    steps = np.arange(size, dtype=np.float64) / (size - 1)
    nodes = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1)
    coloured = colours.recoloured(nodes, colour) if colours.changes_hues(colour) else nodes
    coloured.flags.writeable = False
    return coloured


def apply(pixels: NDArray[np.uint8 | np.uint16], cube: Nodes, *, native: bool = BUILT) -> None:
    """Put display values, (height, width, 3) uint8 or uint16, through a table, in place.

    The bytes are the same without the compiled part, which is not asked where `native` is False.
    """
    nodes = np.rint(cube.astype(np.float64) * _FULL).astype(np.uint16)
    rows = max(1, _STRIP_PIXELS // max(1, pixels.shape[1]))
    pieces = [pixels[top : top + rows] for top in range(0, pixels.shape[0], rows)]
    put = _put_natively if native else _put_by_numpy
    strips.each(partial(put, nodes), pieces, threads=strips.THREADS)


def _put_natively(nodes: NDArray[np.uint16], strip: NDArray[np.uint8 | np.uint16]) -> None:
    lying = np.ascontiguousarray(strip)
    _native.apply(lying, nodes)
    if lying is not strip:
        strip[:] = lying


def _put_by_numpy(table: NDArray[np.uint16], strip: NDArray[np.uint8 | np.uint16]) -> None:
    size, nodes = len(table), table.astype(np.int64).reshape(-1, 3)
    values = strip.astype(np.int64)
    if strip.dtype == np.uint16:
        strip[:] = _between(values, nodes, size=size)
    else:
        wide = _between(values * _EIGHT_TO_SIXTEEN, nodes, size=size)
        strip[:] = (wide + _EIGHT_TO_SIXTEEN // 2) // _EIGHT_TO_SIXTEEN


def _between(values: NDArray[np.int64], nodes: NDArray[np.int64], *, size: int) -> NDArray[np.int64]:
    """Return what the table has for 16-bit values (…, 3): from the cell's dark corner to its bright one.

    The way goes along the axis of the largest fraction first; at each turn stands a node.
    """
    place = values * (size - 1)
    cell = np.minimum(place // _FULL, size - 2)
    fraction = place - cell * _FULL
    stride = np.array((size * size, size, 1), dtype=np.int64)
    order = np.argsort(-fraction, axis=-1, kind="stable")
    large, middle, small = np.moveaxis(np.take_along_axis(fraction, order, axis=-1), -1, 0)
    turn = stride[order]
    at = (cell * stride).sum(axis=-1)
    total = nodes[at] * (_FULL - large)[..., np.newaxis]
    for axis, weight in enumerate((large - middle, middle - small, small)):
        at = at + turn[..., axis]
        total += nodes[at] * weight[..., np.newaxis]
    found: NDArray[np.int64] = (total + _FULL // 2) // _FULL
    return found


def _looked_up(shown: Values, lut: Cube) -> Values:
    """Return the table's colours for display values (…, 3), between its nodes in straight lines."""
    size = lut.size
    table = np.array(lut.values, dtype=np.float64).reshape(size, size, size, 3).transpose(2, 1, 0, 3)
    low, high = np.array(lut.low), np.array(lut.high)
    place = np.clip((shown - low) / (high - low), 0.0, 1.0) * (size - 1)
    cell = np.minimum(place.astype(np.int64), size - 2)
    part = place - cell
    total = np.zeros_like(shown)
    for corner in np.ndindex(2, 2, 2):
        weight = np.ones(shown.shape[:-1])
        for axis, is_far in enumerate(corner):
            weight = weight * (part[..., axis] if is_far else 1.0 - part[..., axis])
        red, green, blue = (cell[..., axis] + corner[axis] for axis in range(3))
        total += weight[..., np.newaxis] * table[red, green, blue]
    return total
