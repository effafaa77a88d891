"""Smooth curves through a few points that never overshoot them.

Monotone piecewise cubic interpolation: F. N. Fritsch and R. E. Carlson, SIAM Journal on Numerical Analysis 17
(1980), 238-246, with the circle of radius 3 as the region of monotone slopes.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from darkroomd.core.adjustments import Curve

FULL: float = 255.0
"""What 1 is in the coordinates of a curve's points."""

_RADIUS = 3.0


def follow(curve: Curve, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return display values, 0 to 1, as the curve has them; flat before its first point and after its last.

    A curve without points changes nothing. Where the points rise, the result rises.
    """
    if not curve:
        return values
    xs = np.array([x / FULL for x, _ in curve])
    ys = np.array([y / FULL for _, y in curve])
    slopes = np.array(_slopes(xs.tolist(), ys.tolist()))
    within = np.clip(values, xs[0], xs[-1])
    piece = np.clip(np.searchsorted(xs, within, side="right") - 1, 0, len(xs) - 2)
    width = xs[piece + 1] - xs[piece]
    t = (within - xs[piece]) / width
    # Hermite's cubic, grouped so that it is exact at both of its ends.
    rise = ys[piece + 1] - ys[piece]
    bend = t * (1.0 - t) * width * (slopes[piece] * (1.0 - t) - slopes[piece + 1] * t)
    followed: NDArray[np.float64] = ys[piece] + rise * t * t * (3.0 - 2.0 * t) + bend
    return followed


def _slopes(xs: Sequence[float], ys: Sequence[float]) -> list[float]:
    """Return the slope at each point: three-point means, then drawn into the region of monotone slopes."""
    secants = [(ys[i + 1] - ys[i]) / (xs[i + 1] - xs[i]) for i in range(len(xs) - 1)]
    inner = [
        0.0 if before * after <= 0.0 else (before + after) / 2.0
        for before, after in itertools.pairwise(secants)
    ]
    slopes = [secants[0], *inner, secants[-1]]
    for i, secant in enumerate(secants):
        if secant == 0.0:
            slopes[i] = slopes[i + 1] = 0.0
            continue
        reach = math.hypot(slopes[i] / secant, slopes[i + 1] / secant)
        if reach > _RADIUS:
            slopes[i] *= _RADIUS / reach
            slopes[i + 1] *= _RADIUS / reach
    return slopes
