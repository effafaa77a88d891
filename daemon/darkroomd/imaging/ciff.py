"""Canon's CRW container: a heap of records whose directory stands at the end of the file.

Record numbers and layouts are those of Canon's "CIFF Specification on Image Data File" 1.0.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_SIGNATURE: Final = b"HEAPCCDR"
_HEADER: Final = struct.Struct("<2sI8s")
_RECORD: Final = struct.Struct("<HII")

_KIND_MASK: Final = 0x3FFF
_IN_RECORD: Final = 0x4000
_FOLDER_TYPES: Final = (0x2800, 0x3000)
_TYPE_MASK: Final = 0x3800

_MODEL: Final = 0x080A
_CAMERA_SETTINGS: Final = 0x102D
_CAPTURED_TIME: Final = 0x180E
_EXPOSURE: Final = 0x1818

_LENS: Final = struct.Struct("<3H")
_LENS_AT: Final = 46
"""Place of the lens's numbers in the record: the twenty-third 16-bit word and those after it."""

# Real files nest three deep and hold some dozens of records.
_DEPTH_LIMIT: Final = 8
_RECORD_LIMIT: Final = 1_000
_VALUE_LIMIT_BYTES: Final = 4_096

_APEX_LIMIT: Final = 30.0
"""Apex numbers beyond ±30 are junk: 2**30 seconds are 34 years."""


@dataclass(frozen=True, slots=True)
class CiffFacts:
    """What the directory says of the shot; None where it says nothing that makes sense.

    Attributes:
        focal_lengths_mm: the lens's shortest and longest one.
    """

    make: str | None = None
    model: str | None = None
    taken_at: datetime | None = None
    exposure_seconds: float | None = None
    f_number: float | None = None
    bias_ev: float | None = None
    focal_lengths_mm: tuple[float, float] | None = None


def is_ciff(blob: bytes) -> bool:
    """Tell whether this is the beginning of a CRW file."""
    return len(blob) >= _HEADER.size and blob[6:14] == _SIGNATURE and blob[:2] == b"II"


def is_complete(blob: bytes) -> bool:
    """Tell whether a CRW file has its directory, which a cut one has lost with its end."""
    return any(True for _ in _records(blob))


def read_facts(blob: bytes) -> CiffFacts:
    """Return what the directory says."""
    values = dict(_records(blob))
    make, model = _names(values.get(_MODEL, b""))
    seconds, aperture, bias = _exposure(values.get(_EXPOSURE, b""))
    return CiffFacts(
        make=make,
        model=model,
        taken_at=_time(values.get(_CAPTURED_TIME, b"")),
        exposure_seconds=seconds,
        f_number=aperture,
        bias_ev=bias,
        focal_lengths_mm=_focal_lengths(values.get(_CAMERA_SETTINGS, b"")),
    )


def _records(blob: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and value of each record, folders first to last."""
    if not is_ciff(blob):
        return
    (_, start, _) = _HEADER.unpack_from(blob)
    waiting, left = [(start, len(blob), 0)], _RECORD_LIMIT
    while waiting and left > 0:
        begin, end, depth = waiting.pop(0)
        for number, at, length in _directory(blob, begin, end):
            left -= 1
            if (number & _TYPE_MASK) in _FOLDER_TYPES and depth < _DEPTH_LIMIT:
                waiting.append((at, at + length, depth + 1))
            else:
                yield number & _KIND_MASK, blob[at : at + min(length, _VALUE_LIMIT_BYTES)]


def _directory(blob: bytes, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield number, place and length of the records of the heap from `begin` to `end`."""
    if not 0 <= begin <= end - 4 or end > len(blob):
        return
    at = begin + struct.unpack_from("<I", blob, end - 4)[0]
    if at + 2 > end:
        return
    (count,) = struct.unpack_from("<H", blob, at)
    if at + 2 + count * _RECORD.size > end or count > _RECORD_LIMIT:
        return
    for place in range(at + 2, at + 2 + count * _RECORD.size, _RECORD.size):
        number, length, offset = _RECORD.unpack_from(blob, place)
        if number & _IN_RECORD:
            yield number, place + 2, 8
        elif begin + offset + length <= end:
            yield number, begin + offset, length


def _names(value: bytes) -> tuple[str | None, str | None]:
    make, _, rest = value.partition(b"\0")
    model = rest.partition(b"\0")[0]
    return make.decode("latin-1") or None, model.decode("latin-1") or None


def _time(value: bytes) -> datetime | None:
    """Return the camera's clock, which counts seconds since 1970 in its own local time."""
    if len(value) < 4:  # noqa: PLR2004 - a 32-bit number
        return None
    (seconds,) = struct.unpack_from("<I", value)
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None) if seconds else None


def _exposure(value: bytes) -> tuple[float | None, float | None, float | None]:
    """Return exposure time in seconds, f-number and bias from three apex numbers."""
    if len(value) < 12:  # noqa: PLR2004 - three 32-bit numbers
        return None, None, None
    bias, time, aperture = struct.unpack_from("<3f", value)
    if not all(math.isfinite(apex) and abs(apex) < _APEX_LIMIT for apex in (bias, time, aperture)):
        return None, None, None
    return 2.0**-time, 2.0 ** (aperture / 2), bias


def _focal_lengths(value: bytes) -> tuple[float, float] | None:
    """Return the lens's range by the camera settings: longest, shortest, units to the millimetre."""
    if len(value) < _LENS_AT + _LENS.size:
        return None
    longest, shortest, units = _LENS.unpack_from(value, _LENS_AT)
    return (shortest / units, longest / units) if units and 0 < shortest <= longest else None
