"""The sRGB colour space: IEC 61966-2-1, and its profile by ICC.1:2001-04 (version 2)."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from darkroomd.imaging import icc

TO_XYZ: Final = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
"""From linear sRGB to CIE XYZ, both relative to D65."""

GAMMA: Final = (2.4, 12.92)
"""Exponent and slope at black of the transfer curve, the two numbers that name it."""

_KNEE: Final = 0.04045
"""Encoded value below which the curve is a straight line."""

# In units of 2**-16. The primaries are TO_XYZ adapted from D65 to D50 by Bradford's method. They stand
# here as numbers, not as a computation, because the profile's bytes must be equal on every machine.
_RED: Final = (28580, 14582, 913)
_GREEN: Final = (25236, 46982, 6362)
_BLUE: Final = (9374, 3972, 46786)

_CURVE_POINTS: Final = 1024


def to_linear(encoded: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the linear light, 0 to 1, of encoded sRGB values, 0 to 1."""
    values = np.asarray(encoded, dtype=np.float64)
    curve = ((values + 0.055) / 1.055) ** 2.4
    return np.where(values <= _KNEE, values / 12.92, curve)


def to_encoded(linear: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the encoded sRGB values, 0 to 1, of linear light, 0 to 1; the inverse of `to_linear`."""
    values = np.asarray(linear, dtype=np.float64)
    curve = 1.055 * np.maximum(values, 0.0) ** (1 / 2.4) - 0.055
    return np.where(values <= _KNEE / 12.92, values * 12.92, curve)


@cache
def icc_profile() -> bytes:
    """Return an sRGB profile: three primaries and one curve, the same bytes always."""
    return icc.profile("sRGB", red=_RED, green=_GREEN, blue=_BLUE, curve=curve())


@cache
def curve() -> bytes:
    """Return the transfer curve as the profiles of all spaces that share it have it."""
    points = (_linear(number / (_CURVE_POINTS - 1)) for number in range(_CURVE_POINTS))
    return icc.curve([round(point * 0xFFFF) for point in points])


def _linear(encoded: float) -> float:
    return encoded / 12.92 if encoded <= _KNEE else ((encoded + 0.055) / 1.055) ** 2.4
