"""When to look at a folder again: often where nobody tells of changes, rarely where events come."""

from __future__ import annotations

import math
from typing import Final

POLLING_SHARE: Final = 20
"""All folders that are polled together are at rest for that many times as long as they are looked at."""


class ScanPace:
    """The rhythm of one folder, in seconds of the monotonic clock.

    `scan_seconds` is the time between two looks at a folder that events come from; `poll_seconds` is the
    least time between two looks at one that is polled.
    """

    def __init__(self, *, scan_seconds: float, poll_seconds: float) -> None:
        self._scan_seconds = scan_seconds
        self._poll_seconds = poll_seconds
        self._lost_seconds = poll_seconds
        self._at = -math.inf

    @property
    def at(self) -> float:
        """When to look at the folder next."""
        return self._at

    def soon(self) -> None:
        """Look as soon as possible."""
        self._at = -math.inf

    def within(self, seconds: float, *, now: float) -> None:
        """Look at the latest after so many seconds."""
        self._at = min(self._at, now + seconds)

    def found(self, *, now: float, watched: bool, took_seconds: float, polled: int) -> None:
        """Note that the folder was looked at, and how long that took; `polled` counts the polled folders."""
        self._lost_seconds = self._poll_seconds
        if watched:
            self._at = next_on_grid(now, self._scan_seconds)
        else:
            rest = max(self._poll_seconds, POLLING_SHARE * took_seconds * polled)
            self._at = now + min(rest, max(self._scan_seconds, self._poll_seconds))

    def lost(self, *, now: float) -> None:
        """The folder is not there: asked for with growing patience, since it may be gone for good."""
        self._at = now + self._lost_seconds
        self._lost_seconds = min(self._lost_seconds * 2, max(self._scan_seconds, self._poll_seconds))


def retry_wait(before: float, *, refused: bool, first_seconds: float, longest_seconds: float) -> float:
    """Return how long to leave alone what was refused, after having waited `before`; 0 when nothing was."""
    if not refused:
        return 0.0
    return min(max(before * 2, first_seconds), max(longest_seconds, first_seconds))


def next_on_grid(now: float, seconds: float) -> float:
    """Return the next multiple of `seconds`: what is due together wakes an idle daemon up once."""
    return now + seconds - now % seconds
