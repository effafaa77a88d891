"""What the next photo will need, had ready before its turn: a worker, and its bytes in memory.

All of it is a kindness: where it fails, the photo is developed as well, only later.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

import anyio
import structlog
from anyio.abc import TaskStatus

from darkroom.errors import DarkroomError
from darkroomd.core.model import Happening
from darkroomd.files.read_ahead import read_ahead
from darkroomd.services.disks import Disks
from darkroomd.services.executor import Executor
from darkroomd.services.gatekeeper import Gatekeeper
from darkroomd.store.line import Line

PATIENCE_SECONDS: Final = 5.0
"""For a disk to take note: one that needs longer has enough to do."""

log = structlog.get_logger()


class Foresight:
    """Starts a worker while a photo arrives, and reads the next photo while another is developed."""

    def __init__(self, line: Line, executor: Executor, gate: Gatekeeper, disks: Disks) -> None:
        self._line = line
        self._executor = executor
        self._gate = gate
        self._disks = disks
        self._arriving = anyio.Event()
        self._reading = anyio.Event()
        self._read: Path | None = None

    def notice(self, happening: Happening) -> None:
        """Remember what is to be had ready."""
        if happening.kind == "photo.arriving":
            self._arriving.set()
        elif happening.kind == "progress" and happening.percent:
            # Beyond the very beginning the running photo has been read, and the disk has nothing to do.
            self._reading.set()

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Work until cancelled."""
        async with anyio.create_task_group() as both:
            both.start_soon(self._keep_warm)
            both.start_soon(self._keep_reading)
            task_status.started()

    async def _keep_warm(self) -> None:
        while True:
            await self._arriving.wait()
            self._arriving = anyio.Event()
            if self._gate.permission().least_priority is not None:
                await self._executor.warm()

    async def _keep_reading(self) -> None:
        while True:
            await self._reading.wait()
            self._reading = anyio.Event()
            try:
                await self._read_next()
            except (OSError, DarkroomError) as error:
                log.debug("read_ahead_failed", problem=str(error))

    async def _read_next(self) -> None:
        least_priority = self._gate.permission().least_priority
        if least_priority is None:
            return
        raw = await self._line.next_raw(least_priority=least_priority)
        if raw is not None and raw != self._read:
            self._read = raw
            await self._disks.do(raw, partial(read_ahead, raw), patience_seconds=PATIENCE_SECONDS)
            log.debug("read_ahead", raw=str(raw))
