"""The dates of a shot: each has its sub-seconds and its offset from UTC in tags of their own.

A camera that tells no offset is taken to have been set to UTC, here as everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from darkroomd.imaging import tags, tiff
from darkroomd.imaging.tiff import Field

_USEC: Final = timedelta(microseconds=1)
_SECOND_USEC: Final = 1_000_000
_MINUTE: Final = timedelta(minutes=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS: Final = 6
"""Of a second, down to the microsecond."""


@dataclass(frozen=True, slots=True)
class _Dial:
    """The three tags of one date."""

    date: int
    subseconds: int
    offset: int


_TAKEN: Final = _Dial(tags.TAKEN_AT, tags.SUBSECONDS_TAKEN, tags.OFFSET_TAKEN)
_DIGITIZED: Final = _Dial(tags.DIGITIZED_AT, tags.SUBSECONDS_DIGITIZED, tags.OFFSET_DIGITIZED)
_CHANGED: Final = _Dial(tags.CHANGED_AT, tags.SUBSECONDS, tags.OFFSET)
_DIALS: Final = (_TAKEN, _DIGITIZED, _CHANGED)


def dated(exif: Mapping[int, Field], main: Mapping[int, Field]) -> dict[int, Field]:
    """Return Exif's fields with a date of capture, if the file has any date at all.

    Sub-seconds and offset belong to their own date: without it they go. Only a date of the same second
    lends what the date of capture lacks, for then one press of the button set both.
    """
    said = {**main, **exif}
    if tags.TAKEN_AT in exif:
        return {**_lent(said), **exif}
    rest = {tag: field for tag, field in exif.items() if tag not in (_TAKEN.subseconds, _TAKEN.offset)}
    source = next((dial for dial in (_DIGITIZED, _CHANGED) if dial.date in said), None)
    return rest if source is None else {**rest, **_copied(said, source)}


def captured_at(exif: Mapping[int, Field]) -> int | None:
    """Return when the shot was taken, microseconds since the epoch, or None where no field says it."""
    local = _local_usec(exif, _TAKEN)
    return None if local is None else local - _zone_usec(exif)


def zone_minutes(exif: Mapping[int, Field]) -> int | None:
    """Return the offset from UTC of the date of capture, or None where there is no date or no offset."""
    zone = None if _local_usec(exif, _TAKEN) is None else _zone(exif)
    return None if zone is None else zone // _MINUTE


def corrected(fields: Mapping[int, Field], *, captured_at_usec: int | None, at_usec: int) -> dict[int, Field]:
    """Return fields of both folders that say the shot was taken at `at_usec`, in their own time zone.

    The camera's other dates are moved as far; a satellite's time is right as it is. A date that leaves
    the calendar goes. `captured_at_usec` is what the fields said until now.
    """
    if captured_at_usec is None:
        return {**fields, **_set(fields, _TAKEN, at_usec)}
    moved = dict(fields)
    for dial in _DIALS:
        local = _local_usec(fields, dial)
        if local is None:
            continue
        for tag in (dial.date, dial.subseconds):
            moved.pop(tag, None)
        moved |= _set(fields, dial, local + at_usec - captured_at_usec)
    return moved


def _lent(said: Mapping[int, Field]) -> dict[int, Field]:
    taken = tags.text_of(said, _TAKEN.date)
    lent: dict[int, Field] = {}
    for dial in (_CHANGED, _DIGITIZED):
        if tags.text_of(said, dial.date) == taken:
            lent |= _copied(said, dial)
    return lent


def _copied(said: Mapping[int, Field], source: _Dial) -> dict[int, Field]:
    """Return what one date says, under the tags of the date of capture."""
    pairs = (
        (source.date, _TAKEN.date),
        (source.subseconds, _TAKEN.subseconds),
        (source.offset, _TAKEN.offset),
    )
    return {to: tiff.text(to, tags.text_of(said, tag)) for tag, to in pairs if tag in said}


def _local_usec(fields: Mapping[int, Field], dial: _Dial) -> int | None:
    """Return a date as microseconds from the epoch of its own time zone."""
    date = tags.parse_date(tags.text_of(fields, dial.date))
    if date is None:
        return None
    whole = (date.replace(tzinfo=UTC) - _EPOCH) // _USEC
    return whole + _fraction_usec(tags.text_of(fields, dial.subseconds))


def _fraction_usec(digits: str) -> int:
    return int(digits[:_DIGITS].ljust(_DIGITS, "0"))


def _zone_usec(fields: Mapping[int, Field]) -> int:
    return (_zone(fields) or timedelta()) // _USEC


def _zone(fields: Mapping[int, Field]) -> timedelta | None:
    return tags.parse_zone(tags.text_of(fields, _TAKEN.offset))


def _set(fields: Mapping[int, Field], dial: _Dial, local_usec: int) -> dict[int, Field]:
    """Return date and sub-seconds of a moment, nothing where no calendar has it."""
    return dict(_dial_fields(tags.text_of(fields, dial.subseconds), dial, local_usec))


def _dial_fields(digits: str, dial: _Dial, local_usec: int) -> Iterator[tuple[int, Field]]:
    try:
        date = (_EPOCH + local_usec * _USEC).replace(tzinfo=None)
    except OverflowError:
        return
    if not tags.is_reasonable(date):
        return
    yield dial.date, tags.date_field(dial.date, date)
    fraction = local_usec % _SECOND_USEC
    if digits and fraction == _fraction_usec(digits):
        yield dial.subseconds, tiff.text(dial.subseconds, digits)
    elif digits or fraction:
        # As many digits as the camera gave: they tell how well it knew.
        exact = f"{fraction:0{_DIGITS}}".rstrip("0").ljust(min(len(digits), _DIGITS), "0")
        yield dial.subseconds, tiff.text(dial.subseconds, exact or "0")
