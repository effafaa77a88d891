"""Archives as jobs fill them: one job at a time in each, and what that knows of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import anyio

from darkroomd.core.archive_plan import ArchivePlan
from darkroomd.core.model import ItemId, JobId, Photo, PhotoId, SessionId
from darkroomd.core.places import FolderIdentity
from darkroomd.store.archived import ArchivedFile


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a job's photos go.

    Attributes:
        photos: all of the job, as they were when their places were found.
        blind: sessions whose folders were away by then, so that not all files of their photos are known.
        identity: of the archive's folder by then.
    """

    plan: ArchivePlan
    photos: Mapping[PhotoId, Photo]
    blind: frozenset[SessionId]
    identity: FolderIdentity


@dataclass(slots=True)
class Cabinet:
    """An archive, and the job that fills it.

    Attributes:
        layout: None: not found yet.
        has_room: the space that is left was found to be enough.
        is_stale: the layout is not to be followed any more.
        done: by session what items brought there whose ends need not be recorded yet.
        planning, listing: held by whoever finds places, or writes a list of sums.
    """

    job_id: JobId | None = None
    layout: Layout | None = None
    has_room: bool = False
    is_stale: bool = False
    done: dict[SessionId, dict[ItemId, tuple[ArchivedFile, ...]]] = field(
        default_factory=dict[SessionId, dict[ItemId, tuple[ArchivedFile, ...]]]
    )
    planning: Final[anyio.Lock] = field(default_factory=anyio.Lock)
    listing: Final[anyio.Lock] = field(default_factory=anyio.Lock)
    _hands: int = 0
    _left: anyio.Event = field(default_factory=anyio.Event)

    @asynccontextmanager
    async def opened(self, job_id: JobId) -> AsyncGenerator[None]:
        """Fill it for a job: others wait until nobody of this one is at it, and find their places anew."""
        while self._hands and (self.job_id != job_id or self.is_stale):
            await self._left.wait()
        if self.job_id != job_id:
            self.job_id, self.is_stale = job_id, True
            self.done.clear()
        if self.is_stale:
            self.layout, self.has_room, self.is_stale = None, False, False
        self._hands += 1
        try:
            yield
        finally:
            self._hands -= 1
            left, self._left = self._left, anyio.Event()
            left.set()

    @property
    def is_shared(self) -> bool:
        """Whether several items are at it."""
        return self._hands > 1

    def finish(self, job_id: JobId) -> None:
        """Keep nothing of a job that has ended."""
        if self.job_id == job_id:
            self.is_stale = True
            if not self._hands:
                self.job_id, self.layout = None, None
                self.done.clear()


class Cabinets:
    """The archives that were opened, by their folders."""

    def __init__(self) -> None:
        self._cabinets: dict[Path, Cabinet] = {}

    def at(self, destination: Path) -> Cabinet:
        """Return the archive in a folder, which is named by its real path."""
        return self._cabinets.setdefault(destination, Cabinet())

    def finish(self, job_id: JobId) -> None:
        """Keep nothing of a job that has ended."""
        for cabinet in self._cabinets.values():
            cabinet.finish(job_id)
