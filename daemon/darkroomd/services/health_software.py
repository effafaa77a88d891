"""Measures the programs at work: versions, the kernel, and whether a worker process can be started."""

from __future__ import annotations

import platform
from typing import Final

import anyio
from anyio.abc import TaskStatus

from darkroomd.core.checks.software import (
    Decoders,
    WorkerStart,
    kernel_check,
    pipeline_check,
    versions_check,
    worker_check,
)
from darkroomd.core.status import Check
from darkroomd.imaging.version import installed_version, kernel_is_built, pipeline_version
from darkroomd.services.executor import LocalExecutor
from darkroomd.services.health_probes import Probe
from darkroomd.store.inspection import SQLITE_VERSION

DISTRIBUTION: Final = "darkroomd"
LIBRARIES: Final = {
    "rawpy": "rawpy",
    "NumPy": "numpy",
    "Pillow": "pillow",
    "OpenCV": "opencv-python-headless",
}

START_WAITED_FOR_SECONDS: Final = 0.7
"""How long the report waits for a worker that is started for its sake; a later one tells how that went."""

FAILED_START_KEPT_SECONDS: Final = 30.0
"""Before it is tried again because of a report whether a worker starts; photos try more often."""


class Software:
    """Looks at the programs at work; `running` is the version of this daemon."""

    def __init__(self, executor: LocalExecutor, *, running: str) -> None:
        self._executor = executor
        self._running = running
        self._start = Probe(executor.warm, keep_seconds=FAILED_START_KEPT_SECONDS)
        self._libraries = {name: installed_version(library) for name, library in LIBRARIES.items()}

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Start a worker when that is asked for, until cancelled."""
        await self._start.run(task_status=task_status)

    async def examine(self) -> tuple[Check, ...]:
        """Look once; where no worker was started yet, or the last one did not get ready, start one."""
        start = self._last_start()
        if start is None or start.problem is not None:
            await self._start.newest(within_seconds=START_WAITED_FOR_SECONDS)
            start = self._last_start()
        decoders = None if start is None else start.decoders
        return (
            pipeline_check(pipeline_version()),
            kernel_check(built=kernel_is_built()),
            worker_check(start),
            self._versions(decoders),
        )

    def _last_start(self) -> WorkerStart | None:
        return self._executor.starts.last()

    def _versions(self, decoders: Decoders | None) -> Check:
        versions = {"Python": platform.python_version(), "SQLite": SQLITE_VERSION, **self._libraries}
        return versions_check(versions, running=self._running, installed=_installed(), decoders=decoders)


def _installed() -> str | None:
    """Return the version that would be started now: an update does not change what runs."""
    try:
        return installed_version(DISTRIBUTION)
    except ModuleNotFoundError:
        return None
