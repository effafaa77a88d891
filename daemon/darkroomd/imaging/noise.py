"""Noise reduction: luma by what its near neighbourhood says, colour by a wider one that luma guides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from darkroomd.imaging import guided, luma, planes, strips

Single = NDArray[np.float32]
Sixteen = NDArray[np.uint16]

_FULL: Final = 65_535

_LUMA_RADIUS: Final = 3
_LUMA_EPSILON: Final = 0.06
"""At full strength: the deviation, 0-1, that is taken for noise; a fast lens at ISO 6400 shows as much."""

_COLOUR_FACTOR: Final = 4
_COLOUR_WINDOW: Final = guided.Window(radius=3, epsilon=0.01)
_COLOUR_KEPT: Final = (0.01, 0.09)
"""Deviations from the neighbourhood that count as colours of their own: for no strength, added for full."""


def calmed(plane: Sixteen, *, strength: float, threads: int) -> Sixteen:
    """Return a luma plane with less noise; `strength` is above 0, up to 1."""
    height, width = plane.shape
    calm = np.empty_like(plane)
    window = guided.Window(radius=_LUMA_RADIUS, epsilon=_LUMA_EPSILON * strength)
    margin = 2 * window.radius

    def fill(rows: slice) -> None:
        top = max(0, rows.start - margin)
        block = plane[top : rows.stop + margin].astype(np.float64)
        smooth, offset = guided.lines(block, block, window=window, scale=guided.OF_ITSELF.slope)
        smooth *= block
        smooth += offset
        np.rint(smooth, out=smooth)
        np.clip(smooth, 0, _FULL, out=smooth)
        calm[rows] = smooth[rows.start - top : rows.stop - top]

    strips.each(fill, strips.strips(height, width=width), threads=threads)
    return calm


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ColourNoise:
    """What is known of a picture's colours at large.

    Attributes:
        red, blue: their differences from luma, as they follow it.
        strength: above 0, up to 1.
    """

    red: guided.Fit
    blue: guided.Fit
    strength: float

    def apply(self, channels: tuple[Single, Single, Single], plane: Single, rows: slice) -> None:
        """Bring the colours of some rows nearer to those around; their luma, `plane`, stays."""
        red, green, blue = channels
        change_red = self._change(red - plane, self.red.over(plane, rows))
        change_blue = self._change(blue - plane, self.blue.over(plane, rows))
        red += change_red
        blue += change_blue
        change_red *= np.float32(luma.WEIGHTS[0] / luma.WEIGHTS[1])
        change_blue *= np.float32(luma.WEIGHTS[2] / luma.WEIGHTS[1])
        green -= change_red
        green -= change_blue

    def _change(self, difference: Single, expected: Single) -> Single:
        # Of a deviation 1 / (1 + (deviation / limit) ** 4) goes: small ones are noise, one far beyond the
        # limit is an edge between colours and stays.
        least, more = _COLOUR_KEPT
        limit = np.float32((least + more * self.strength) * _FULL)
        deviation = expected
        deviation -= difference
        share = deviation / limit
        share *= share
        share *= share
        share += np.float32(1)
        deviation /= share
        deviation *= np.float32(self.strength)
        return deviation


def colour_noise(pixels: Sixteen, *, strength: float, threads: int) -> ColourNoise:
    """Look at a picture's colours: (height, width, 3) uint16, display values."""
    red, green, blue = planes.parts(planes.shrunk(pixels, factor=_COLOUR_FACTOR))
    plane = luma.of_channels(red, green, blue)
    reds, blues = (
        guided.fitted(
            plane,
            np.subtract(channel, plane, dtype=np.int32),
            window=_COLOUR_WINDOW,
            scales=guided.OF_ANOTHER,
            factor=_COLOUR_FACTOR,
            threads=threads,
        )
        for channel in (red, blue)
    )
    return ColourNoise(red=reds, blue=blues, strength=strength)
