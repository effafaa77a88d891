"""Keeps history bounded: what ended long ago is forgotten, a little at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import anyio
import structlog
from anyio.abc import TaskStatus

from darkroom.errors import DarkroomError
from darkroomd.sections import HistorySection
from darkroomd.store.pruning import Pruning

ROUND_SECONDS: Final = 3600.0
"""Between two rounds: what is kept for weeks need not be dropped to the minute."""

DAY_USEC: Final = 86_400_000_000

log = structlog.get_logger()


class Housekeeping:
    """Forgets what is older, or more, than is to be kept."""

    def __init__(self, pruning: Pruning, bounds: HistorySection, *, now_usec: Callable[[], int]) -> None:
        self._pruning = pruning
        self._bounds = bounds
        self._now_usec = now_usec

    def adopt(self, bounds: HistorySection) -> None:
        """Keep history within these bounds from the next round on."""
        self._bounds = bounds

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Tidy up now and then until cancelled."""
        task_status.started()
        while True:
            await self.tidy()
            await anyio.sleep(ROUND_SECONDS)

    async def tidy(self) -> None:
        """Forget what is too old or too much; what the disk refuses is left for the next round."""
        try:
            await self._prune()
        except DarkroomError as error:
            log.warning("history_not_tidied", code=error.code, message=error.message)

    async def _prune(self) -> None:
        now, bounds, pruning = self._now_usec(), self._bounds, self._pruning
        jobs = await pruning.jobs(
            ended_before_usec=_days_before(now, bounds.job_days), items=bounds.items, now_usec=now
        )
        lines = await pruning.log_lines(before_usec=_days_before(now, bounds.log_days), keep=bounds.log_lines)
        facts = await pruning.facts(before_usec=_days_before(now, bounds.event_days), keep=bounds.events)
        samples = await pruning.samples(
            before_usec=_days_before(now, bounds.sample_days), keep=bounds.samples
        )
        dropped = {"jobs": jobs.jobs, "items": jobs.items, "log_lines": lines, "events": facts}
        if any(dropped.values()) or samples:
            log.info("history_tidied", **dropped, samples=samples)


def _days_before(now_usec: int, days: float) -> int:
    return now_usec - round(days * DAY_USEC)
