"""Profiles of RGB colour spaces by ICC.1:2001-04 (version 2): the same bytes always, on every machine."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

Primary = tuple[int, int, int]
"""X, Y and Z relative to D50, in units of 2**-16."""

WHITE_D50: Final[Primary] = (63190, 65536, 54061)

_DATE: Final = (2024, 1, 1, 0, 0, 0)
_HEADER_BYTES: Final = 128
_TAG_ENTRY_BYTES: Final = 12


def profile(name: str, *, red: Primary, green: Primary, blue: Primary, curve: bytes) -> bytes:
    """Return a profile of three primaries and one transfer curve; see `curve`."""
    tags = (
        (b"desc", _description(name)),
        (b"cprt", _text("No copyright, use freely")),
        (b"wtpt", _xyz(WHITE_D50)),
        (b"rXYZ", _xyz(red)),
        (b"gXYZ", _xyz(green)),
        (b"bXYZ", _xyz(blue)),
        (b"rTRC", curve),
        (b"gTRC", curve),
        (b"bTRC", curve),
    )
    at = _HEADER_BYTES + 4 + len(tags) * _TAG_ENTRY_BYTES
    table, content, placed = bytearray(struct.pack(">I", len(tags))), bytearray(), dict[bytes, int]()
    for signature, data in tags:
        if data not in placed:  # the three curves are one
            placed[data] = at + len(content)
            content += data + b"\0" * (-len(data) % 4)
        table += struct.pack(">4sII", signature, placed[data], len(data))
    return _header(at + len(content)) + bytes(table + content)


def curve(values: Sequence[int]) -> bytes:
    """Return a transfer curve: linear light, 0 to 65535, at equal steps of the encoded value."""
    return struct.pack(f">4sII{len(values)}H", b"curv", 0, len(values), *values)


def _header(length: int) -> bytes:
    start = struct.pack(">I4sI4s4s4s6H", length, b"\0" * 4, 0x02100000, b"mntr", b"RGB ", b"XYZ ", *_DATE)
    illuminant = struct.pack(">3I", *WHITE_D50)
    # Signature, no platform, no flags, no device, perceptual intent.
    return (start + b"acsp" + b"\0" * 28 + illuminant).ljust(_HEADER_BYTES, b"\0")


def _xyz(value: tuple[int, int, int]) -> bytes:
    return struct.pack(">4sI3i", b"XYZ ", 0, *value)


def _text(content: str) -> bytes:
    return struct.pack(">4sI", b"text", 0) + content.encode("ascii") + b"\0"


def _description(content: str) -> bytes:
    name = content.encode("ascii") + b"\0"
    no_unicode, no_scriptcode = struct.pack(">II", 0, 0), struct.pack(">HB67s", 0, 0, b"")
    return struct.pack(">4sII", b"desc", 0, len(name)) + name + no_unicode + no_scriptcode
