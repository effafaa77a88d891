"""What a file holds, by its first bytes, where its name alone would mislead.

Only what is certainly no RAW file is turned away; whatever LibRaw could open passes, and the worker fails the
rest with a proper reason.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from darkroomd.core.intake import extension_of

HEAD_BYTES: Final = 4096
"""How much of the beginning of a file is enough for `judge`."""

DIRECTORY_BYTES: Final = 4096
"""How much of a TIFF directory is enough for `judge`."""


class Content(StrEnum):
    """What the first bytes say."""

    RAW = "raw"
    NOT_RAW = "not_raw"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a file holds; `what` names it for people."""

    content: Content
    what: str = ""


_UNKNOWN: Final = Judgement(Content.UNKNOWN)

_STARTS: Final = (
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"GIF8", "a GIF picture"),
    (b"RIFF", "a WebP, WAV or AVI file"),
    (b"%PDF", "a PDF document"),
    (b"8BPS", "a Photoshop file"),
    (b"<!DOCTYPE", "a web page"),
    (b"<html", "a web page"),
    (b"<?xml", "an XML document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x00\x05\x16\x07", "the resource fork of a Mac file"),
)
_RAW_STARTS: Final = (
    b"FUJIFILM",
    b"FOVb",
    b"\x00MRM",
    b"IIRO",
    b"IIRS",
    b"IIU\x00",
    b"MMOR",
    b"II\x1a\x00\x00\x00HEAP",
)
_BRANDS: Final = {
    b"heic": "a HEIF picture",
    b"heix": "a HEIF picture",
    b"mif1": "a HEIF picture",
    b"avif": "an AVIF picture",
    b"isom": "a film",
    b"mp41": "a film",
    b"mp42": "a film",
    b"qt  ": "a film",
}

_TIFF_EXTENSIONS: Final = frozenset(("tif", "tiff"))
_IMAGE_WIDTH, _PHOTOMETRIC, _MAKE, _SUB_DIRECTORIES, _DNG_VERSION = 256, 262, 271, 330, 50706
_SENSOR_DATA: Final = frozenset((32803, 34892))
_PICTURE_DATA: Final = frozenset((0, 1, 2, 3, 5, 6, 8))
# The first directory of old camera TIFFs is a thumbnail and names the camera's maker; what is wider than
# this, or comes from no camera, is a picture.
_WIDEST_THUMBNAIL: Final = 1000


def judge(name: str, head: bytes, directory: bytes = b"") -> Judgement:
    """Return what a file holds.

    `head` is its first `HEAD_BYTES`; `directory` is what stands at `directory_offset(head)`, if anything.
    """
    for start, what in _STARTS:
        if head.startswith(start):
            return Judgement(Content.NOT_RAW, what)
    if head.startswith(_RAW_STARTS):
        return Judgement(Content.RAW)
    if head[4:8] == b"ftyp":
        return _judge_brand(head[8:12])
    if directory_offset(head) is not None:
        return _judge_tiff(name, head, directory)
    return _UNKNOWN


def directory_offset(head: bytes) -> int | None:
    """Return where the first directory of a TIFF file begins; None for anything else."""
    if len(head) < 8 or head[:4] not in {b"II*\x00", b"MM\x00*"}:  # noqa: PLR2004 - header of the TIFF standard
        return None
    (offset,) = struct.unpack_from(_order(head) + "I", head, 4)
    return int(offset)


def _judge_brand(brand: bytes) -> Judgement:
    if brand == b"crx ":
        return Judgement(Content.RAW)
    what = _BRANDS.get(brand)
    return Judgement(Content.NOT_RAW, what) if what else _UNKNOWN


def _judge_tiff(name: str, head: bytes, directory: bytes) -> Judgement:
    tags = _tags(_order(head), directory)
    if _DNG_VERSION in tags or tags.get(_PHOTOMETRIC) in _SENSOR_DATA:
        return Judgement(Content.RAW)
    plain = tags.get(_PHOTOMETRIC) in _PICTURE_DATA and _SUB_DIRECTORIES not in tags
    finished = _MAKE not in tags or tags.get(_IMAGE_WIDTH, 0) > _WIDEST_THUMBNAIL
    if plain and finished and extension_of(name) in _TIFF_EXTENSIONS:
        return Judgement(Content.NOT_RAW, "a finished TIFF picture")
    return _UNKNOWN


def _order(head: bytes) -> str:
    return "<" if head.startswith(b"II") else ">"


def _tags(order: str, directory: bytes) -> dict[int, int]:
    """Return the first value of each tag that is a short or long integer; other tags as 0."""
    if len(directory) < struct.calcsize(order + "H"):
        return {}
    (count,) = struct.unpack_from(order + "H", directory)
    entries = directory[2 : 2 + 12 * count]
    found: dict[int, int] = {}
    for at in range(0, len(entries) - 11, 12):
        tag, kind, length = struct.unpack_from(order + "HHI", entries, at)
        inline = {3: "H", 4: "I"}.get(kind) if length == 1 else None
        (found[tag],) = struct.unpack_from(order + inline, entries, at + 8) if inline else (0,)
    return found
