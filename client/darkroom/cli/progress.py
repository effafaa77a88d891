"""How far work is and how fast it goes: counts and moments in, a bar and words out."""

from __future__ import annotations

from collections import deque
from typing import Final

from darkroom.cli import words

_REMEMBERED: Final = 32
"""Ends of which the pace is the mean: enough to be steady, few enough to follow a change of camera."""

_FEWEST: Final = 3
"""A pace that is told has been seen at least so often."""

_LEAST_PERCENT: Final = 3
"""So much has to be made before it tells of the rest."""

_SECONDS_PER_MINUTE: Final = 60
_USEC_PER_SECOND: Final = 1_000_000
_SLOW_PER_MINUTE: Final = 10

BAR_CELLS: Final = 20


class Course:
    """The work since there was last nothing to do. Moments are seconds of one monotonic clock.

    Attributes:
        done: how many items have ended, whatever became of them.
        left: how many are still to be done.
    """

    def __init__(self) -> None:
        self.done = 0
        self.left = 0
        self._idle = True
        self._ends: deque[float] = deque(maxlen=_REMEMBERED)

    def take_end(self, *, now: float) -> None:
        """Take note that an item has ended."""
        self.done += 1
        self.left = max(0, self.left - 1)
        self._ends.append(now)

    def take_left(self, left: int) -> None:
        """Take note of how much is left; what comes when nothing was left is counted anew."""
        if self._idle and left > 0:
            self.done = 0
            self._ends.clear()
        self._idle = left == 0
        self.left = left

    def per_minute(self, *, now: float) -> float | None:
        """Return how many items end in a minute, or None while that is not known."""
        if len(self._ends) < _FEWEST:
            return None
        # Up to now, and not to the last end: a queue that stands still becomes slower.
        passed = max(now - self._ends[0], 1e-3)
        return (len(self._ends) - 1) * _SECONDS_PER_MINUTE / passed

    def pace(self, *, now: float) -> str:
        """Return how many items end in a minute in words; empty while that is not known."""
        pace = self.per_minute(now=now)
        return "" if pace is None else _paced(pace)

    def line(self, *, now: float, remaining_usec: int | None = None) -> str:
        """Return bar, counts, pace and the time left: the daemon's estimate, else one by the pace."""
        total = self.done + self.left
        pace = self.per_minute(now=now)
        if remaining_usec is None and pace and self.left:
            remaining_usec = round(self.left / pace * _SECONDS_PER_MINUTE * _USEC_PER_SECOND)
        parts = [f"{self.done} of {total}"]
        if pace is not None:
            parts.append(_paced(pace))
        if self.left and remaining_usec is not None:
            parts.append(words.time_left(remaining_usec))
        return f"{bar(self.done, of=total)} {', '.join(parts)}"


class Advance:
    """How long work still takes by the percent that it has made since it last began or went on."""

    def __init__(self) -> None:
        self._since: tuple[float, int] | None = None

    def remaining_usec(self, percent: int, *, now: float, goes_on: bool) -> int | None:
        """Return the time left at this percent, or None while too little was made to tell.

        Args:
            percent: 0 to 100.
            now: seconds of one monotonic clock.
            goes_on: False as long as the work waits for something.
        """
        if not goes_on:
            self._since = None
            return None
        if self._since is None:
            self._since = now, percent
        seconds, made = now - self._since[0], percent - self._since[1]
        if made < _LEAST_PERCENT:
            return None
        return round(seconds / made * (100 - percent) * _USEC_PER_SECOND)


def _paced(per_minute: float) -> str:
    return f"{per_minute:.1f} a minute" if per_minute < _SLOW_PER_MINUTE else f"{per_minute:.0f} a minute"


def bar(done: int, *, of: int, cells: int = BAR_CELLS) -> str:
    """Return how much is done as a bar such as `[####------]`: full only when all is."""
    filled = cells if done >= of else cells * max(done, 0) // of
    return f"[{'#' * filled}{'-' * (cells - filled)}]"
