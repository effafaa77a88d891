"""Writes the figures to a file now and then, for a collector that reads it."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

import anyio
import structlog
from anyio.abc import TaskStatus

from darkroomd.files.replacing import remove_file, replace_file
from darkroomd.services.disks import Disks

ROUND_SECONDS: Final = 15.0
"""Between two times: as often as a collector usually asks."""

DISK_SECONDS: Final = 5.0
MODE: Final = 0o644

log = structlog.get_logger()


class MetricsFile:
    """Keeps a file up to date while the daemon runs, and takes it away when that stops.

    Args:
        gather: returns the figures as text.
        path: of the file; None: there is none.
        round_seconds: between two times.
    """

    def __init__(
        self,
        gather: Callable[[], Awaitable[str]],
        path: Path | None,
        *,
        round_seconds: float = ROUND_SECONDS,
    ) -> None:
        self._gather = gather
        self._path = path
        self._round_seconds = round_seconds
        self._disks = Disks(patience_seconds=DISK_SECONDS)
        self._changed = anyio.Event()
        self._is_troubled = False
        self._written: Path | None = None

    def adopt(self, path: Path | None) -> None:
        """Keep this file up to date from now on; the one before is taken away."""
        if path != self._path:
            self._changed.set()
            self._changed = anyio.Event()
            self._path = path

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Keep the file up to date until cancelled."""
        task_status.started()
        while True:
            path, changed = self._path, self._changed
            if path is None:
                await changed.wait()
                continue
            try:
                await self._keep(path, changed)
            finally:
                with anyio.move_on_after(DISK_SECONDS, shield=True):
                    await self._remove(path)

    async def _keep(self, path: Path, changed: anyio.Event) -> None:
        while not changed.is_set():
            await self.write(path)
            with anyio.move_on_after(self._round_seconds):
                await changed.wait()

    async def write(self, path: Path) -> None:
        """Write the figures of this moment; what the disk refuses is told once, and tried again next time."""
        data = (await self._gather()).encode()
        try:
            await self._disks.do(path.parent, partial(replace_file, path, data, mode=MODE))
        except OSError as error:
            if not self._is_troubled:
                log.warning("metrics_not_written", path=str(path), problem=os.strerror(error.errno or 0))
            self._is_troubled = True
            return
        self._written = path
        if self._is_troubled:
            log.info("metrics_written_again", path=str(path))
        self._is_troubled = False

    async def _remove(self, path: Path) -> None:
        # A collector would go on telling how it was. What is not ours is nobody's to remove.
        if path != self._written:
            return
        with suppress(OSError):
            await self._disks.do(path.parent, partial(remove_file, path))
