"""Remembers how the last start of a worker process went."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import anyio

from darkroomd.core.checks.software import Decoders, WorkerStart
from darkroomd.core.metrics import WORKER_ENDS, WORKER_STARTS
from darkroomd.core.openmetrics import Tally
from darkroomd.imaging.messages import Ready


class WorkerStarts:
    """What all seats know together; times are those of the event loop's clock.

    Attributes:
        outcomes: counts the starts, by "ready" and "failed".
        ends: counts the ends, by why.
    """

    def __init__(self) -> None:
        self.outcomes: Final = Tally(WORKER_STARTS)
        self.ends: Final = Tally(WORKER_ENDS)
        self._last: WorkerStart | None = None
        self._at = 0.0

    def succeeded(self, greeting: Ready, *, seconds: float) -> None:
        """Note that a worker was ready so long after it was started."""
        self.outcomes.add("ready")
        decoders = Decoders(libraw=greeting.libraw, flags=greeting.libraw_flags, jpeg=greeting.jpeg)
        self._note(WorkerStart(seconds=seconds, ago_seconds=0.0, decoders=decoders))

    def failed(self, problem: str, *, seconds: float) -> None:
        """Note why a worker did not get ready, and after how long it was given up."""
        self.outcomes.add("failed")
        self._note(WorkerStart(seconds=seconds, ago_seconds=0.0, problem=problem))

    def last(self) -> WorkerStart | None:
        """Return how the last start went; None: none was tried."""
        if self._last is None:
            return None
        return replace(self._last, ago_seconds=anyio.current_time() - self._at)

    def _note(self, start: WorkerStart) -> None:
        self._last, self._at = start, anyio.current_time()
