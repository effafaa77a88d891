"""When background work may run: windows on the clock on the wall, over midnight and through its jumps.

A window is open whenever the local clock shows a time in it. Where the clock is put forward, a window inside
the hour that is left out does not open that day; where it is put back, one inside the hour that comes twice
opens twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

HOUR: Final = 60
DAY: Final = 24 * HOUR

_WINDOW: Final = re.compile(r"\s*(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s*", re.ASCII)

# Every day has an open and a closed part, but a clock may leave out a whole day, as in Samoa in 2011.
_FARTHEST: Final = timedelta(days=8)

# No real clock jumps twice within it.
_PROBE: Final = timedelta(hours=1)

_FINEST: Final = timedelta(microseconds=1)


class WindowInvalid(ValueError):
    """A text that names no window of time.

    Attributes:
        text: as it was given.
        problem: what is wrong and what would be right, as a part of a sentence.
    """

    def __init__(self, text: str, problem: str) -> None:
        super().__init__(f"The window {text!r} is not right: {problem}.")
        self.text = text
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a day in minutes after midnight by the clock on the wall; the end is not part of it."""

    start_minute: int
    end_minute: int


@dataclass(frozen=True, slots=True)
class Windows:
    """The parts of each day in which work may run: in order, none touching another. None at all: always."""

    spans: tuple[Span, ...] = ()

    @property
    def never_close(self) -> bool:
        """Whether there is no time at which they are closed."""
        return self.spans in ((), (Span(0, DAY),))


def parse_windows(texts: Iterable[str]) -> Windows:
    """Return the windows written as `"22:00-07:00"`; a window whose ends are equal is the whole day.

    Raises:
        WindowInvalid: for the first text that is no window.
    """
    return Windows(_merged(span for text in texts for span in _parse(text)))


def is_open(windows: Windows, now: datetime) -> bool:
    """Tell whether work may run at `now`, an aware time in the zone whose clock counts."""
    assert now.tzinfo is not None
    minute = now.hour * HOUR + now.minute
    return not windows.spans or any(span.start_minute <= minute < span.end_minute for span in windows.spans)


def next_change(windows: Windows, now: datetime) -> datetime | None:
    """Return the first instant after `now` at which the windows open or close; None if they never do.

    Args:
        windows: by the clock of the zone that `now` is in.
        now: an aware time.

    Returns:
        A time in UTC: two times of one zone with jumps could be neither compared nor subtracted safely.
    """
    assert now.tzinfo is not None
    if windows.never_close:
        return None
    at = now.astimezone(UTC)
    end = at + _FARTHEST
    while at < end:
        at = _next_candidate(windows, at, now.tzinfo)
        if is_open(windows, at.astimezone(now.tzinfo)) != is_open(windows, now):
            return at
    return None


def _parse(text: str) -> list[Span]:
    found = _WINDOW.fullmatch(text)
    if found is None:
        raise WindowInvalid(text, 'write it as "22:00-07:00"')
    hours_and_minutes = [int(number) for number in found.groups()]
    start = _minute(text, *hours_and_minutes[:2])
    end = _minute(text, *hours_and_minutes[2:])
    if start == DAY:
        raise WindowInvalid(text, "24:00 can only be its end; a window that begins at midnight is from 00:00")
    if start == end:
        return [Span(0, DAY)]
    return [Span(start, end)] if start < end else [Span(start, DAY), Span(0, end)]


def _minute(text: str, hours: int, minutes: int) -> int:
    minute = hours * HOUR + minutes
    if minutes >= HOUR or minute > DAY:
        problem = f"there is no {hours:02}:{minutes:02}; times are 00:00 to 23:59, and 24:00 for an end"
        raise WindowInvalid(text, problem)
    return minute


def _merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for span in sorted(spans, key=lambda span: span.start_minute):
        if merged and span.start_minute <= merged[-1].end_minute:
            last = merged.pop()
            merged.append(Span(last.start_minute, max(last.end_minute, span.end_minute)))
        elif span.start_minute < span.end_minute:
            merged.append(span)
    return tuple(merged)


def _next_candidate(windows: Windows, at: datetime, zone: tzinfo) -> datetime:
    """Return the next instant at which the clock shows an end of a window, shows midnight, or jumps."""
    shown = at.astimezone(zone)
    passed = timedelta(
        hours=shown.hour, minutes=shown.minute, seconds=shown.second, microseconds=shown.microsecond
    )
    minutes = {minute for span in windows.spans for minute in (span.start_minute, span.end_minute)} | {DAY}
    waits = (timedelta(minutes=minute) - passed for minute in minutes)
    reached = at + min(wait for wait in waits if wait > timedelta())
    return _first_jump(at, reached, zone) or reached


def _first_jump(after: datetime, until: datetime, zone: tzinfo) -> datetime | None:
    """Return the first instant in this stretch from which on the clock goes by another offset."""
    while after < until:
        probe = min(after + _PROBE, until)
        if _offset(probe, zone) != _offset(after, zone):
            return _jump_between(after, probe, zone)
        after = probe
    return None


def _jump_between(before: datetime, after: datetime, zone: tzinfo) -> datetime:
    old = _offset(before, zone)
    while after - before > _FINEST:
        middle = before + (after - before) // 2
        if _offset(middle, zone) == old:
            before = middle
        else:
            after = middle
    return after


def _offset(at: datetime, zone: tzinfo) -> timedelta | None:
    return at.astimezone(zone).utcoffset()
