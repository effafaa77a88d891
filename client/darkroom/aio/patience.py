"""Waiting for a daemon that went away."""

from __future__ import annotations

import time

import anyio

from darkroom.client.patience import SILENCE_SECONDS, Endurance
from darkroom.errors import DarkroomError

__all__ = ["SILENCE_SECONDS", "Patience"]


class Patience(Endurance):
    """Waits between the attempts to reach a daemon."""

    async def wait_after(self, error: DarkroomError, *, until: float | None = None) -> None:
        """Wait before the next attempt, or until a moment of the monotonic clock if that comes first.

        Raises:
            DarkroomError: the one given, where patience is at its end.
        """
        seconds = self.seconds_after(error)
        await anyio.sleep(seconds if until is None else max(0.0, min(seconds, until - time.monotonic())))
