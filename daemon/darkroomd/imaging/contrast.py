"""Local contrast at three scales: sharpness at 1 pixel, clarity at 8, structure at 40."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from darkroomd.core.adjustments import Local
from darkroomd.imaging import guided, planes

Single = NDArray[np.float32]
Sixteen = NDArray[np.uint16]

_FULL: Final = 65_535
_HUNDRED: Final = 100.0

_DARK: Final = np.float32(0.05 * _FULL)
"""Where ratios between channels stop to be kept: below it they are noise."""

_SHARPENING: Final = 2.0
_SOFTENING: Final = 0.9
_SIGMA: Final = 1.0
_GRAINY: Final = np.float32((0.006 * _FULL) ** 2)
"""Detail of this deviation, squared, is sharpened by half: what is smaller is noise rather than detail."""

_OVERSHOOT: Final = np.float32(0.2)
"""Of the step at an edge: how far beyond its own sides sharpening may take it."""

_MARGIN: Final = 4
"""Rows around a strip that sharpening looks at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """A band of local contrast.

    Attributes:
        factor: by which a picture is reduced to see it.
        window: of the reduced picture.
        more, less: of the difference from the surroundings, what 100 adds and -100 takes away.
    """

    factor: int
    window: guided.Window
    more: float
    less: float


CLARITY: Final = Scale(factor=4, window=guided.Window(radius=2, epsilon=0.08), more=1.1, less=0.8)
STRUCTURE: Final = Scale(factor=8, window=guided.Window(radius=5, epsilon=0.12), more=0.8, less=0.6)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LocalContrast:
    """What is known of a picture's neighbourhoods, and how much of it to add.

    Attributes:
        plane: the luma, (height, width) uint16.
        bands: the surroundings at each scale, and the share of the difference from them to add.
        sharpness: -1 to 1.
    """

    plane: Sixteen
    bands: tuple[tuple[guided.Fit, float], ...]
    sharpness: float

    def apply(self, channels: tuple[Single, Single, Single], plane: Single, rows: slice) -> None:
        """Change some rows of a picture; greys stay grey, and light colours keep their ratios."""
        change = self._change(plane, rows)
        change /= plane + _DARK
        for channel in channels:
            step = channel + _DARK
            step *= change
            np.add(channel, step, out=channel)

    def _change(self, plane: Single, rows: slice) -> Single:
        total = np.zeros_like(plane)
        if self.bands:
            for surroundings, share in self.bands:
                band = plane - surroundings.over(plane, rows)
                band *= np.float32(share)
                total += band
            total *= _middle(plane)
        if self.sharpness:
            total += self._sharper(rows)
        return total

    def _sharper(self, rows: slice) -> Single:
        top = max(0, rows.start - _MARGIN)
        block = self.plane[top : rows.stop + _MARGIN]
        inner = slice(rows.start - top, rows.stop - top)
        values = block[inner].astype(np.float32)
        detail = values - planes.blurred(block, sigma=_SIGMA)[inner]
        if self.sharpness < 0:
            detail *= np.float32(self.sharpness * _SOFTENING)
            return detail
        square = detail * detail
        detail *= square
        square += _GRAINY
        detail /= square
        detail *= np.float32(self.sharpness * _SHARPENING)
        low = planes.lowest(block, radius=1)[inner].astype(np.float32)
        high = planes.highest(block, radius=1)[inner].astype(np.float32)
        beyond = (high - low) * _OVERSHOOT
        low -= beyond
        low -= values
        high += beyond
        high -= values
        np.maximum(detail, low, out=detail)
        np.minimum(detail, high, out=detail)
        return detail


def local_contrast(plane: Sixteen, local: Local, *, threads: int) -> LocalContrast:
    """Look at a luma plane for what is set of sharpness, clarity and structure."""
    set_bands = [
        (scale, amount / _HUNDRED)
        for scale, amount in ((CLARITY, local.clarity), (STRUCTURE, local.structure))
        if amount
    ]
    bands = tuple(
        (_surroundings(plane, scale, threads=threads), share * (scale.more if share > 0 else scale.less))
        for scale, share in set_bands
    )
    return LocalContrast(plane=plane, bands=bands, sharpness=local.sharpness / _HUNDRED)


def _surroundings(plane: Sixteen, scale: Scale, *, threads: int) -> guided.Fit:
    small = planes.shrunk(plane, factor=scale.factor)
    return guided.fitted(
        small, small, window=scale.window, scales=guided.OF_ITSELF, factor=scale.factor, threads=threads
    )


def _middle(plane: Single) -> Single:
    """Return 1 for middle tones, falling to 0 at black and white: 1 - (2 * luma - 1) ** 4."""
    share = plane * np.float32(2 / _FULL)
    share -= np.float32(1)
    share *= share
    share *= share
    return np.float32(1) - share
