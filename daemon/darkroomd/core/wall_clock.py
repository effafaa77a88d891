"""The time of a photo as the clock on the wall had it where it was taken: what names and texts say."""

from __future__ import annotations

from typing import Final

from darkroomd.core.model import Photo

LONGEST_ZONE_MINUTES: Final = 24 * 60
"""No place is further from UTC."""

_MINUTE_USEC: Final = 60_000_000


def wall_clock_usec(photo: Photo) -> int | None:
    """Return when a photo was taken by its own wall clock, in microseconds from the epoch of its zone.

    That is what reads right when it is taken for UTC. The corrected time counts, else the camera's; None
    where neither is known. A camera that told no offset is taken to have been set to UTC.
    """
    taken_usec = photo.captured_at_usec if photo.corrected_at_usec is None else photo.corrected_at_usec
    return in_zone(taken_usec, photo.zone_minutes)


def in_zone(at_usec: int | None, zone_minutes: int | None) -> int | None:
    """Return a point in time as the clocks of a zone show it; without a known offset they show UTC."""
    return None if at_usec is None else at_usec + (zone_minutes or 0) * _MINUTE_USEC
