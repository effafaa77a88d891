"""Do strips and tiles that are coded as JPEGs begin as JPEGs do? LibRaw leaves out those that do not.

It says nothing of it: their place in the picture, and in a DNG that of all that follow, stays empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from darkroomd.imaging import containers, refusals, tiff
from darkroomd.imaging.extents import Coding, Extent

_START: Final = b"\xff\xd8"
_FILL: Final = b"\xff"
_HEAD_BYTES: Final = 4
"""Of a segment: the marker, its kind, its length."""

_HUFFMAN_TABLES, _START_OF_SCAN, _LOSSLESS = 0xC4, 0xDA, 0xC3
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {_HUFFMAN_TABLES, 0xC8, 0xCC}
"""Starts of frames (ITU-T T.81, table B.1)."""

_FRAME_BYTES: Final = 6
"""Of a frame's segment: bits, height, width, components."""

_SEGMENT_LIMIT: Final = 200


def check_headers(blob: bytes, extents: Iterable[Extent]) -> None:
    """Refuse a DNG in which a strip or tile that should be a JPEG has no header of one.

    Files of other kinds are let through: their makers mean other things by the same numbers.

    Args:
        blob: the whole file.
        extents: where the sensor's data lie.
    """
    if not containers.is_dng(tiff.folders(blob)):
        return
    for extent in extents:
        if extent.coding is Coding.JPEG and not _has_header(blob, extent.start, extent.start + extent.length):
            raise refusals.damaged("a strip or tile is no JPEG", at=extent.start, length=extent.length)


def _has_header(blob: bytes, start: int, end: int) -> bool:
    kinds = set[int]()
    for kind, content in _segments(blob, start, end):
        if kind == _START_OF_SCAN:
            return bool(kinds & _FRAMES) and (_LOSSLESS not in kinds or _HUFFMAN_TABLES in kinds)
        if kind in _FRAMES and not all(map(any, _dimensions(content))):
            return False
        kinds.add(kind)
    return False


def _segments(blob: bytes, start: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Yield kind and beginning of the segments of a JPEG, up to what is none."""
    if not blob.startswith(_START, start, end):
        return
    at = start + len(_START)
    for _ in range(_SEGMENT_LIMIT):
        # Any number of these may stand before a marker.
        while blob[at + 1 : at + 2] == _FILL and at < end:
            at += 1
        if at + _HEAD_BYTES > end or blob[at : at + 1] != _FILL:
            return
        content = at + _HEAD_BYTES
        yield blob[at + 1], blob[content : min(end, content + _FRAME_BYTES)]
        at += 2 + int.from_bytes(blob[at + 2 : content])


def _dimensions(frame: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """Return bits, height, width and number of components, none of which may be zero."""
    return frame[:1], frame[1:3], frame[3:5], frame[5:6]
