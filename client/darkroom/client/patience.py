"""Waiting for a daemon that went away."""

from __future__ import annotations

import time
from typing import Final

from darkroom.errors import ConnectionLost, DarkroomError

SILENCE_SECONDS: Final = 60.0
"""A connection is taken for lost after this long without a word: the daemon gives a sign every 20 seconds."""

_FIRST_WAIT_SECONDS: Final = 0.05
_LONGEST_WAIT_SECONDS: Final = 2.0


class Endurance:
    """Knows how long to wait between the attempts to reach a daemon, longer each time, and when it is enough.

    A daemon that was never there is not waited for; one that hung up was.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._answered = False
        self._lost_at: float | None = None
        self._wait_seconds = _FIRST_WAIT_SECONDS

    def renew(self) -> None:
        """Take note that the daemon has answered."""
        self._answered = True
        self._lost_at = None

    def seconds_after(self, error: DarkroomError) -> float:
        """Return the seconds until the next attempt; raise the error where patience is at its end."""
        now = time.monotonic()
        if self._lost_at is None:
            self._lost_at = now
            self._wait_seconds = _FIRST_WAIT_SECONDS
        was_there = self._answered or isinstance(error, ConnectionLost)
        if not was_there or now - self._lost_at >= self._seconds:
            raise error
        seconds = self._wait_seconds
        self._wait_seconds = min(seconds * 2, _LONGEST_WAIT_SECONDS)
        return seconds


class Patience(Endurance):
    """Waits between the attempts to reach a daemon."""

    def wait_after(self, error: DarkroomError, *, until: float | None = None) -> None:
        """Wait before the next attempt, or until a moment of the monotonic clock if that comes first.

        Raises:
            DarkroomError: the one given, where patience is at its end.
        """
        seconds = self.seconds_after(error)
        time.sleep(seconds if until is None else max(0.0, min(seconds, until - time.monotonic())))
