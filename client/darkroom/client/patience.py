"""Waiting for a daemon that went away."""

from __future__ import annotations

import time
from typing import Final

from darkroom.errors import DarkroomError

SILENCE_SECONDS: Final = 60.0
"""A connection is taken for lost after this long without a word: the daemon gives a sign every 20 seconds."""

_FIRST_WAIT_SECONDS: Final = 0.05
_LONGEST_WAIT_SECONDS: Final = 2.0


class Patience:
    """Waits between the attempts to reach a daemon, longer each time, and knows when it is enough.

    A daemon that has never answered is not waited for.
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

    def wait_after(self, error: DarkroomError) -> None:
        """Wait before the next attempt; raise the error where patience is at its end."""
        now = time.monotonic()
        if self._lost_at is None:
            self._lost_at = now
            self._wait_seconds = _FIRST_WAIT_SECONDS
        if not self._answered or now - self._lost_at >= self._seconds:
            raise error
        time.sleep(self._wait_seconds)
        self._wait_seconds = min(self._wait_seconds * 2, _LONGEST_WAIT_SECONDS)
