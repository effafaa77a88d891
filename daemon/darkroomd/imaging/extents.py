"""Where a RAW file keeps the sensor's data, and in which coding: what can be judged without decoding.

Nothing here raises on content; what reaches beyond the end of the file is left out.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from darkroomd.imaging import containers, tiff

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _SAMPLES, _PLANES = 256, 257, 258, 259, 277, 284
_STRIPS, _STRIP_LENGTHS, _STRIP_ROWS = 273, 279, 278
_TILES, _TILE_LENGTHS, _TILE_WIDTH, _TILE_HEIGHT = 324, 325, 322, 323

_CANON_SLICES: Final = 50752
"""In the folder of a CR2's sensor data, which says nothing else of what it is."""

_UNCOMPRESSED: Final = 1
_JPEGS: Final = (6, 7, 34892)
_ONE_PLANE_EACH: Final = 2
_WORD_BITS: Final = 16

_EXTENT_LIMIT: Final = 100_000
"""Of one file; a picture of 250 megapixels has four thousand tiles."""


class Coding(Enum):
    """How an extent's bytes become values."""

    PLAIN = "plain"
    JPEG = "jpeg"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """How plain bytes make rows.

    Attributes:
        length: of a row in bytes.
        kept_length: of a row's beginning that lies within the picture; the rest is padding.
        kept: how many rows lie within the picture.
        value_bytes: of one value; 1 where values are packed.
    """

    length: int
    kept_length: int
    kept: int
    value_bytes: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """One strip, tile or block of sensor data, all of it within the file.

    Attributes:
        start: of the first byte in the file.
        length: in bytes.
        coding: of the bytes.
        rows: of plain bytes; None where their shape is not known.
        gapless: the length is that of the coded data, without blocks or other things beside them.
    """

    start: int
    length: int
    coding: Coding
    rows: Rows | None = None
    gapless: bool = False


def sensor_extents(blob: bytes, *, raw_height: int) -> Iterator[Extent]:
    """Yield the strips, tiles or blocks of sensor data, in the order of the container.

    Together they are no longer than the file: a forged one may name the same bytes a thousand times.

    Args:
        blob: the whole file.
        raw_height: rows by the decoder's word; old containers tell another picture's shape.
    """
    left = len(blob)
    for extent in itertools.islice(_named(blob, raw_height=raw_height), _EXTENT_LIMIT):
        if extent.start < 0 or not 0 < extent.length <= len(blob) - extent.start:
            continue
        left -= extent.length
        if left < 0:
            return
        yield extent


def _named(blob: bytes, *, raw_height: int) -> Iterator[Extent]:
    """Yield what the container names, wherever that lies."""
    span = containers.opaque_span(blob)
    if span is not None:
        yield Extent(start=span[0], length=span[1], coding=Coding.OTHER)
        return
    folders = list(tiff.folders(blob))
    keeps_to_dng = containers.is_dng(folders)
    for folder in folders:
        if not containers.holds_sensor_data(folder) and _CANON_SLICES not in folder:
            continue
        if keeps_to_dng or _coding(folder) is not Coding.OTHER or _is_shorter_than_unpacked(folder):
            yield from _of_folder(folder, raw_height=raw_height)


def _is_shorter_than_unpacked(folder: tiff.Folder) -> bool:
    """Tell whether the lengths can be those of coded data: some makers write those of the unpacked ones."""
    lengths = folder[_STRIP_LENGTHS].integers(most=_EXTENT_LIMIT) if _STRIP_LENGTHS in folder else ()
    unpacked_bits = math.prod(containers.number(folder, tag) for tag in (_WIDTH, _HEIGHT, _BITS))
    return sum(lengths) * 8 < unpacked_bits


def _of_folder(folder: tiff.Folder, *, raw_height: int) -> Iterator[Extent]:
    coding = _coding(folder)
    places, sizes = (_TILES, _TILE_LENGTHS) if _TILES in folder else (_STRIPS, _STRIP_LENGTHS)
    starts, lengths = (
        folder[tag].integers(most=_EXTENT_LIMIT) if tag in folder else () for tag in (places, sizes)
    )
    for place, (start, length) in enumerate(zip(starts, lengths, strict=False)):
        rows = None
        if coding is Coding.PLAIN:
            rows = _rows(folder, place, length) or _rows_of_whole(length, raw_height)
        yield Extent(start=start, length=length, coding=coding, rows=rows, gapless=True)


def _coding(folder: tiff.Folder) -> Coding:
    compression = containers.number(folder, _COMPRESSION)
    if compression == _UNCOMPRESSED:
        return Coding.PLAIN
    return Coding.JPEG if compression in _JPEGS else Coding.OTHER


def _rows(folder: tiff.Folder, place: int, length: int) -> Rows | None:
    """Return the rows of the strip or tile at `place`, or None where its length is not that of rows."""
    width, height = (containers.number(folder, tag) for tag in (_WIDTH, _HEIGHT))
    cell_width, cell_height = width, min(containers.number(folder, _STRIP_ROWS) or height, height)
    if _TILES in folder:
        cell_width, cell_height = (containers.number(folder, tag) for tag in (_TILE_WIDTH, _TILE_HEIGHT))
    bits = containers.number(folder, _BITS)
    in_planes = containers.number(folder, _PLANES) == _ONE_PLANE_EACH
    value_bits = bits * (1 if in_planes else max(1, containers.number(folder, _SAMPLES)))
    if min(width, height, cell_width, cell_height, bits) < 1:
        return None
    across, down = -(-width // cell_width), -(-height // cell_height)
    row, column = divmod(place % (across * down), across)
    row_length = -(-cell_width * value_bits // 8)
    kept = min(cell_height, height - row * cell_height)
    if length not in (row_length * cell_height, row_length * kept):
        return None
    return Rows(
        length=row_length,
        kept_length=min(cell_width, width - column * cell_width) * value_bits // 8,
        kept=kept,
        value_bytes=bits // 8 if bits == _WORD_BITS else 1,
    )


def _rows_of_whole(length: int, raw_height: int) -> Rows | None:
    if raw_height < 1 or length % raw_height:
        return None
    return Rows(length=length // raw_height, kept_length=length // raw_height, kept=raw_height)
