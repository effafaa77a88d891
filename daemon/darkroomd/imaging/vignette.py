"""Vignette: darker or brighter corners of the picture as it is cropped."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from darkroomd.core.adjustments import Effects
from darkroomd.imaging import strips

Sixteen = NDArray[np.uint16]

_HUNDRED: Final = 100.0
_FULL: Final = 65_535
_STEPS: Final = 32_768
"""Of the distance from the centre: whole numbers, since powers differ in their last bits."""

_DARKEST: Final = 0.85
_BRIGHTEST: Final = 0.6
"""Of the way to black and to white, where the amount is at its end."""

_NEAREST_EDGE: Final = 0.25
_LEAST_FEATHER: Final = 0.005
_SQUAREST: Final = 6.0
"""Added to the exponent of an ellipse, it is nearly a rectangle."""


def darken_corners(pixels: Sixteen, effects: Effects, *, threads: int) -> None:
    """Apply a vignette in place: (height, width, 3) uint16, display values.

    The share of the amount that a pixel gets rises smoothly from 0 inside of an edge to 1 outside of it.
    `midpoint` moves the edge from a quarter of the way to the corners (0) to the corners (100), `feather`
    widens it, `roundness` goes from nearly the frame's own shape (-100) by an ellipse (0) to a circle (100).
    A negative amount scales values down, a positive one moves them towards white.
    """
    height, width = pixels.shape[:2]
    exponent = 2.0 + _SQUAREST * max(0.0, -effects.vignette_roundness / _HUNDRED)
    circle = max(0.0, effects.vignette_roundness / _HUNDRED)
    half = max(height, width) / 2
    across = _distances(width, half_axis=width / 2 + (half - width / 2) * circle, exponent=exponent)
    down = _distances(height, half_axis=height / 2 + (half - height / 2) * circle, exponent=exponent)
    shares = _shares(effects, farthest=int(across[0]) + int(down[0]), exponent=exponent)
    amount = effects.vignette_amount / _HUNDRED
    strength, towards = (amount * _BRIGHTEST, _FULL) if amount > 0 else (-amount * _DARKEST, 0)

    def fill(rows: slice) -> None:
        share = np.take(shares, down[rows, np.newaxis] + across[np.newaxis])
        share *= np.float32(strength)
        for channel in range(pixels.shape[2]):
            values = pixels[rows, :, channel].astype(np.float32)
            values += (np.float32(towards) - values) * share
            pixels[rows, :, channel] = np.rint(values)

    strips.each(fill, strips.strips(height, width=width), threads=threads)


def _distances(length: int, *, half_axis: float, exponent: float) -> NDArray[np.int64]:
    """Return the distances from the middle over the half axis, to the power, of every pixel of a line."""
    places = np.abs(np.arange(length) - (length - 1) / 2) / half_axis
    powers: NDArray[np.float64] = np.power(places, exponent)
    return np.rint(powers * _STEPS).astype(np.int64)


def _shares(effects: Effects, *, farthest: int, exponent: float) -> NDArray[np.float32]:
    """Return the share of the amount at every sum of distances to the power; the corners are at 1."""
    distances = (np.arange(farthest + 1) / max(1, farthest)) ** (1 / exponent)
    edge = _NEAREST_EDGE + (1 - _NEAREST_EDGE) * effects.vignette_midpoint / _HUNDRED
    feather = max(_LEAST_FEATHER, effects.vignette_feather / _HUNDRED / 2)
    rise = np.clip((distances - edge + feather) / (2 * feather), 0.0, 1.0)
    smooth = rise * rise * (3 - 2 * rise)
    return (np.rint(smooth * _FULL) / _FULL).astype(np.float32)
