"""A .cube file: a table from colour to colour, by Adobe's "Cube LUT Specification" 1.0, from anybody."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass
from typing import Final

LARGEST_BYTES: Final = 16 << 20
"""A longer file is not read."""

SMALLEST_SIZE: Final = 2
LARGEST_SIZE: Final = 65
"""Nodes along one side of the cube."""

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_COLOURS: Final = 3
_FARTHEST: Final = 1e6

Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Cube:
    """A table from colour to colour.

    Attributes:
        size: nodes along each side.
        values: red, green and blue of each node, red's axis running fastest, then green's.
        low: what the first node along each axis stands for, red, green and blue.
        high: what the last one stands for; above `low`.
    """

    size: int
    values: array[float]
    low: Triple
    high: Triple


@dataclass(frozen=True, slots=True)
class NoCube:
    """Bytes that are no usable .cube file; `reason` is a clause without a full stop."""

    reason: str


class _Unusable(Exception):
    """The file cannot be used, for the reason given."""


def read_cube(data: bytes) -> Cube | NoCube:
    """Read a file's content; every byte of it may be hostile."""
    if len(data) > LARGEST_BYTES:
        return NoCube(f"it is longer than {LARGEST_BYTES >> 20} MB")
    try:
        return _read(data)
    except _Unusable as error:
        return NoCube(str(error))


def _read(data: bytes) -> Cube:
    headers, values = _lines(data)
    if b"LUT_1D_SIZE" in headers:
        raise _Unusable("it is a one-dimensional table; a curve does the same")
    size = _size(headers.get(b"LUT_3D_SIZE", []))
    if len(values) != _COLOURS * size**3:
        raise _Unusable("it has more or fewer colours than its LUT_3D_SIZE says")
    both = headers.get(b"LUT_3D_INPUT_RANGE", [b"0", b"1"])
    low = _triple(headers.get(b"DOMAIN_MIN", both[:1] * _COLOURS))
    high = _triple(headers.get(b"DOMAIN_MAX", both[-1:] * _COLOURS))
    if any(top <= bottom for bottom, top in zip(low, high, strict=True)):
        raise _Unusable("its highest input is not above its lowest")
    return Cube(size, values, low, high)


def _lines(data: bytes) -> tuple[dict[bytes, list[bytes]], array[float]]:
    """Return what follows each keyword, titles and keywords of single programs as well, and all colours."""
    headers, values = dict[bytes, list[bytes]](), array("d")
    for line in data.removeprefix(_BYTE_ORDER_MARK).splitlines():
        words = line.split()
        if not words or words[0].startswith(b"#"):
            continue
        if words[0][:1].isalpha():
            headers[words[0]] = words[1:]
            continue
        values.extend(_triple(words))
        if len(values) > _COLOURS * LARGEST_SIZE**3:
            raise _Unusable("it has too many colours")
    return headers, values


def _size(words: list[bytes]) -> int:
    text = words[0] if len(words) == 1 else b""
    size = int(text) if text.isdigit() and len(text) <= len(str(LARGEST_SIZE)) else 0
    if not SMALLEST_SIZE <= size <= LARGEST_SIZE:
        raise _Unusable(f"its LUT_3D_SIZE is not from {SMALLEST_SIZE} to {LARGEST_SIZE}")
    return size


def _triple(words: list[bytes]) -> Triple:
    if len(words) != _COLOURS:
        raise _Unusable("one of its lines does not hold three numbers")
    red, green, blue = (_number(word) for word in words)
    return red, green, blue


def _number(word: bytes) -> float:
    try:
        number = float(word)
    except ValueError:
        number = math.nan
    if math.isnan(number) or abs(number) > _FARTHEST:
        raise _Unusable("it holds what is no number of a colour")
    return number
