"""The sRGB colour space: IEC 61966-2-1."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

TO_XYZ: Final = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
"""From linear sRGB to CIE XYZ, both relative to D65."""

_KNEE: Final = 0.04045
"""Encoded value below which the curve is a straight line."""


def to_linear(encoded: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the linear light, 0 to 1, of encoded sRGB values, 0 to 1."""
    values = np.asarray(encoded, dtype=np.float64)
    curve = ((values + 0.055) / 1.055) ** 2.4
    return np.where(values <= _KNEE, values / 12.92, curve)
