"""Film grain: noise that one photo always gets alike, on every machine and however it is cut into strips."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from darkroomd.core.adjustments import Effects
from darkroomd.imaging import luma, planes, strips

Single = NDArray[np.float32]
Sixteen = NDArray[np.uint16]

_HUNDRED: Final = 100.0
_FULL: Final = 65_535
_KEY_BYTES: Final = 16

_STRONGEST: Final = 0.08
"""The deviation, 0-1, that the middle tones get at full amount."""

_FINEST: Final = 0.4
_COARSEST: Final = 2.0
"""Pixels: the Gaussians that make grains of size 0 and 100."""

_CLUMP: Final = 2.5
"""Times as large as the grains are the clumps that roughness adds."""

_MIDDLE: Final = 32_768
_DEVIATION: Final = 8000
"""Of the noise before it is blurred: four of them fit into 16 bits on either side."""

_NUMBERS_PER_WORD: Final = 4
_WORDS_PER_COUNT: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """White noise over an endless plane of one width: each row is a stretch of Philox's numbers.

    Philox (J. Salmon and others, SC 2011) counts: any stretch can be had without what comes before it.
    """

    key: int
    width: int

    def rows(self, top: int, bottom: int) -> Sixteen:
        """Return normally distributed numbers about 32768 for rows from `top`, 0 or more, up to `bottom`."""
        per_count = _NUMBERS_PER_WORD * _WORDS_PER_COUNT
        counts = -(-self.width // per_count)
        philox = np.random.Philox(key=self.key, counter=top * counts)
        words = philox.random_raw((bottom - top) * counts * _WORDS_PER_COUNT)
        # The order of bytes in memory must not matter.
        uniform = words.astype("<u8", copy=False).view("<u2")
        return np.take(_normal(), uniform).reshape(bottom - top, counts * per_count)[:, : self.width]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grains:
    """Blurred noise, of mean 0 and deviation 1."""

    noise: Noise
    sigma: float

    def rows(self, rows: slice) -> Single:
        """Return grains for some rows."""
        margin = planes.reach(self.sigma)
        # Shifted by the margin: no row of noise is before the first.
        block = np.ascontiguousarray(self.noise.rows(rows.start, rows.stop + 2 * margin))
        blurry = planes.blurred(block, sigma=self.sigma)[margin : margin + rows.stop - rows.start]
        grains = blurry.astype(np.float32)
        grains -= np.float32(_MIDDLE)
        grains *= np.float32(1 / (_DEVIATION * _left(self.sigma)))
        return grains


def add_grain(pixels: Sixteen, effects: Effects, *, seed: bytes, threads: int) -> None:
    """Add grain in place: (height, width, 3) uint16, display values.

    The grain is the same in all channels, strongest in middle tones, and none in black and white. `seed` is
    at least 16 bytes that belong to the photo.
    """
    height, width = pixels.shape[:2]
    key = int.from_bytes(seed[:_KEY_BYTES], "little")
    sigma = _FINEST + (_COARSEST - _FINEST) * effects.grain_size / _HUNDRED
    fine = Grains(noise=Noise(key=key, width=width), sigma=sigma)
    clumps = Grains(noise=Noise(key=key ^ 1, width=width), sigma=sigma * _CLUMP)
    roughness = effects.grain_roughness / _HUNDRED
    # Both parts' squares add up to that of the whole, whatever the roughness is.
    strength = effects.grain_amount / _HUNDRED * _STRONGEST * _FULL / (1 + roughness * roughness) ** 0.5

    def fill(rows: slice) -> None:
        grain = fine.rows(rows)
        if roughness:
            coarse = clumps.rows(rows)
            coarse *= np.float32(roughness)
            grain += coarse
        grain *= np.float32(strength)
        channels = planes.parts(pixels[rows])
        grain *= _visibility(luma.of_channels(*channels))
        red, green, blue = (_with_grain(channel, grain) for channel in channels)
        planes.merge_into(pixels[rows], (red, green, blue))

    with planes.memory_told():
        strips.each(fill, strips.strips(height, width=width), threads=threads)


def _with_grain(channel: Sixteen, grain: Single) -> Sixteen:
    values = channel + grain
    np.rint(values, out=values)
    np.clip(values, np.float32(0), np.float32(_FULL), out=values)
    return values.astype(np.uint16)


def _visibility(plane: Sixteen) -> Single:
    """Return 1 for middle tones, falling to 0 at black and white: 4 * luma * (1 - luma)."""
    share = plane.astype(np.float32)
    share *= np.float32(1 / _FULL)
    share *= np.float32(4) * (np.float32(1) - share)
    return share


@cache
def _normal() -> Sixteen:
    """Return the normal distribution's 65536 quantiles, about the middle of 16 bits."""
    law = NormalDist(mu=_MIDDLE, sigma=_DEVIATION)
    values = [law.inv_cdf((number + 0.5) / 65_536) for number in range(65_536)]
    return np.clip(np.rint(values), 0, _FULL).astype(np.uint16)


def _left(sigma: float) -> float:
    """Return the share of white noise's deviation that a Gaussian leaves."""
    places = np.arange(-planes.reach(sigma), planes.reach(sigma) + 1)
    weights = np.exp(-(places**2) / (2 * sigma * sigma))
    weights /= weights.sum()
    return round(float((weights**2).sum()), 6)
