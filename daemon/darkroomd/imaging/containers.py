"""Where things stand in a RAW file: its blocks of tags, and how long it has to be to hold its picture.

Nothing here raises on content; what cannot be found is not there.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from darkroomd.imaging import tiff

_SENSOR_PHOTOMETRICS: Final = (32803, 34892)
"""Colour filter array and linear raw."""

_SUBFILE, _COMPRESSION, _PHOTOMETRIC, _SAMPLE_FORMAT = 254, 259, 262, 339
_DEFLATE, _FLOATS = 8, 3
_PLACES_AND_LENGTHS: Final = ((273, 279), (324, 325))
_DNG_VERSION: Final = 50706
_PLACE_LIMIT: Final = 100_000
"""Of a folder's strips or tiles."""

_RW2_MAGIC: Final = b"IIU\0"
_RW2_DATA_AT, _RW2_FORMAT, _RW2_WIDTH, _RW2_HEIGHT = 280, 45, 2, 3
_RW2_VARIABLE_FORMAT: Final = 8
_RW2_JPEG: Final = 46
_RW2_DENSEST_PIXELS, _RW2_GROUP_BYTES = 14, 16
"""Up to format 7, every sixteen bytes hold at most fourteen pixels."""

_RAF_MAGIC: Final = b"FUJIFILMCCD-RAW"
_RAF_JPEG_AT, _RAF_DATA_AT = 84, 100

_BOX: Final = struct.Struct(">I4s")
_CR3_BRAND: Final = b"ftypcrx "
_CMT_LIMIT_BYTES: Final = 1 << 20
"""A box of tags has some kilobytes; what claims more is cut there."""
_CR3_FOLDERS: Final = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")
_BOX_LIMIT: Final = 1_000

_APP1, _START_OF_SCAN = 0xE1, 0xDA
_EXIF_SIGNATURE: Final = b"Exif\0\0"
_JPEG_SEGMENT_LIMIT: Final = 200
_EXIF_WITHIN_BYTES: Final = 1 << 18
"""Of a JPEG's beginning: a segment has at most a quarter of that."""


@dataclass(frozen=True, slots=True)
class TagFolders:
    """The three folders that tell of the shot, empty where the file has none."""

    main: tiff.Folder
    exif: tiff.Folder
    gps: tiff.Folder


def tag_folders(blob: bytes) -> TagFolders:
    """Return the folders of the container: any TIFF kin, Fuji's RAF or Canon's CR3."""
    if blob.startswith(_RAF_MAGIC):
        at, length = _raf_span(blob, _RAF_JPEG_AT)
        return _of_tiff(exif_block(blob[at : at + min(length, _EXIF_WITHIN_BYTES)]))
    if blob[4:12] == _CR3_BRAND:
        return _of_cr3(blob)
    if blob.startswith(_RW2_MAGIC):
        return _of_rw2(blob)
    return _of_tiff(blob)


def bytes_needed(blob: bytes) -> int:
    """Return how long the file must be at least to hold its sensor data; 0 where that is not known."""
    if blob.startswith(_RAF_MAGIC):
        return sum(_raf_span(blob, _RAF_DATA_AT))
    if blob[4:12] == _CR3_BRAND:
        return max((at + length for _, at, length in _boxes(blob, 0, len(blob))), default=0)
    if blob.startswith(_RW2_MAGIC):
        return _rw2_end(tiff.main_folder(blob))
    return _sensor_data_end(blob)


def _of_tiff(block: bytes) -> TagFolders:
    main = tiff.main_folder(block)
    return TagFolders(
        main=main,
        exif=tiff.linked_folder(block, main, tiff.EXIF_FOLDER),
        gps=tiff.linked_folder(block, main, tiff.GPS_FOLDER),
    )


def _of_rw2(blob: bytes) -> TagFolders:
    """Return the file's own folders, filled up from its embedded JPEG, which tells most of the shot."""
    own = _of_tiff(blob)
    jpeg = bytes(own.main[_RW2_JPEG].payload[:_EXIF_WITHIN_BYTES]) if _RW2_JPEG in own.main else b""
    more = _of_tiff(exif_block(jpeg))
    return TagFolders(
        main={**more.main, **own.main}, exif={**more.exif, **own.exif}, gps={**more.gps, **own.gps}
    )


def _of_cr3(blob: bytes) -> TagFolders:
    """Return the folders of the boxes CMT1, CMT2 and CMT4, each of which is a TIFF block of its own."""
    # A file has one: many of them would only be a way to cost time.
    moovs = (box for box in _boxes(blob, 0, len(blob)) if box[0] == b"moov")
    blocks = {
        kind: blob[at + _BOX.size : at + min(length, _CMT_LIMIT_BYTES)]
        for _, moov, moov_length in itertools.islice(moovs, 1)
        for outer, uuid, uuid_length in _boxes(blob, moov + _BOX.size, moov + moov_length)
        if outer == b"uuid" and blob.startswith(_CR3_FOLDERS, uuid + _BOX.size)
        for kind, at, length in _boxes(blob, uuid + _BOX.size + len(_CR3_FOLDERS), uuid + uuid_length)
    }
    main, exif, gps = (tiff.main_folder(blocks.get(kind, b"")) for kind in (b"CMT1", b"CMT2", b"CMT4"))
    return TagFolders(main=main, exif=exif, gps=gps)


def _boxes(blob: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, place and length of ISO media boxes; the last one may reach beyond `end`."""
    for _ in range(_BOX_LIMIT):
        if at + _BOX.size > min(end, len(blob)):
            return
        length, kind = _BOX.unpack_from(blob, at)
        if length == 1 and at + 16 <= len(blob):
            (length,) = struct.unpack_from(">Q", blob, at + _BOX.size)
        if length < _BOX.size:  # 0 means: to the end of the file
            return
        yield kind, at, length
        at += length


def _raf_span(blob: bytes, at: int) -> tuple[int, int]:
    """Return place and length of a part of a RAF file, by two numbers of its header."""
    place, length = struct.unpack_from(">2I", blob, at) if len(blob) >= at + 8 else (0, 0)
    return int(place), int(length)


def exif_block(jpeg: bytes) -> bytes:
    """Return the TIFF block of a JPEG's Exif segment, or nothing."""
    at = 2
    for _ in range(_JPEG_SEGMENT_LIMIT):
        if at + 4 > len(jpeg) or jpeg[at] != 0xFF or jpeg[at + 1] == _START_OF_SCAN:  # noqa: PLR2004 - marker
            return b""
        (length,) = struct.unpack_from(">H", jpeg, at + 2)
        content = jpeg[at + 4 : at + 2 + length]
        if jpeg[at + 1] == _APP1 and content.startswith(_EXIF_SIGNATURE):
            return content[len(_EXIF_SIGNATURE) :]
        at += 2 + length
    return b""


def number(folder: tiff.Folder, tag: int) -> int:
    """Return the first integer of `tag`, 0 where there is none."""
    values = folder[tag].integers(most=1) if tag in folder else ()
    return values[0] if values else 0


def is_dng(folders: Iterable[tiff.Folder]) -> bool:
    """Tell whether the folders of a file say that they keep to the DNG specification."""
    return any(_DNG_VERSION in folder for folder in folders)


def holds_sensor_data(folder: tiff.Folder) -> bool:
    """Tell whether a folder describes the sensor's data, and not a preview."""
    return number(folder, _PHOTOMETRIC) in _SENSOR_PHOTOMETRICS and number(folder, _SUBFILE) == 0


def deflates_integers(blob: bytes) -> bool:
    """Tell whether the sensor's data are integers in deflate coding, of which LibRaw knows floats alone."""
    return any(
        holds_sensor_data(folder)
        and number(folder, _COMPRESSION) == _DEFLATE
        and number(folder, _SAMPLE_FORMAT) != _FLOATS
        for folder in tiff.folders(blob)
    )


def opaque_span(blob: bytes) -> tuple[int, int] | None:
    """Return place and length of the data of a container that is no plain TIFF; None for a TIFF.

    The length is 0 where the data are not found, and may reach beyond the end of the file.
    """
    if blob.startswith(_RAF_MAGIC):
        return _raf_span(blob, _RAF_DATA_AT)
    if blob[4:12] == _CR3_BRAND:
        spans = [(at, length) for kind, at, length in _boxes(blob, 0, len(blob)) if kind == b"mdat"]
        return spans[-1] if spans else (0, 0)
    if blob.startswith(_RW2_MAGIC):
        main = tiff.main_folder(blob)
        at, end = number(main, _RW2_DATA_AT), _rw2_end(main)
        return at, (end if end > at else len(blob)) - at
    return None


def _rw2_end(main: tiff.Folder) -> int:
    """Return the end of Panasonic's data. Its StripByteCounts mean unpacked pixels, so pixels decide."""
    pixels = number(main, _RW2_WIDTH) * number(main, _RW2_HEIGHT)
    if number(main, _RW2_FORMAT) >= _RW2_VARIABLE_FORMAT:
        pixels = 0
    return number(main, _RW2_DATA_AT) + pixels // _RW2_DENSEST_PIXELS * _RW2_GROUP_BYTES


def _sensor_data_end(blob: bytes) -> int:
    """Return the end of the last strip or tile of sensor data in a TIFF kin.

    Lengths count for DNGs alone: their specification is kept, other makers' lengths are sometimes
    those of the unpacked data.
    """
    folders = list(tiff.folders(blob))
    lengths_count = is_dng(folders)
    ends = [0]
    for folder in folders:
        if not holds_sensor_data(folder):
            continue
        for places, lengths in _PLACES_AND_LENGTHS:
            starts = folder[places].integers(most=_PLACE_LIMIT) if places in folder else ()
            counts: tuple[int, ...] = (1,) * len(starts)
            if lengths in folder and lengths_count:
                counts = folder[lengths].integers(most=_PLACE_LIMIT)
            ends += [start + count for start, count in zip(starts, counts, strict=False)]
    return max(ends)
