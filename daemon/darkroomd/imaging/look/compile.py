"""From adjustments to the numbers that a development applies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from darkroomd.core.adjustments import Adjustments, Curves, Effects, Geometry, Local, Tone
from darkroomd.core.cube_file import Cube
from darkroomd.imaging.look import colour as colours
from darkroomd.imaging.look import curves, white_balance
from darkroomd.imaging.look.cube import compile_cube
from darkroomd.imaging.look.tone import display
from darkroomd.imaging.look.white_balance import CameraColour, Triple

ENTRIES: Final = 65536
"""Of a table: one for each linear value of 16 bits."""


# Matrices and gains stop here, above the last bits in which machines differ.
_DECIMALS: Final = 7
_SAME_WHITE: Final = 1e-6
_LEAST_WHITE: Final = 0.05

# Photo after photo has the same preset, and most differ in nothing else.
_KEPT: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Look:
    """What a development applies, in this order.

    Attributes:
        gains: (3,) float64, factors on linear camera-balanced R, G, B, clipped at 1 before, not after.
        mix: (3, 3) float64, linear sRGB to linear sRGB, after the camera's matrix; clipped to 0-1 after.
        tables: (3, 65536) uint16, by channel: linear value (index / 65535) to display value, 0-65535.
        cube: (n, n, n, 3) float32, display to display, each 0-1, indexed [red, green, blue]; None: nothing
            mixes channels after the tables.
        local, geometry, effects: what is not a matter of single pixels; None where nothing of it is set.
    """

    gains: NDArray[np.float64]
    mix: NDArray[np.float64]
    tables: NDArray[np.uint16]
    cube: NDArray[np.float32] | None = None
    local: Local | None = None
    geometry: Geometry | None = None
    effects: Effects | None = None


def compile_look(
    adjustments: Adjustments, *, camera: CameraColour | None = None, lut: Cube | None = None
) -> Look:
    """Return the numbers of a look; equal arguments give equal numbers.

    `camera` is needed for an absolute white balance, `lut` is the content of the .cube file that is named.
    """
    tone, colour = adjustments.tone, adjustments.colour
    balance = white_balance.gains(adjustments.balance, camera)
    exposure = 2.0**tone.exposure
    mix = _rounded(colours.mix(colour, tone.mapper))
    intensity = 0.0 if adjustments.lut is None else adjustments.lut.intensity / 100.0
    return Look(
        gains=_rounded([[factor * exposure for factor in balance]])[0],
        mix=mix,
        tables=_tables(tone, adjustments.curves, _white(balance, mix, exposure=exposure)),
        cube=compile_cube(colour, lut if intensity else None, intensity=intensity),
        local=adjustments.local,
        geometry=adjustments.geometry,
        effects=adjustments.effects,
    )


def _rounded(rows: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    return np.array([[round(value, _DECIMALS) for value in row] for row in rows], dtype=np.float64)


def _white(balance: Triple, mix: NDArray[np.float64], *, exposure: float) -> Triple:
    """Return what becomes of a clipped white, linear, by channel, before the tables."""
    red, green, blue = balance
    seen = mix[:, 0] * red + mix[:, 1] * green + mix[:, 2] * blue
    of_red, of_green, of_blue = (np.clip(seen, _LEAST_WHITE, None) * exposure).tolist()
    return of_red, of_green, of_blue


@lru_cache(maxsize=_KEPT)
def _tables(tone: Tone, drawn: Curves, white: Triple) -> NDArray[np.uint16]:
    linear = np.arange(ENTRIES, dtype=np.float64) / (ENTRIES - 1)
    brightest = min(max(white), 1.0)
    channels = list[NDArray[np.float64]]()
    for curve, own in zip((drawn.red, drawn.green, drawn.blue), white, strict=True):
        light = _whitened(linear, own=own, brightest=brightest)
        channels.append(curves.follow(curve, curves.follow(drawn.luma, display(light, tone))))
    tables = np.rint(np.clip(np.stack(channels), 0.0, 1.0) * (ENTRIES - 1)).astype(np.uint16)
    tables.flags.writeable = False
    return tables


def _whitened(linear: NDArray[np.float64], *, own: float, brightest: float) -> NDArray[np.float64]:
    """Let the brightest half of a channel rise to where its white meets the other channels' white.

    What clipped in the camera has no colour: another white balance must not give it one.
    """
    if own >= brightest - _SAME_WHITE:
        return linear
    t = np.clip(linear / own * 2.0 - 1.0, 0.0, 1.0)
    return np.minimum(linear * (1.0 + (brightest / own - 1.0) * t * t * (3.0 - 2.0 * t)), 1.0)
