"""Measures the queue's database: its pages, its size, its backups, and what failed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import anyio
from anyio import CapacityLimiter, to_thread
from anyio.abc import TaskStatus

from darkroomd.core.checks.records import (
    Copies,
    Database,
    Pages,
    backup_check,
    database_check,
    failures_check,
    missing_check,
)
from darkroomd.core.status import Check
from darkroomd.services.backups import Backups
from darkroomd.services.disks import Disks
from darkroomd.services.health_probes import Probe
from darkroomd.store.inspection import Inspection, Scan, scan_pages, sizes_of
from darkroomd.store.store import Store

USEC: Final = 1_000_000
DAY_USEC: Final = 86_400_000_000
SCAN_SECONDS: Final = 10.0
"""How long the pages of a large database are looked at: some gigabytes that are in memory."""

DISK_SECONDS: Final = 2.0
"""How long the disk of the state folder may take to say how large the database is."""

SCAN_KEPT_SECONDS: Final = 3_600.0
SCAN_WAITED_FOR_SECONDS: Final = 0.3


class Records:
    """Looks at the database at `path`, which `store` holds open."""

    def __init__(
        self, store: Store, inspection: Inspection, path: Path, *, now_usec: Callable[[], int]
    ) -> None:
        self._store = store
        self._inspection = inspection
        self._path = path
        self._now_usec = now_usec
        self._pages = Probe(self._scan, keep_seconds=SCAN_KEPT_SECONDS)
        self._one_scan = CapacityLimiter(1)
        self._disks = Disks(patience_seconds=DISK_SECONDS)

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Look at the pages when that is asked for, until cancelled."""
        await self._pages.run(task_status=task_status)

    async def examine(self) -> tuple[Check, ...]:
        """Look at size and soundness; raise `OSError` where the disk refuses, or does not answer."""
        sizes = await self._disks.do(self._path.parent, partial(sizes_of, self._path))
        if sizes is None:
            return (missing_check(self._path),)
        kept = await self._pages.newest(within_seconds=SCAN_WAITED_FOR_SECONDS)
        pages = None
        if kept is not None:
            ago = anyio.current_time() - kept.at
            pages = Pages(problem=kept.answer.problem, complete=kept.answer.complete, ago_seconds=ago)
        damage = None if self._store.damage is None else self._store.damage.message
        return (database_check(Database(sizes.database, sizes.log, damage=damage, pages=pages)),)

    async def failures(self) -> tuple[Check, ...]:
        """Look at what failed in the last day."""
        failed = await self._inspection.failures(since_usec=self._now_usec() - DAY_USEC)
        return (failures_check(failed),)

    async def _scan(self) -> Scan:
        look = partial(scan_pages, self._path, seconds=SCAN_SECONDS)
        return await to_thread.run_sync(look, limiter=self._one_scan, abandon_on_cancel=True)


def backup_examination(backups: Backups, *, now_usec: Callable[[], int]) -> Callable[[], Sequence[Check]]:
    """Return what tells how it stands with the backups."""

    def examine() -> Sequence[Check]:
        standing = backups.standing
        age = None if standing.newest_at is None else now_usec() / USEC - standing.newest_at.timestamp()
        copies = Copies(standing.folder, wanted=backups.is_wanted, age_seconds=age, problem=standing.problem)
        return (backup_check(copies),)

    return examine
