"""From adjustments to the numbers that a development applies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from darkroomd.core.adjustments import Adjustments, Curves, Effects, Geometry, Local, Tone
from darkroomd.imaging.look import curves, tone

ENTRIES: Final = 65536
"""Of a table: one for each linear value of 16 bits."""


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


def compile_look(adjustments: Adjustments) -> Look:
    """Return the numbers of a look; equal adjustments give equal numbers."""
    return Look(
        gains=np.ones(3),
        mix=np.eye(3),
        tables=_tables(adjustments.tone, adjustments.curves),
        local=adjustments.local,
        geometry=adjustments.geometry,
        effects=adjustments.effects,
    )


def _tables(wanted: Tone, drawn: Curves) -> NDArray[np.uint16]:
    linear = np.arange(ENTRIES, dtype=np.float64) / (ENTRIES - 1)
    shown = curves.follow(drawn.luma, tone.display(linear, wanted))
    channels = [curves.follow(curve, shown) for curve in (drawn.red, drawn.green, drawn.blue)]
    return np.rint(np.clip(np.stack(channels), 0.0, 1.0) * (ENTRIES - 1)).astype(np.uint16)
