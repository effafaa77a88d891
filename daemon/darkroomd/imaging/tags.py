"""The Exif tags that reach an output, each with the check that it has to pass.

A check takes a tag and what the file says, and returns the field to write, or None where that makes no
sense. Ranges are generous: they keep junk out, not unusual cameras.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping
from datetime import MAXYEAR, datetime, timedelta
from fractions import Fraction
from typing import Final, TypeAlias

from darkroomd.imaging import tiff
from darkroomd.imaging.tiff import Entry, Field, Folder

Check: TypeAlias = Callable[[int, Entry], Field | None]

MAKE, MODEL, ORIENTATION, SOFTWARE, CHANGED_AT = 271, 272, 274, 305, 306
ARTIST, COPYRIGHT, Y_CB_CR_POSITIONING = 315, 33432, 531
X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 282, 283, 296
EXPOSURE_TIME, F_NUMBER, ISO, FOCAL_LENGTH, BIAS = 33434, 33437, 34855, 37386, 37380
TAKEN_AT, DIGITIZED_AT = 36867, 36868
LENS_RANGE, LENS_MODEL = 42034, 42036
OFFSET, OFFSET_TAKEN, OFFSET_DIGITIZED = 36880, 36881, 36882
SUBSECONDS, SUBSECONDS_TAKEN, SUBSECONDS_DIGITIZED = 37520, 37521, 37522
VERSION, COMPONENTS, FLASHPIX_VERSION, COLOUR_SPACE, WIDTH, HEIGHT = (
    36864,
    37121,
    40960,
    40961,
    40962,
    40963,
)

_TEXT_LIMIT: Final = 200
_LOOKED_AT: Final = 10_000
_MOST_VALUES: Final = 4
"""No tag that is passed on has more."""

_BLANKS: Final = b"\0 :0"
"""What a date or text that was never set consists of."""

_FIRST_YEAR: Final = 1900
"""Clocks that were never set say year 0 or 1."""

_DATE: Final = re.compile(r"(\d{4})[:/.-](\d{2})[:/.-](\d{2})[ T](\d{2}):(\d{2}):(\d{2})", re.ASCII)
_ZONE: Final = re.compile(r"([+-])(\d{2}):?([0-5]\d)", re.ASCII)
_DIGITS: Final = re.compile(r"\d{1,9}", re.ASCII)
_HIGHEST_ZONE_HOURS: Final = 14
SHORT_LIMIT: Final = 65_535


def clean_text(text: str) -> str:
    """Return the printable characters of a string from a file, trimmed and bounded."""
    printable = (mark for mark in text[:_LOOKED_AT] if mark.isprintable())
    return "".join(printable).strip()[:_TEXT_LIMIT].rstrip()


def _text(tag: int, entry: Entry) -> Field | None:
    text = clean_text(entry.text())
    return tiff.text(tag, text) if text else None


def _date(tag: int, entry: Entry) -> Field | None:
    date = parse_date(entry.text())
    return date_field(tag, date) if date else None


def parse_date(text: str) -> datetime | None:
    """Return a camera's date and time, or None where it was never set or makes no sense."""
    match = _DATE.match(text.strip())
    try:
        date = datetime(*(int(part) for part in match.groups())) if match else None  # type: ignore[arg-type] # noqa: DTZ001 - six numbers and no zone
    except ValueError:
        return None
    return date if date is not None and is_reasonable(date) else None


def is_reasonable(date: datetime) -> bool:
    """Tell whether a camera may have seen this day, and every time zone has a date for it."""
    return _FIRST_YEAR <= date.year < MAXYEAR


def date_field(tag: int, date: datetime) -> Field:
    """Return a date as Exif writes it."""
    return tiff.text(tag, f"{date:%Y:%m:%d %H:%M:%S}")


def _zone(tag: int, entry: Entry) -> Field | None:
    zone = parse_zone(entry.text())
    if zone is None:
        return None
    minutes = abs(zone) // timedelta(minutes=1)
    sign = "-" if zone < timedelta() else "+"
    return tiff.text(tag, f"{sign}{minutes // 60:02}:{minutes % 60:02}")


def parse_zone(text: str) -> timedelta | None:
    """Return an offset from UTC such as `+02:00` or `Z`, or None where it makes no sense."""
    if text.strip() == "Z":
        return timedelta()
    match = _ZONE.fullmatch(text.strip())
    if match is None:
        return None
    sign, hours, minutes = match[1], int(match[2]), int(match[3])
    offset = timedelta(hours=hours, minutes=minutes)
    if offset > timedelta(hours=_HIGHEST_ZONE_HOURS):
        return None
    return -offset if sign == "-" else offset


def _digits(tag: int, entry: Entry) -> Field | None:
    text = entry.text().strip()
    return tiff.text(tag, text) if _DIGITS.fullmatch(text) else None


def _code(limit: int, *, lowest: int = 0) -> Check:
    """Check for one whole number from `lowest` to below `limit`."""

    def check(tag: int, entry: Entry) -> Field | None:
        values = entry.integers(most=1)
        return tiff.short(tag, values[0]) if values and lowest <= values[0] < limit else None

    return check


def _between(
    lowest: Fraction | int, highest: Fraction | int, *, count: int = 1, signed: bool = False
) -> Check:
    """Check for so many fractions within bounds, both included."""

    def check(tag: int, entry: Entry) -> Field | None:
        values = entry.fractions(most=count)
        if len(values) < count or not all(lowest <= value <= highest for value in values):
            return None
        return tiff.signed_rational(tag, *values) if signed else tiff.rational(tag, *values)

    return check


def _lens_range(tag: int, entry: Entry) -> Field | None:
    """Check for the shortest and longest focal length and the f-numbers there, 0/0 where not known."""
    pairs = entry.quotients(most=_MOST_VALUES)
    known = [Fraction(over, under) for over, under in pairs if under]
    is_sound = all(0 <= value <= _LONGEST_LENS for value in known) and all(
        over == 0 for over, under in pairs if not under
    )
    if entry.kind != tiff.RATIONAL or len(pairs) < _MOST_VALUES or not any(known) or not is_sound:
        return None
    return Field(tag, tiff.RATIONAL, _MOST_VALUES, b"".join(struct.pack("<2I", *pair) for pair in pairs))


def _one_of(*texts: str) -> Check:
    def check(tag: int, entry: Entry) -> Field | None:
        text = entry.text().strip()
        return tiff.text(tag, text) if text in texts else None

    return check


_LONGEST_LENS: Final = 100_000
"""In millimetres; f-numbers are less."""

_TINY: Final = Fraction(1, 10_000_000)

MAIN_CHECKS: Final[Mapping[int, Check]] = {
    MAKE: _text,
    MODEL: _text,
    CHANGED_AT: _date,
    ARTIST: _text,
    COPYRIGHT: _text,
}

EXIF_CHECKS: Final[Mapping[int, Check]] = {
    EXPOSURE_TIME: _between(_TINY, 1_000_000),
    F_NUMBER: _between(Fraction(1, 100), 1_000),
    34850: _code(10),  # ExposureProgram
    ISO: _code(SHORT_LIMIT + 1, lowest=1),
    34864: _code(8),  # SensitivityType
    TAKEN_AT: _date,
    DIGITIZED_AT: _date,
    OFFSET: _zone,
    OFFSET_TAKEN: _zone,
    OFFSET_DIGITIZED: _zone,
    BIAS: _between(-30, 30, signed=True),
    37381: _between(0, 30),  # MaxApertureValue
    37383: _code(256),  # MeteringMode
    37384: _code(256),  # LightSource
    37385: _code(256),  # Flash
    FOCAL_LENGTH: _between(Fraction(1, 100), 100_000),
    SUBSECONDS: _digits,
    SUBSECONDS_TAKEN: _digits,
    SUBSECONDS_DIGITIZED: _digits,
    41986: _code(3),  # ExposureMode
    41987: _code(2),  # WhiteBalance
    41989: _code(SHORT_LIMIT + 1, lowest=1),  # FocalLengthIn35mmFilm
    41990: _code(5),  # SceneCaptureType
    LENS_RANGE: _lens_range,
    42035: _text,  # LensMake
    LENS_MODEL: _text,
}

GPS_CHECKS: Final[Mapping[int, Check]] = {
    1: _one_of("N", "S"),
    2: _between(0, 90, count=3),
    3: _one_of("E", "W"),
    4: _between(0, 180, count=3),
    5: _code(2),
    6: _between(0, 1_000_000),
    7: _between(0, 60, count=3),  # time of day, UTC
    12: _one_of("K", "M", "N"),
    13: _between(0, 100_000),  # speed
    14: _one_of("T", "M"),
    15: _between(0, 360),  # direction of movement
    16: _one_of("T", "M"),
    17: _between(0, 360),  # direction of the picture
    18: _text,  # geodetic datum
    23: _one_of("T", "M"),
    24: _between(0, 360),  # bearing of what is seen
    29: _text,  # date, UTC
    31: _between(0, 1_000_000),  # error of the position in metres
}
LATITUDE_AND_LONGITUDE: Final = (1, 2, 3, 4)
ALTITUDE_REFERENCE: Final = 5


def text_of(fields: Mapping[int, Field], tag: int) -> str:
    """Return the text of a field that was checked before, empty where there is none."""
    return fields[tag].payload[:-1].decode("utf-8") if tag in fields else ""


def checked(folder: Folder, checks: Mapping[int, Check]) -> dict[int, Field]:
    """Return the fields of those tags of a folder that have a check and pass it."""
    results = ((tag, check(tag, folder[tag])) for tag, check in checks.items() if tag in folder)
    return {tag: field for tag, field in results if field is not None}


def junk(folder: Folder, checks: Mapping[int, Check]) -> list[int]:
    """Return the tags of a folder that fail their check; empty and zero values only mean "unknown"."""
    return sorted(
        tag
        for tag, check in checks.items()
        if tag in folder and check(tag, folder[tag]) is None and not _is_unknown(folder[tag])
    )


def _is_unknown(entry: Entry) -> bool:
    values = entry.fractions(most=_MOST_VALUES)
    return not bytes(entry.payload[:_TEXT_LIMIT]).strip(_BLANKS) or (bool(values) and not any(values))
