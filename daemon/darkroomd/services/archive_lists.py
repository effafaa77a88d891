"""Keeps the lists of sums of archives: a session's stands before its last item in a job has ended."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import anyio
import structlog
from anyio.abc import TaskStatus

from darkroom.errors import DarkroomError
from darkroomd.core.model import Claim, Happening, JobId, JobKind
from darkroomd.files.archive import folders_in, require_some, sweep_parts
from darkroomd.files.manifests import write_manifest
from darkroomd.services.cabinets import Cabinet, Cabinets
from darkroomd.services.disks import Disks
from darkroomd.store.archived import (
    ArchivedFile,
    Unlisted,
    Unswept,
    forget_dead_fences,
    mark_listed,
    read_sessions_unlisted,
    read_unlisted,
    read_unswept,
    some_archived_files,
)
from darkroomd.store.archives import forget_begun, read_open_items
from darkroomd.store.store import Store

AGAIN_SECONDS: Final = 60.0
"""Before an archive that is away is asked again for the list of a job that has ended."""

ENDS: Final = frozenset({"job.completed", "job.failed", "job.canceled", "job.removed"})

log = structlog.get_logger()


class ArchiveLists:
    """Writes lists of sums, one at a time in each archive; `notice` is told what happens."""

    def __init__(
        self, store: Store, disks: Disks, cabinets: Cabinets, *, now_usec: Callable[[], int]
    ) -> None:
        self._store = store
        self._disks = disks
        self._cabinets = cabinets
        self._now_usec = now_usec
        self._woken = anyio.Event()
        self._told: set[tuple[str, JobId]] = set()

    async def finish(
        self, claim: Claim, cabinet: Cabinet, destination: Path, files: tuple[ArchivedFile, ...]
    ) -> None:
        """Take note that an item is about to end; write the list of its session if it is the last.

        Raises:
            DarkroomError, OSError: the archive refuses; the item is not to end yet.
        """
        job_id, session_id = claim.job.id, claim.session.id
        async with cabinet.listing:
            done = cabinet.done.setdefault(session_id, {})
            left = await self._store.front.read(
                partial(read_open_items, job_id=job_id, session_id=session_id)
            )
            if left - {*done, claim.item.id}:
                done[claim.item.id] = files
                return
            unlisted = await self._store.front.read(
                partial(read_unlisted, job_id=job_id, session_id=session_id)
            )
            written = [*unlisted, *files, *(one for others in done.values() for one in others)]
            await self._write(Unlisted(job_id, session_id, destination), written)
            await self._mark(unlisted)
            done[claim.item.id] = files

    def notice(self, happening: Happening) -> None:
        """Look whether something is left to be done for a job that has ended."""
        job = happening.job
        if happening.kind in ENDS and job is not None and job.kind is JobKind.ARCHIVE:
            self._cabinets.finish(job.id)
            self._woken.set()

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Forget archives whose making was cut short; then see to those that have ended, for ever."""
        await self._forget_begun()
        task_status.started()
        while True:
            self._woken = woken = anyio.Event()
            if await self.see_to_ended():
                await woken.wait()
            else:
                with anyio.move_on_after(AGAIN_SECONDS):
                    await woken.wait()

    async def see_to_ended(self) -> bool:
        """List what jobs that have ended left unlisted, and sweep after them; tell if all is done."""
        try:
            unlisted = await self._store.front.read(read_sessions_unlisted)
            unswept = await self._store.front.read(read_unswept)
        except DarkroomError as error:
            log.warning("archives_not_looked_at", code=error.code, message=error.message)
            return False
        done = [await self._list(one) for one in unlisted]
        done += [await self._sweep(one) for one in unswept]
        return all(done)

    async def _forget_begun(self) -> None:
        try:
            await self._store.front.write(partial(forget_begun, now_usec=self._now_usec()))
        except DarkroomError as error:
            log.warning("archives_not_forgotten", code=error.code, message=error.message)

    async def _list(self, one: Unlisted) -> bool:
        cabinet = self._cabinets.at(one.destination)
        try:
            async with cabinet.listing:
                files = await self._store.front.read(
                    partial(read_unlisted, job_id=one.job_id, session_id=one.session_id)
                )
                await self._write(one, files)
                await self._mark(files)
        except (DarkroomError, OSError) as error:
            self._complain("archive_not_listed", one.job_id, error)
            return False
        return True

    async def _write(self, one: Unlisted, files: Sequence[ArchivedFile]) -> None:
        if not files:
            return
        additions = {file.path: file.sha256 for file in files}
        await self._disks.do(one.destination, partial(_write_beside, one, additions))
        log.info(
            "archive_listed",
            job=one.job_id,
            session=one.session_id,
            destination=str(one.destination),
            files=len(additions),
        )

    async def _mark(self, files: Sequence[ArchivedFile]) -> None:
        if files:
            await self._store.front.write(partial(mark_listed, files=files))

    def _complain(self, event: str, job_id: JobId, error: Exception) -> None:
        """Say once what stands in the way: it is tried again and again."""
        level = logging.DEBUG if (event, job_id) in self._told else logging.WARNING
        self._told.add((event, job_id))
        log.log(level, event, job=job_id, problem=str(error))

    async def _sweep(self, one: Unswept) -> bool:
        try:
            brought = await self._store.front.read(partial(some_archived_files, job_id=one.job_id))
            work = partial(_sweep_all, one, brought)
            removed = await self._disks.do(one.destination, work)
            await self._store.front.write(partial(forget_dead_fences, job_id=one.job_id, fences=one.fences))
        except (DarkroomError, OSError) as error:
            self._complain("archive_not_swept", one.job_id, error)
            return False
        log.info("archive_parts_swept", destination=str(one.destination), count=removed)
        return True


def _write_beside(one: Unlisted, additions: Mapping[bytes, str]) -> None:
    require_some(one.destination, additions)
    write_manifest(one.destination, one.session_id, additions)


def _sweep_all(one: Unswept, brought: Sequence[bytes]) -> int:
    if brought:
        require_some(one.destination, brought)
    return len(sweep_parts(one.destination, folders_in(one.destination), dead=one.fences))
