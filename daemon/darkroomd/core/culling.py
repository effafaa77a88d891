"""Discarding photos and correcting their times: who may say what, and what follows.

A person discards and restores over the socket; another program does by the rating in an XMP file. Whoever
spoke last is believed, but a file never restores what a person discarded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from darkroom.protocol.types import Failure

BY_USER: Final = "user"
BY_XMP: Final = "xmp"

EARLIEST_USEC: Final = 0
LATEST_USEC: Final = 253_402_300_799_999_999
"""The last microsecond of the year 9999: the last that dates are written for."""

DISCARDED: Final = Failure(
    code="photo.discarded",
    message="The photo is discarded and is not developed. Restore it to have it developed.",
    transient=False,
    context={},
)
"""Why an item was skipped; no failure of its job."""


@dataclass(frozen=True, slots=True)
class At:
    """The photo was taken at this time."""

    at_usec: int


@dataclass(frozen=True, slots=True)
class Offset:
    """The photo was taken so much later (or, below zero, earlier) than the camera says."""

    offset_usec: int


@dataclass(frozen=True, slots=True)
class AsRecorded:
    """The camera is right."""


Correction = At | Offset | AsRecorded


def after_rating(discarded_by: str | None, *, rejected_before: bool, rejected: bool) -> str | None:
    """Return who discards a photo after its XMP files were read; what they said before is no news.

    A photo that a person restored stays so until the rating changes.
    """
    if rejected == rejected_before:
        return discarded_by
    if rejected:
        return discarded_by or BY_XMP
    return None if discarded_by == BY_XMP else discarded_by


def corrected(captured_at_usec: int | None, correction: Correction) -> int | None:
    """Return the corrected time; None: the camera's holds.

    Raises:
        ValueError: there is no camera's time to add to, or the sum is no time that has a date.
    """
    match correction:
        case At(at_usec=at_usec):
            return _dated(at_usec)
        case Offset(offset_usec=offset_usec):
            if captured_at_usec is None:
                raise ValueError("the camera's time is not known")
            return _dated(captured_at_usec + offset_usec)
        case AsRecorded():
            return None


def _dated(at_usec: int) -> int:
    if not EARLIEST_USEC <= at_usec <= LATEST_USEC:
        raise ValueError("the time is before 1970 or after the year 9999")
    return at_usec
