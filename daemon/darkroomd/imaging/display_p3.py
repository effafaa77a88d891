"""The Display P3 colour space: SMPTE EG 432-1's primaries, D65, and the transfer curve of sRGB."""

from __future__ import annotations

from functools import cache
from typing import Final

from darkroomd.imaging import icc, srgb

UNIT: Final = 1 << 16
"""What stands for 1 in `FROM_SRGB`."""

FROM_SRGB: Final = (
    (53901, 11635, 0),
    (2175, 63361, 0),
    (1120, 4744, 59672),
)
"""From linear sRGB to linear Display P3. Each row adds up to `UNIT`: greys stay the greys that they are."""

# In units of 2**-16, adapted from D65 to D50 by Bradford's method; together they are the white.
_RED: Final = (33759, 15807, -69)
_GREEN: Final = (19135, 45367, 2745)
_BLUE: Final = (10296, 4362, 51385)


@cache
def icc_profile() -> bytes:
    """Return a Display P3 profile, the same bytes always."""
    return icc.profile("Display P3", red=_RED, green=_GREEN, blue=_BLUE, curve=srgb.curve())
