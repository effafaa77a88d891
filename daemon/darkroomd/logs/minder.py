"""Sees to the log while nothing is logged: what waits to be written, and what was counted."""

from __future__ import annotations

from _thread import get_ident
from typing import Final

import anyio
from anyio.abc import TaskStatus

from darkroomd.logs.repetition import ROUND_SECONDS
from darkroomd.logs.setup import Log

RETRY_SECONDS: Final = 1.0
"""Between two tries to write what is held, where nobody tells when it can be written."""


class LogMinder:
    """Writes what is held once its reader reads again, and the counts of repeated faults each minute."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._thread = get_ident()
        self._held = anyio.Event()

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Mind the log until cancelled."""
        self._log.sink.on_held = self._note_held
        task_status.started()
        try:
            while True:
                with anyio.move_on_after(ROUND_SECONDS):
                    await self._held.wait()
                    await self._write_held()
                self._held = anyio.Event()
                self._log.tidy()
        finally:
            self._log.sink.on_held = lambda: None

    async def _write_held(self) -> None:
        while not self._log.sink.flush():
            try:
                await anyio.wait_writable(self._log.sink.descriptor)
            except OSError:
                # Of some devices the event loop cannot tell.
                await anyio.sleep(RETRY_SECONDS)

    def _note_held(self) -> None:
        # Other threads have to wait for the next round.
        if get_ident() == self._thread:
            self._held.set()
