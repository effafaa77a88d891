"""Planes that follow the edges of another: the guided filter (K. He, J. Sun, X. Tang, ECCV 2010).

In every window the target is taken for a line over the guide, slope * guide + offset; where the guide varies
little against `epsilon` the slope is 0 and the target is averaged, at strong edges it is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from darkroomd.imaging import planes, strips

Exact = NDArray[np.float64]
Single = NDArray[np.float32]
Sixteen = NDArray[np.uint16]
Whole = NDArray[np.uint16] | NDArray[np.int32]

_FULL: Final = 65_535
_SLOPE_STEPS: Final = 65_536
_OFFSET_STEPS: Final = 256
"""Per unit; powers of two, so that no step is lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What counts as a neighbourhood.

    Attributes:
        radius: of a square, in pixels.
        epsilon: the standard deviation, 0-1, above which something in it is an edge.
    """

    radius: int
    epsilon: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How a number is kept in 16 bits: low + kept * step."""

    low: float
    step: float

    def kept(self, values: Exact) -> Sixteen:
        """Return values as they are kept; what lies beyond is held at the ends."""
        return np.clip(np.rint((values - self.low) / self.step), 0, _FULL).astype(np.uint16)

    def values(self, kept: Sixteen) -> Single:
        """Return what is kept."""
        values = kept.astype(np.float32)
        values *= np.float32(self.step)
        values += np.float32(self.low)
        return values


@dataclass(frozen=True, slots=True, kw_only=True)
class Scales:
    """Of the slopes and the offsets of lines; the narrower, the finer they are kept."""

    slope: Scale
    offset: Scale


OF_ITSELF: Final = Scales(slope=Scale(low=0.0, step=2.0**-16), offset=Scale(low=0.0, step=1.0))
"""Where the target is the guide."""

OF_ANOTHER: Final = Scales(slope=Scale(low=-4.0, step=2.0**-13), offset=Scale(low=-327_680.0, step=10.0))
"""Where the target is something else, of -65535 to 65535; 0 is kept exactly."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fit:
    """Lines for every pixel of a picture, kept at a fraction of its size.

    Attributes:
        slopes, offsets: (height / factor, width / factor) uint16, as `scales` keeps them.
        factor: a power of two up to 16.
    """

    slopes: Sixteen
    offsets: Sixteen
    scales: Scales
    factor: int

    def over(self, guide: Single, rows: slice) -> Single:
        """Return the filtered rows, given the guide's values there at full size."""
        width = guide.shape[1]
        slopes = planes.grown(self.slopes, factor=self.factor, rows=rows, width=width)
        offsets = planes.grown(self.offsets, factor=self.factor, rows=rows, width=width)
        filtered = self.scales.slope.values(slopes)
        filtered *= guide
        filtered += self.scales.offset.values(offsets)
        return filtered


def fitted(
    guide: Sixteen, target: Whole, *, window: Window, scales: Scales, factor: int, threads: int
) -> Fit:
    """Return the lines of a target over a guide, both (height, width) and reduced by `factor` already.

    The target is of whole numbers, -65535 to 65535.
    """
    slopes, offsets = np.empty_like(guide), np.empty_like(guide)
    height, width = guide.shape
    margin = 2 * window.radius

    def fill(rows: slice) -> None:
        top = max(0, rows.start - margin)
        inner = slice(rows.start - top, rows.stop - top)
        over = guide[top : rows.stop + margin].astype(np.float64)
        along = over if target is guide else target[top : rows.stop + margin].astype(np.float64)
        slope, offset = lines(over, along, window=window, scale=scales.slope)
        slopes[rows] = scales.slope.kept(slope[inner])
        offsets[rows] = scales.offset.kept(offset[inner])

    strips.each(fill, strips.strips(height, width=width), threads=threads)
    return Fit(slopes=slopes, offsets=offsets, scales=scales, factor=factor)


def lines(guide: Exact, target: Exact, *, window: Window, scale: Scale) -> tuple[Exact, Exact]:
    """Return slope and offset for every pixel; guide and target are whole numbers of -65535 to 65535.

    The slopes lie within `scale`.
    """
    radius = window.radius
    guide_mean = planes.window_means(guide, radius=radius)
    spread = planes.window_means(guide * guide, radius=radius)
    spread -= guide_mean * guide_mean
    np.maximum(spread, 0.0, out=spread)
    if target is guide:
        target_mean, slope = guide_mean, spread.copy()
    else:
        target_mean = planes.window_means(target, radius=radius)
        slope = planes.window_means(guide * target, radius=radius)
        slope -= guide_mean * target_mean
    spread += max((window.epsilon * _FULL) ** 2, 1.0)
    slope /= spread
    np.clip(slope, scale.low, scale.low + scale.step * _FULL, out=slope)
    offset = np.subtract(target_mean, slope * guide_mean)
    return _averaged(slope, radius, steps=_SLOPE_STEPS), _averaged(offset, radius, steps=_OFFSET_STEPS)


def _averaged(values: Exact, radius: int, *, steps: int) -> Exact:
    """Return the means of rounded values: of whole numbers only, sums do not depend on the order."""
    values *= steps
    np.rint(values, out=values)
    means = planes.window_means(values, radius=radius)
    means *= 1 / steps
    return means
