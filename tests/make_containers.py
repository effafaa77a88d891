"""Makers of RAW containers with tags and without pictures, as each maker of cameras lays them out."""

from __future__ import annotations

from collections.abc import Sequence

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
