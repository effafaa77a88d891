"""The sRGB colour space: IEC 61966-2-1, and its profile by ICC.1:2001-04 (version 2)."""

from __future__ import annotations

import struct
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

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
_WHITE_D50: Final = (63190, 65536, 54061)
_RED: Final = (28580, 14582, 913)
_GREEN: Final = (25236, 46982, 6362)
_BLUE: Final = (9374, 3972, 46786)

_CURVE_POINTS: Final = 1024
_DATE: Final = (2024, 1, 1, 0, 0, 0)
_PROFILE_HEADER_BYTES: Final = 128
_TAG_ENTRY_BYTES: Final = 12


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
    curve = _curve()
    tags = (
        (b"desc", _description("sRGB")),
        (b"cprt", _text("No copyright, use freely")),
        (b"wtpt", _xyz(_WHITE_D50)),
        (b"rXYZ", _xyz(_RED)),
        (b"gXYZ", _xyz(_GREEN)),
        (b"bXYZ", _xyz(_BLUE)),
        (b"rTRC", curve),
        (b"gTRC", curve),
        (b"bTRC", curve),
    )
    at = _PROFILE_HEADER_BYTES + 4 + len(tags) * _TAG_ENTRY_BYTES
    table, content, placed = bytearray(struct.pack(">I", len(tags))), bytearray(), dict[bytes, int]()
    for signature, data in tags:
        if data not in placed:  # the three curves are one
            placed[data] = at + len(content)
            content += data + b"\0" * (-len(data) % 4)
        table += struct.pack(">4sII", signature, placed[data], len(data))
    return _profile_header(at + len(content)) + bytes(table + content)


def _profile_header(length: int) -> bytes:
    start = struct.pack(">I4sI4s4s4s6H", length, b"\0" * 4, 0x02100000, b"mntr", b"RGB ", b"XYZ ", *_DATE)
    illuminant = struct.pack(">3I", *_WHITE_D50)
    # Signature, no platform, no flags, no device, perceptual intent.
    return (start + b"acsp" + b"\0" * 28 + illuminant).ljust(_PROFILE_HEADER_BYTES, b"\0")


def _xyz(value: tuple[int, int, int]) -> bytes:
    return struct.pack(">4sI3i", b"XYZ ", 0, *value)


def _text(content: str) -> bytes:
    return struct.pack(">4sI", b"text", 0) + content.encode("ascii") + b"\0"


def _description(content: str) -> bytes:
    name = content.encode("ascii") + b"\0"
    no_unicode, no_scriptcode = struct.pack(">II", 0, 0), struct.pack(">HB67s", 0, 0, b"")
    return struct.pack(">4sII", b"desc", 0, len(name)) + name + no_unicode + no_scriptcode


def _curve() -> bytes:
    points = (_linear(number / (_CURVE_POINTS - 1)) for number in range(_CURVE_POINTS))
    values = [round(point * 0xFFFF) for point in points]
    return struct.pack(f">4sII{_CURVE_POINTS}H", b"curv", 0, _CURVE_POINTS, *values)


def _linear(encoded: float) -> float:
    return encoded / 12.92 if encoded <= _KNEE else ((encoded + 0.055) / 1.055) ** 2.4
