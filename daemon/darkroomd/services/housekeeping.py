"""Keeps history bounded: what ended long ago is forgotten, a little at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import anyio
import structlog
from anyio.abc import TaskStatus

from darkroom.errors import DarkroomError
from darkroom.protocol.types import JobState
from darkroomd.store.desk import JobDesk
from darkroomd.store.history import History

ROUND_SECONDS: Final = 3600.0
"""Between two rounds: what is kept for weeks need not be dropped to the minute."""

DAY_USEC: Final = 86_400_000_000
ENDED: Final = (JobState.COMPLETED, JobState.FAILED, JobState.CANCELED)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Retention:
    """How long what is kept.

    Attributes:
        job_days: ended jobs with their items.
        log_lines: newest log lines of photos.
        sample_days: figures of developed photos, which statistics are made from.
    """

    job_days: float = 90.0
    log_lines: int = 100_000
    sample_days: float = 1100.0


class Housekeeping:
    """Forgets what is older than its retention."""

    def __init__(
        self, desk: JobDesk, history: History, retention: Retention, *, now_usec: Callable[[], int]
    ) -> None:
        self._desk = desk
        self._history = history
        self._retention = retention
        self._now_usec = now_usec

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Tidy up now and then until cancelled."""
        task_status.started()
        while True:
            await self.tidy()
            await anyio.sleep(ROUND_SECONDS)

    async def tidy(self) -> None:
        """Forget what is too old; what the disk refuses is left for the next round."""
        now = self._now_usec()
        try:
            jobs = await self._desk.clear(
                states=ENDED, ended_before_usec=now - round(self._retention.job_days * DAY_USEC), now_usec=now
            )
            await self._history.forget(
                samples_before_usec=now - round(self._retention.sample_days * DAY_USEC),
                log_lines=self._retention.log_lines,
            )
        except DarkroomError as error:
            log.warning("history_not_tidied", code=error.code, message=error.message)
            return
        if jobs:
            log.info("history_tidied", jobs=jobs)
