"""Gathers the figures of the daemon, each from whoever knows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import anyio
import structlog

from darkroom.errors import DarkroomError
from darkroomd.core import metrics
from darkroomd.core.openmetrics import Family, Series, exposition
from darkroomd.core.queue_depth import QueueDepth
from darkroomd.core.status import Health
from darkroomd.files.processes import Burden, children_burden, open_files, own_burden
from darkroomd.files.space import Space, space_on
from darkroomd.services.backups import Backups
from darkroomd.services.disks import Disks
from darkroomd.services.executor import LocalExecutor
from darkroomd.services.gatekeeper import Gatekeeper
from darkroomd.services.metering import Meters
from darkroomd.store.figures import FigureBook
from darkroomd.store.inspection import Sizes, sizes_of

USEC: Final = 1_000_000

DISK_SECONDS: Final = 2.0
"""How long the disk of the state folder may take; without it, its figures are left out."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Logged:
    """Lines of the log that were written, by level, and how many could not be."""

    lines: Mapping[str, int]
    lost: int


@dataclass(frozen=True, slots=True)
class _Matter:
    """What the machine was asked, in one go."""

    daemon: Burden
    workers: Burden
    open_files: int | None
    space: Space | None
    sizes: Sizes | None


class Metrics:
    """Answers with all figures as text.

    Args:
        about: who the daemon is.
        pipeline: version of what develops.
        database: path of the queue's database.
        logged: tells of the log.
    """

    def __init__(
        self,
        book: FigureBook,
        depth: QueueDepth,
        meters: Meters,
        *,
        gate: Gatekeeper,
        executor: LocalExecutor,
        backups: Backups,
        about: Health,
        pipeline: str,
        database: Path,
        logged: Callable[[], Logged],
    ) -> None:
        self._book = book
        self._depth = depth
        self._counting = anyio.Lock()
        self._meters = meters
        self._gate = gate
        self._executor = executor
        self._backups = backups
        self._about = about
        self._pipeline = pipeline
        self._database = database
        self._logged = logged
        self._disks = Disks(patience_seconds=DISK_SECONDS)

    async def text(self) -> str:
        """Return the figures of this moment; what cannot be found out is left out."""
        found: dict[Family, Series] = {
            metrics.BUILD: {(self._about.version, self._pipeline): 1},
            metrics.STARTED: {(): self._about.started_at_usec / USEC},
            metrics.WAITING: {(reason,): 1 for reason in self._gate.wait_reasons()},
            **self._meters.series(),
            **self._of_workers(),
            **self._of_log(),
            **self._of_backups(),
            **await self._of_records(),
            **await self._of_machine(),
        }
        figures = [(family, found[family]) for family in metrics.METRICS if family in found]
        return exposition(figures, created=self._about.started_at_usec / USEC)

    def _of_workers(self) -> dict[Family, Series]:
        return {
            metrics.WORKERS: {(): len(self._executor.worker_pids)},
            metrics.WORKER_STARTS: self._executor.starts.outcomes.series(),
            metrics.WORKER_ENDS: self._executor.starts.ends.series(),
        }

    def _of_log(self) -> dict[Family, Series]:
        logged = self._logged()
        return {
            metrics.LOG_LINES: {(level,): count for level, count in logged.lines.items()},
            metrics.LOST_LINES: {(): logged.lost},
        }

    def _of_backups(self) -> dict[Family, Series]:
        newest_at = self._backups.standing.newest_at
        return {} if newest_at is None else {metrics.BACKUP: {(): newest_at.timestamp()}}

    async def _of_records(self) -> dict[Family, Series]:
        try:
            await self._complete_depth()
            figures = await self._book.figures()
        except DarkroomError as error:
            log.warning("figures_incomplete", code=error.code, message=error.message)
            return {}
        return {
            metrics.QUEUE: self._depth.sums(),
            metrics.SESSIONS: {(): figures.sessions},
            metrics.PHOTOS: {(state,): count for state, count in figures.photos.items()},
            metrics.JOURNAL: {(): figures.events},
        }

    async def _complete_depth(self) -> None:
        """Count the jobs that there were when the daemon was started, the first time somebody asks."""
        async with self._counting:
            if not self._depth.is_complete:
                self._depth.begin()
                self._depth.complete(await self._book.live_shares())

    async def _of_machine(self) -> dict[Family, Series]:
        look = partial(_look, self._database, self._executor.worker_pids)
        try:
            matter = await self._disks.do(self._database.parent, look)
        except TimeoutError:
            # The gate, or the health report, has more to say of such a disk.
            return {}
        daemon, workers = matter.daemon, matter.workers
        found: dict[Family, Series] = {
            metrics.MEMORY: {("daemon",): daemon.resident_bytes, ("workers",): workers.resident_bytes},
            metrics.CPU: {("daemon",): daemon.cpu_seconds, ("workers",): workers.cpu_seconds},
        }
        if matter.open_files is not None:
            found[metrics.OPEN_FILES] = {(): matter.open_files}
        if matter.space is not None:
            found[metrics.STATE_FREE] = {(): matter.space.free_bytes}
            found[metrics.STATE_SIZE] = {(): matter.space.size_bytes}
        if matter.sizes is not None:
            sizes = matter.sizes
            found[metrics.DATABASE] = {("database",): sizes.database, ("write-ahead-log",): sizes.log}
        return found


def _look(database: Path, pids: tuple[int, ...]) -> _Matter:
    try:
        sizes = sizes_of(database)
    except OSError:
        sizes = None
    return _Matter(own_burden(), children_burden(pids), open_files(), space_on(database.parent), sizes)
