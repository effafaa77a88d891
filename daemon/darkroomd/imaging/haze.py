"""Dehaze: how much light the air has added, by the dark channel (K. He, J. Sun, X. Tang, CVPR 2009).

A clear view has something dark, or of one strong colour, near every place: the least value of any channel in
a neighbourhood is what haze added. A picture is then light * clear + air * (1 - light), and is solved for
what is clear. The share of light is made to follow the picture's edges.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from darkroomd.imaging import guided, luma, planes

Exact = NDArray[np.float64]
Single = NDArray[np.float32]
Sixteen = NDArray[np.uint16]

_FULL: Final = 65_535

_FACTOR: Final = 8
_DARK_RADIUS: Final = 7
_WINDOW: Final = guided.Window(radius=10, epsilon=0.06)

_REMOVED: Final = 0.85
"""Of the haze found, at most; a view without any is flat."""

_ADDED: Final = 0.5
_LEAST_LIGHT: Final = 0.25
"""Of the light that is taken to come through: what is dimmer would be noise."""

_BRIGHTEST: Final = 0.001
"""The share of the haziest places that shows the air's own light."""

_DIMMEST_AIR: Final = 0.7
"""Dimmer than this is no haze, but a dark picture."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Haze:
    """What is known of the air in a picture.

    Attributes:
        air: its red, green and blue, 0-65535.
        light: the share of light that comes through, 0-65535.
        is_added: haze is to be added rather than taken away.
    """

    air: tuple[float, float, float]
    light: guided.Fit
    is_added: bool

    def apply(self, channels: tuple[Single, Single, Single], plane: Single, rows: slice) -> None:
        """Clear some rows, or veil them; `plane` is their luma."""
        share = self.light.over(plane, rows)
        share *= np.float32(1 / _FULL)
        np.clip(share, np.float32(_LEAST_LIGHT), np.float32(1), out=share)
        if not self.is_added:
            np.divide(np.float32(1), share, out=share)
        for channel, air in zip(channels, self.air, strict=True):
            np.subtract(channel, np.float32(air), out=channel)
            np.multiply(channel, share, out=channel)
            np.add(channel, np.float32(air), out=channel)


def haze(pixels: Sixteen, *, amount: float, threads: int) -> Haze:
    """Look for haze in (height, width, 3) uint16 display values; `amount` is -1 to 1, and not 0."""
    small = planes.shrunk(pixels, factor=_FACTOR)
    air = _air(small)
    dark = _dark(small, air)
    share = 1.0 - _REMOVED * amount * dark if amount > 0 else 1.0 + _ADDED * amount * (0.4 + 0.6 * dark)
    light = guided.fitted(
        luma.of_channels(*planes.parts(small)),
        np.rint(share * _FULL).astype(np.int32),
        window=_WINDOW,
        scales=guided.OF_ANOTHER,
        factor=_FACTOR,
        threads=threads,
    )
    return Haze(air=air, light=light, is_added=amount < 0)


def _air(small: Sixteen) -> tuple[float, float, float]:
    """Return the colour of the air: half-way from the haziest places' own to a grey of its brightness."""
    dark = planes.lowest(np.min(small, axis=2), radius=_DARK_RADIUS)
    values = np.sort(dark, axis=None)
    least = values[int((values.size - 1) * (1 - _BRIGHTEST))]
    places = small[dark >= least]
    sums = places.sum(axis=0, dtype=np.uint64)
    means = [max(int(total) / len(places), _DIMMEST_AIR * _FULL) for total in sums]
    red, green, blue = ((mean + max(means)) / 2 for mean in means)
    return red, green, blue


def _dark(small: Sixteen, air: tuple[float, float, float]) -> Exact:
    """Return the least value of any channel nearby, as a share, 0-1, of the air's."""
    shares = small / np.array(air, dtype=np.float64)
    least = np.rint(np.clip(np.min(shares, axis=2), 0.0, 1.0) * _FULL).astype(np.uint16)
    return planes.lowest(least, radius=_DARK_RADIUS) / float(_FULL)
