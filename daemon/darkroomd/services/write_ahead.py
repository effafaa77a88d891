"""Keeps the write-ahead log of the database bounded, and says so when somebody else keeps it from that."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import anyio
import structlog
from anyio import to_thread
from anyio.abc import TaskStatus

from darkroom.errors import DarkroomError
from darkroomd.store.database import LOG_LIMIT_BYTES
from darkroomd.store.write_ahead import fold_log, log_bytes

LARGE_BYTES: Final = 2 * LOG_LIMIT_BYTES
"""A log that is larger did not become small by itself."""

LOOK_SECONDS: Final = 60.0
ROUNDS_UNTIL_SAID: Final = 3
"""A backup, and whoever lists much, may hold the log for a while."""

log = structlog.get_logger()


class WriteAhead:
    """Folds a log that has grown large into the database, as soon as nobody needs it any more."""

    def __init__(self, database: Path, *, large_bytes: int = LARGE_BYTES) -> None:
        self._database = database
        self._large_bytes = large_bytes
        self._rounds_held = 0

    @property
    def problem(self) -> str | None:
        """Why the log is large, in a sentence; None: it is not."""
        if self._rounds_held < ROUNDS_UNTIL_SAID:
            return None
        return (
            f"The write-ahead log of {self._database} is large and cannot become smaller, since a program "
            "has been reading the database for a long time. End what has it open, such as sqlite3."
        )

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Look after the log until cancelled."""
        task_status.started()
        while True:
            await anyio.sleep(LOOK_SECONDS)
            await self.attend()

    async def attend(self) -> None:
        """Look once; what the disk refuses is left for the next time."""
        try:
            await to_thread.run_sync(self._attend)
        except (DarkroomError, OSError) as error:
            log.warning("log_not_folded", message=str(error))

    def _attend(self) -> None:
        size_bytes = log_bytes(self._database)
        if size_bytes <= self._large_bytes:
            self._rounds_held = 0
        elif fold_log(self._database):
            self._rounds_held = 0
            log.info("log_folded", bytes=size_bytes)
        else:
            self._rounds_held += 1
            if self._rounds_held == ROUNDS_UNTIL_SAID:
                log.warning("log_held", message=self.problem, bytes=size_bytes)
