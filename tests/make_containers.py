"""Makers of RAW containers with tags and without pictures, as each maker of cameras lays them out."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from darkroomd.imaging import tags, tiff
from darkroomd.imaging.decoder import ShotFacts
from darkroomd.imaging.tiff import Block, Field

SILENT = ShotFacts(iso=0, exposure_seconds=0, f_number=0, focal_length_mm=0, taken_at=None)
"""A decoder that knows nothing of the shot."""

DATE = "2024:05:04 10:30:15"

CR3_FOLDERS = bytes.fromhex("85c0b687820f11e08111f4ce462b6a48")


def shot_at(date: str, *, zone: str = "", subseconds: str = "") -> list[Field]:
    """Return the fields of a date of capture."""
    said = ((tags.TAKEN_AT, date), (tags.OFFSET_TAKEN, zone), (tags.SUBSECONDS_TAKEN, subseconds))
    return [tiff.text(tag, text) for tag, text in said if text]


def block_of(main: Sequence[Field], *, exif: Sequence[Field] = (), gps: Sequence[Field] = ()) -> bytes:
    """Return a TIFF block of these folders."""
    block = Block()
    links = [
        tiff.long(tag, block.add(fields))
        for tag, fields in ((tiff.EXIF_FOLDER, exif), (tiff.GPS_FOLDER, gps))
        if fields
    ]
    return block.finish(first=block.add([*main, *links]))


@dataclass(frozen=True, slots=True)
class Said:
    """What a camera says of a shot, by folder."""

    main: tuple[Field, ...] = (tiff.text(tags.MAKE, "Canon"),)
    exif: tuple[Field, ...] = (tiff.short(tags.ISO, 800),)
    gps: tuple[Field, ...] = (tiff.text(1, "N"),)

    def block(self) -> bytes:
        """Return all of it as one TIFF block."""
        return block_of(self.main, exif=self.exif, gps=self.gps)


def box(kind: bytes, content: bytes) -> bytes:
    """Return a box of ISO's base media file format (14496-12)."""
    return struct.pack(">I4s", len(content) + 8, kind) + content


def cr3(said: Said) -> bytes:
    """Return Canon's CR3: a block of tags in a box for each folder."""
    folders = {b"CMT1": said.main, b"CMT2": said.exif, b"CMT3": (), b"CMT4": said.gps}
    boxes = b"".join(box(kind, block_of(fields)) for kind, fields in folders.items())
    moov = box(b"moov", box(b"uuid", CR3_FOLDERS + boxes))
    return box(b"ftyp", b"crx \0\0\0\1crx isom") + moov + box(b"mdat", bytes(500))


def jpeg_with_exif(block: bytes) -> bytes:
    """Return a JPEG's segments before its picture, Exif being the second."""
    segments = ((0xE0, b"JFIF\0\1\2\0\0\1\0\1\0\0"), (0xE1, b"Exif\0\0" + block))
    framed = b"".join(struct.pack(">BBH", 0xFF, mark, len(body) + 2) + body for mark, body in segments)
    return b"\xff\xd8" + framed + b"\xff\xda"


def raf(said: Said) -> bytes:
    """Return Fuji's RAF: all tags are in the embedded JPEG."""
    jpeg = jpeg_with_exif(said.block())
    header = b"FUJIFILMCCD-RAW 0201FF393101X-T1".ljust(84, b"\0") + struct.pack(">2I", 160, len(jpeg))
    header = header.ljust(100, b"\0") + struct.pack(">2I", 160 + len(jpeg), 1_000)
    return header.ljust(160, b"\0") + jpeg + bytes(1_000)


def rw2(said: Said) -> bytes:
    """Return Panasonic's RW2: make and model in the file, the rest in its embedded JPEG."""
    jpeg = tiff.raw_bytes(46, jpeg_with_exif(said.block()), kind=tiff.UNDEFINED)
    return b"IIU\0" + block_of([*said.main, jpeg])[4:]


def orf(said: Said) -> bytes:
    """Return Olympus' ORF: TIFF but for its magic."""
    return b"IIRO" + said.block()[4:]


CONTAINERS: Final[Mapping[str, Callable[[Said], bytes]]] = {
    "cr3": cr3,
    "raf": raf,
    "rw2": rw2,
    "orf": orf,
    "nef": Said.block,
}
"""How each maker lays out the same words, by the file's suffix."""

TOLD: Final = Said(
    main=(
        tiff.text(tags.MAKE, "Maker"),
        tiff.text(tags.MODEL, "Maker One"),
        tiff.text(tags.CHANGED_AT, "2024:05:04 10:30:16"),
        tiff.text(tags.ARTIST, "Ann Artist"),
        tiff.text(tags.COPYRIGHT, "(c) Ann"),
    ),
    exif=(
        *shot_at(DATE, zone="+02:00", subseconds="25"),
        tiff.text(tags.DIGITIZED_AT, DATE),
        tiff.text(tags.SUBSECONDS_DIGITIZED, "26"),
        tiff.rational(tags.EXPOSURE_TIME, Fraction(1, 250)),
        tiff.rational(tags.F_NUMBER, Fraction(28, 10)),
        tiff.short(tags.ISO, 800),
        tiff.signed_rational(tags.BIAS, Fraction(-2, 3)),
        tiff.rational(tags.FOCAL_LENGTH, Fraction(35)),
        tiff.short(37383, 5),
        tiff.short(37385, 16),
        tiff.rational(tags.LENS_RANGE, Fraction(24), Fraction(70), Fraction(28, 10), Fraction(4)),
        tiff.text(tags.LENS_MODEL, "Maker 24-70mm"),
        tiff.text(37500, "maker's notes"),
        tiff.text(42033, "serial number"),
    ),
    gps=(
        tiff.text(1, "S"),
        tiff.rational(2, Fraction(33), Fraction(51), Fraction(2448, 100)),
        tiff.text(3, "E"),
        tiff.rational(4, Fraction(151), Fraction(12), Fraction(5508, 100)),
        tiff.raw_bytes(5, b"\0"),
        tiff.rational(6, Fraction(58)),
        tiff.rational(7, Fraction(8), Fraction(30), Fraction(15)),
        tiff.text(29, "2024:05:04"),
    ),
)
"""A camera that says all that it can, and two things that are nobody's business."""
