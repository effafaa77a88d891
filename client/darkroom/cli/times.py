"""Times and durations as people write them: `90s`, `1h30m`, `22:30`, ISO 8601."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, tzinfo
from typing import Final

from darkroom.errors import EXIT_USAGE, DarkroomError

_USEC: Final = 1_000_000
_SECONDS: Final = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}

_LONGEST_USEC: Final = 1000 * 365 * 86_400 * _USEC
"""What is computed with a duration up to this can be held by every implementation of the protocol."""

_PART: Final = r"([0-9]{1,9})(min|[smhdw])"
_DURATION: Final = re.compile(f"(?:{_PART})+")
_TIME_OF_DAY: Final = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")


class TimeUnreadable(DarkroomError):
    """What was given is no time or duration, or none that can be meant."""

    code = "TimeUnreadable"
    exit_status = EXIT_USAGE

    def __init__(self, text: str, what: str) -> None:
        super().__init__(f"{text!r} is not {what}.", text=text)


def duration_usec(text: str) -> int:
    """Return a duration such as `90s`, `10m`, `2h`, `1d` or `1h30m` in microseconds.

    Raises:
        TimeUnreadable: it is none.
    """
    if not _DURATION.fullmatch(text):
        raise TimeUnreadable(text, "a duration such as 90s, 10m, 2h or 1d")
    parts: list[tuple[str, str]] = re.findall(_PART, text)
    usec = sum(int(amount) * _SECONDS[unit] for amount, unit in parts) * _USEC
    if usec > _LONGEST_USEC:
        raise TimeUnreadable(text, "a duration of at most a thousand years")
    return usec


def offset_usec(text: str) -> int:
    """Return a duration with a sign before it, or none, in microseconds.

    Raises:
        TimeUnreadable: it is none.
    """
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    return sign * duration_usec(digits)


def coming_usec(text: str, *, now_usec: int, zone: tzinfo | None = None) -> int:
    """Return the time to come that is meant, in microseconds since the Unix epoch.

    Args:
        text: a duration from now on, a time of day (the next one), or an ISO 8601 date and time.
        now_usec: the present, in microseconds since the Unix epoch.
        zone: of a time that names none; None: that of this system.

    Raises:
        TimeUnreadable: it is none of these, or past.
    """
    if _DURATION.fullmatch(text):
        return now_usec + duration_usec(text)
    meant = _times(text, now_usec=now_usec, zone=zone, other_day=1)
    found = next((usec for usec in meant if usec > now_usec), None)
    if found is None:
        raise TimeUnreadable(text, "a time to come")
    return found


def past_usec(text: str, *, now_usec: int, zone: tzinfo | None = None) -> int:
    """Return the time that is meant, looking back: a duration before now, or the last such time of day.

    Like `coming_usec` otherwise; a date and time may also be to come.
    """
    if _DURATION.fullmatch(text):
        return now_usec - duration_usec(text)
    meant = _times(text, now_usec=now_usec, zone=zone, other_day=-1)
    return next((usec for usec in meant if usec <= now_usec), meant[-1])


def _times(text: str, *, now_usec: int, zone: tzinfo | None, other_day: int) -> list[int]:
    """Return what a time may mean: the time itself, or a time of day today and on another day."""
    try:
        if matched := _TIME_OF_DAY.fullmatch(text):
            hour, minute, second = (int(part or 0) for part in matched.groups())
            today = datetime.fromtimestamp(now_usec // _USEC, tz=zone).replace(tzinfo=None, microsecond=0)
            then = today.replace(hour=hour, minute=minute, second=second)
            return [_usec(then, zone), _usec(then + timedelta(days=other_day), zone)]
        return [_usec(datetime.fromisoformat(text), zone)]
    except (ValueError, OverflowError) as error:
        raise TimeUnreadable(text, "a time such as 22:30, 2024-05-04T22:30 or 2h (s, m, h, d, w)") from error


def _usec(at: datetime, zone: tzinfo | None) -> int:
    """Return the microseconds since the Unix epoch; a time without a zone is one of `zone`."""
    placed = at if at.tzinfo is not None or zone is None else at.replace(tzinfo=zone)
    return round(placed.replace(microsecond=0).timestamp()) * _USEC + at.microsecond
