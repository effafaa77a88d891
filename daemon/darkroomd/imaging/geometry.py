"""Turns, flips, fine rotation and crop of a picture's pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from darkroomd.core.adjustments import Geometry
from darkroomd.core.framing import Affine, Framing, framed
from darkroomd.imaging import strips
from darkroomd.imaging.strips import Sample

_TILE: Final = 512
"""Pixels: what is rotated at once, so that a picture of any size can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tile:
    rows: slice
    columns: slice


def reframed(
    pixels: NDArray[Sample], geometry: Geometry, *, threads: int = strips.THREADS
) -> NDArray[Sample]:
    """Return what is kept of an upright picture: (height, width, 3) uint8 or uint16, as what comes in.

    The size is that of `framed`; the result owns its memory. What a fine rotation leaves empty is black.

    Raises:
        MemoryError: there is too little.
    """
    height, width = pixels.shape[:2]
    framing = framed(geometry, width=width, height=height)
    if geometry.rotation_degrees:
        return _rotated(pixels, framing, threads=threads)
    turned = np.rot90(pixels, k=-geometry.quarter_turns)
    if geometry.flip_horizontal:
        turned = turned[:, ::-1]
    if geometry.flip_vertical:
        turned = turned[::-1]
    rows = slice(framing.top, framing.top + framing.height)
    return turned[rows, framing.left : framing.left + framing.width].copy(order="C")


def _rotated(pixels: NDArray[Sample], framing: Framing, *, threads: int) -> NDArray[Sample]:
    # Turns and flips are in the map already: a picture is sampled once, and never copied.
    from darkroomd.imaging import planes  # noqa: PLC0415 - loads OpenCV

    rotated = np.empty((framing.height, framing.width, *pixels.shape[2:]), dtype=pixels.dtype)

    def fill(tile: _Tile) -> None:
        into = rotated[tile.rows, tile.columns]
        shift = Affine(
            xx=1.0, xy=0.0, x0=float(tile.columns.start), yx=0.0, yy=1.0, y0=float(tile.rows.start)
        )
        origin = framing.origin.after(shift)
        into[...] = planes.sampled(pixels, origin, width=into.shape[1], height=into.shape[0])

    with planes.memory_told():
        strips.each(fill, _tiles(width=framing.width, height=framing.height), threads=threads)
    return rotated


def _tiles(*, width: int, height: int) -> list[_Tile]:
    return [
        _Tile(
            rows=slice(top, min(height, top + _TILE)),
            columns=slice(left, min(width, left + _TILE)),
        )
        for top in range(0, height, _TILE)
        for left in range(0, width, _TILE)
    ]
