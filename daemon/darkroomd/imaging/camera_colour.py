"""How a camera sees colours, for a white balance that names a light."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import rawpy
from numpy.typing import NDArray

from darkroomd.imaging import bayer, srgb
from darkroomd.imaging.look import CameraColour
from darkroomd.imaging.look.white_balance import Triple

_COLOURS = 3


def camera_colour(raw: rawpy.RawPy) -> CameraColour | None:
    """Return what the file and LibRaw know of the camera; to be asked after unpacking. None: not enough.

    Raises:
        Refusal: the file's matrix is none.
    """
    matrix = bayer.to_linear_srgb(raw)
    daylight = raw.daylight_whitebalance[:_COLOURS]
    if matrix is None or not (np.isfinite(daylight).all() and min(daylight) > 0.0):
        return None
    shot = bayer.balance(camera=raw.camera_whitebalance, daylight=raw.daylight_whitebalance)
    return measured(matrix, daylight=daylight, shot=shot[:_COLOURS].tolist())


def measured(
    matrix: NDArray[np.float64], *, daylight: Sequence[float], shot: Sequence[float]
) -> CameraColour:
    """Return a camera's colours from its matrix to linear sRGB and two white balances.

    Args:
        matrix: (3, 3), camera RGB, balanced so that white is 1, 1, 1, to linear sRGB.
        daylight: multipliers of red, green and blue that balance the light of sRGB's white, above 0.
        shot: the multipliers as shot.
    """
    to_balanced = np.linalg.inv(matrix) @ np.linalg.inv(np.array(srgb.TO_XYZ))
    red, green, blue = (_triple(row / factor) for row, factor in zip(to_balanced, daylight, strict=True))
    return CameraColour(from_xyz=(red, green, blue), multipliers=_triple(shot))


def _triple(values: Sequence[float] | NDArray[np.float64]) -> Triple:
    red, green, blue = (float(value) for value in values)
    return red, green, blue
