"""What the camera says of the shot: read from any container and cleaned. `imaging.exif` writes it.

Maker's notes, previews and serial numbers do not pass. Hostile tags cost themselves, never the photo.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from darkroomd.imaging import ciff, clock, tags, tiff
from darkroomd.imaging.ciff import CiffFacts
from darkroomd.imaging.containers import TagFolders, tag_folders
from darkroomd.imaging.decoder import ShotFacts
from darkroomd.imaging.tiff import Field


@dataclass(frozen=True, slots=True)
class Metadata:
    """Clean tags by folder, as fields of an output's Exif.

    Attributes:
        camera: make and model, or empty.
        captured_at_usec: microseconds since the epoch; without a known offset the camera's clock is
            taken for UTC. None if the file says nothing.
        zone_minutes: the camera's offset from UTC; None if the file says no date or no offset.
        warnings: a line for people if tags were left out because they make no sense.
    """

    main: Mapping[int, Field]
    exif: Mapping[int, Field]
    gps: Mapping[int, Field]
    camera: str = ""
    captured_at_usec: int | None = None
    zone_minutes: int | None = None
    warnings: tuple[str, ...] = ()


def read_metadata(blob: bytes, facts: ShotFacts) -> Metadata:
    """Return what the file says of the shot; `facts` fills in where the container says nothing."""
    folders = tag_folders(blob)
    canon = ciff.read_facts(blob)
    # TIFF/EP files such as Kodak's and Leica's have what belongs to Exif in the main folder.
    said = {**folders.main, **folders.exif}
    main = {**dict(_canon_names(canon)), **tags.checked(folders.main, tags.MAIN_CHECKS)}
    stood_in = {tag: field for tag, field in _from_facts(canon, facts) if tag not in said}
    exif = clock.dated({**stood_in, **tags.checked(said, tags.EXIF_CHECKS)}, main)
    return Metadata(
        main=main,
        exif=exif,
        gps=_position(folders),
        camera=_camera(tags.text_of(main, tags.MAKE), tags.text_of(main, tags.MODEL)),
        captured_at_usec=clock.captured_at(exif),
        zone_minutes=clock.zone_minutes(exif),
        warnings=_warnings(
            *tags.junk(folders.main, tags.MAIN_CHECKS),
            *tags.junk(said, tags.EXIF_CHECKS),
            *tags.junk(folders.gps, tags.GPS_CHECKS),
        ),
    )


def _warnings(*junk: int) -> tuple[str, ...]:
    named = ", ".join(str(tag) for tag in junk)
    return (f"metadata: tags that make no sense were left out: {named}",) if junk else ()


def _canon_names(canon: CiffFacts) -> Iterator[tuple[int, Field]]:
    for tag, name in ((tags.MAKE, canon.make), (tags.MODEL, canon.model)):
        if name and tags.clean_text(name):
            yield tag, tiff.text(tag, tags.clean_text(name))


def _from_facts(canon: CiffFacts, facts: ShotFacts) -> Iterator[tuple[int, Field]]:
    """Yield exposure and date by other words than Exif's own."""
    exposure = _fraction(canon.exposure_seconds) or _fraction(facts.exposure_seconds)
    aperture = _fraction(canon.f_number) or _fraction(facts.f_number)
    numbers = (
        (tags.EXPOSURE_TIME, exposure),
        (tags.F_NUMBER, aperture),
        (tags.FOCAL_LENGTH, _fraction(facts.focal_length_mm)),
    )
    yield from ((tag, tiff.rational(tag, number)) for tag, number in numbers if number)
    if canon.bias_ev is not None:
        yield tags.BIAS, tiff.signed_rational(tags.BIAS, Fraction(canon.bias_ev).limit_denominator(6))
    if canon.focal_lengths_mm is not None:
        yield tags.LENS_RANGE, _lens_range(*canon.focal_lengths_mm)
    if tags.clean_text(facts.lens):
        yield tags.LENS_MODEL, tiff.text(tags.LENS_MODEL, tags.clean_text(facts.lens))
    if 1 <= facts.iso <= tags.SHORT_LIMIT:
        yield tags.ISO, tiff.short(tags.ISO, round(facts.iso))
    taken_at = canon.taken_at or facts.taken_at
    if taken_at is not None:
        yield tags.TAKEN_AT, tags.date_field(tags.TAKEN_AT, taken_at)


def _lens_range(shortest_mm: float, longest_mm: float) -> Field:
    ends = (Fraction(round(length * 10), 10) for length in (shortest_mm, longest_mm))
    lengths = b"".join(struct.pack("<2I", *end.as_integer_ratio()) for end in ends)
    return Field(tags.LENS_RANGE, tiff.RATIONAL, 4, lengths + bytes(16))


_REASONABLE: Final = (1e-7, 1e5)
"""Exposure times, f-numbers and focal lengths beyond are junk."""


def _fraction(number: float | None) -> Fraction | None:
    """Return a positive number as photographers write it: 1/60 rather than 0.016674, else tenths."""
    if number is None or not math.isfinite(number) or not _REASONABLE[0] <= number <= _REASONABLE[1]:
        return None
    return Fraction(1, round(1 / number)) if number < 0.3 else Fraction(round(number * 10), 10)  # noqa: PLR2004 - a third of a second is written 0.3


def _camera(make: str, model: str) -> str:
    """Return make and model, the maker's name once: many models begin with a word of it."""
    first = re.split(r"\W", model.lower(), maxsplit=1)[0]
    return model if first in make.lower().split() else f"{make} {model}".strip()


def _position(folders: TagFolders) -> dict[int, Field]:
    """Return the position, or nothing unless all four parts of it are sound."""
    gps = tags.checked(folders.gps, tags.GPS_CHECKS)
    if not all(tag in gps for tag in tags.LATITUDE_AND_LONGITUDE):
        return {}
    if tags.ALTITUDE_REFERENCE in gps:
        gps[tags.ALTITUDE_REFERENCE] = replace(gps[tags.ALTITUDE_REFERENCE], kind=tiff.BYTE)
    return gps | {0: tiff.raw_bytes(0, b"\2\3\0\0")}
