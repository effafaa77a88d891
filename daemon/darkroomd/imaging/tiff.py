"""TIFF 6.0 folders of tags: read from hostile files, written for our own.

Reading never raises on content: what does not fit the file or the limits is left out. A folder is a
mapping from tag to `Entry`; a "block" is a byte string in which a TIFF header stands at 0.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, Literal, TypeAlias

Order: TypeAlias = Literal["<", ">"]
Folder: TypeAlias = Mapping[int, "Entry"]

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED, SIGNED_RATIONAL = 1, 2, 3, 4, 5, 7, 10
"""Field types as TIFF 6.0 numbers them."""

SUB_FOLDERS: Final = 330
EXIF_FOLDER: Final = 34665
GPS_FOLDER: Final = 34853

HEADER_BYTES: Final = 8

_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_INTEGERS: Final = {1: "B", 3: "H", 4: "I", 6: "b", 7: "B", 8: "h", 9: "i", 13: "I"}
_FRACTIONS: Final = {5: "I", 10: "i"}

_MAGICS: Final = (42, 0x55, 0x4F52, 0x5352)
"""TIFF itself, Panasonic's RW2 (`U`), and the two of Olympus' ORF (`RO`, `RS`)."""

_ENTRY_BYTES: Final = 12
_VALUE_BYTES: Final = 4

# Real folders hold some dozens of entries; the bounds keep a forged file from costing time or memory.
_ENTRY_LIMIT: Final = 1_000
_PAYLOAD_LIMIT_BYTES: Final = 1 << 24
_FOLDER_LIMIT: Final = 64


@dataclass(frozen=True, slots=True)
class Entry:
    """One tag's values as they stand in the file; readers return nothing where the type does not fit.

    The payload is a window on the file: a thousand tags that name the same megabyte cost nothing.
    """

    kind: int
    count: int
    payload: bytes | memoryview
    order: Order

    def integers(self, *, most: int | None = None) -> tuple[int, ...]:
        """Return the values of an integer field, or the first ones of them."""
        letter = _INTEGERS.get(self.kind)
        count = self.count if most is None else min(self.count, most)
        return struct.unpack_from(f"{self.order}{count}{letter}", self.payload) if letter else ()

    def fractions(self, *, most: int) -> tuple[Fraction, ...]:
        """Return the first values of a rational or integer field; a division by zero ends the list."""
        if self.kind not in _FRACTIONS:
            return tuple(Fraction(value) for value in self.integers(most=most))
        pairs = itertools.takewhile(lambda pair: pair[1] != 0, self.quotients(most=most))
        return tuple(Fraction(over, under) for over, under in pairs)

    def quotients(self, *, most: int) -> tuple[tuple[int, int], ...]:
        """Return the first pairs of numerator and denominator of a rational field, zeros and all."""
        letter = _FRACTIONS.get(self.kind)
        if letter is None:
            return ()
        parts = struct.unpack_from(f"{self.order}{2 * min(self.count, most)}{letter}", self.payload)
        return tuple(zip(parts[::2], parts[1::2], strict=True))

    def text(self) -> str:
        """Return the characters before the first NUL, as UTF-8 or else Latin-1, or nothing."""
        if self.kind not in (BYTE, ASCII, UNDEFINED):
            return ""
        content = bytes(self.payload).split(b"\0", 1)[0]
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError:
            return content.decode("latin-1")


def byte_order(block: bytes) -> Order | None:
    """Return the byte order of a TIFF block or None where it is none."""
    order: Order | None = "<" if block[:2] == b"II" else ">" if block[:2] == b"MM" else None
    if order is None or len(block) < HEADER_BYTES:
        return None
    (magic,) = struct.unpack_from(f"{order}H", block, 2)
    return order if magic in _MAGICS else None


def first_folder_at(block: bytes, order: Order) -> int:
    """Return where the first folder stands by the header's word; it may lie outside of the file."""
    (at,) = struct.unpack_from(f"{order}I", block, 4)
    return int(at)


def read_folder(block: bytes, order: Order, at: int) -> tuple[dict[int, Entry], int]:
    """Return the folder at `at` and the place of the next one, 0 at the end."""
    if not HEADER_BYTES <= at <= len(block) - 2:
        return {}, 0
    (count,) = struct.unpack_from(f"{order}H", block, at)
    end = at + 2 + count * _ENTRY_BYTES
    if count > _ENTRY_LIMIT or end > len(block):
        return {}, 0
    window = memoryview(block)
    entries = (_read_entry(window, order, place) for place in range(at + 2, end, _ENTRY_BYTES))
    folder = {tag: entry for tag, entry in entries if entry is not None}
    following = int(struct.unpack_from(f"{order}I", block, end)[0]) if end + 4 <= len(block) else 0
    return folder, following


def _read_entry(block: memoryview, order: Order, place: int) -> tuple[int, Entry | None]:
    tag, kind, count = struct.unpack_from(f"{order}HHI", block, place)
    length = _SIZES.get(kind, 0) * count
    if not 0 < length <= _PAYLOAD_LIMIT_BYTES:
        return tag, None
    at = place + 8
    if length > _VALUE_BYTES:
        (at,) = struct.unpack_from(f"{order}I", block, at)
    payload = block[at : at + length]
    return tag, Entry(kind, count, payload, order) if len(payload) == length else None


def folders(block: bytes) -> Iterator[dict[int, Entry]]:
    """Yield the folders of the main chain and their sub-folders, the first one first, each one once."""
    order = byte_order(block)
    if order is None:
        return
    waiting, seen = [first_folder_at(block, order)], set[int]()
    while waiting and len(seen) < _FOLDER_LIMIT:
        at = waiting.pop(0)
        if at in seen:
            continue
        seen.add(at)
        folder, following = read_folder(block, order, at)
        if folder:
            yield folder
        waiting += [following] if following else []
        waiting += folder[SUB_FOLDERS].integers(most=_FOLDER_LIMIT) if SUB_FOLDERS in folder else ()


def main_folder(block: bytes) -> dict[int, Entry]:
    """Return the first folder, empty where there is none."""
    empty: dict[int, Entry] = {}
    return next(folders(block), empty)


def linked_folder(block: bytes, folder: Folder, tag: int) -> dict[int, Entry]:
    """Return the folder that `tag` points to, or an empty one."""
    order = byte_order(block)
    places = folder[tag].integers(most=1) if tag in folder else ()
    return read_folder(block, order, places[0])[0] if order and places else {}


@dataclass(frozen=True, slots=True)
class Field:
    """One tag's values, encoded for a file in little-endian order."""

    tag: int
    kind: int
    count: int
    payload: bytes


@dataclass(slots=True)
class Block:
    """Folders one after another, each followed by its values; `at` is where the block begins."""

    at: int = HEADER_BYTES
    content: bytearray = field(default_factory=bytearray)

    def add(self, fields: Sequence[Field]) -> int:
        """Append a folder and return its place."""
        place = self.at + len(self.content)
        values_at = place + 2 + len(fields) * _ENTRY_BYTES + 4
        entries = bytearray(struct.pack("<H", len(fields)))
        values = bytearray()
        for one in sorted(fields, key=lambda one: one.tag):
            value = one.payload
            if len(value) > _VALUE_BYTES:
                value = struct.pack("<I", values_at + len(values))
                values += one.payload + b"\0" * (len(one.payload) % 2)
            entries += struct.pack("<HHI", one.tag, one.kind, one.count) + value.ljust(_VALUE_BYTES, b"\0")
        self.content += entries + struct.pack("<I", 0) + values
        return place

    def finish(self, *, first: int) -> bytes:
        """Return header and folders; `first` is the place of the first folder."""
        return struct.pack("<2sHI", b"II", 42, first) + bytes(self.content)


def raw_bytes(tag: int, values: bytes, *, kind: int = BYTE) -> Field:
    """Return a field of bytes."""
    return Field(tag, kind, len(values), values)


def text(tag: int, value: str) -> Field:
    """Return a text field, in UTF-8 as Exif 3.0 allows and everyone has long done."""
    return raw_bytes(tag, value.encode("utf-8") + b"\0", kind=ASCII)


def short(tag: int, *values: int) -> Field:
    """Return a field of 16-bit numbers."""
    return Field(tag, SHORT, len(values), struct.pack(f"<{len(values)}H", *values))


def long(tag: int, *values: int) -> Field:
    """Return a field of 32-bit numbers."""
    return Field(tag, LONG, len(values), struct.pack(f"<{len(values)}I", *values))


def rational(tag: int, *values: Fraction) -> Field:
    """Return a field of fractions from 0 to 2**32, rounded to a denominator of at most a million."""
    return Field(tag, RATIONAL, len(values), _fractions(values, "I"))


def signed_rational(tag: int, *values: Fraction) -> Field:
    """Return a field of fractions from -2**31 to 2**31, rounded to a denominator of at most a million."""
    return Field(tag, SIGNED_RATIONAL, len(values), _fractions(values, "i"))


def _fractions(values: Sequence[Fraction], letter: str) -> bytes:
    return b"".join(_fraction(value, letter) for value in values)


def _fraction(value: Fraction, letter: str) -> bytes:
    # A large number leaves few bits for its denominator.
    finest = max(1, min(1_000_000, (1 << 31) // (abs(value.numerator // value.denominator) + 1)))
    rounded = value.limit_denominator(finest)
    return struct.pack(f"<{letter}{letter}", rounded.numerator, rounded.denominator)
