"""Finds the places of a job's photos in its archive."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import structlog
from anyio import to_thread

from darkroom.protocol.types import ItemState
from darkroomd.core.archive_entries import bytes_needed, entry_of
from darkroomd.core.archive_plan import (
    NO_HASHES,
    ArchivePlan,
    ContentHashes,
    Entry,
    NeedsHashes,
    folders_of,
    plan_archive,
)
from darkroomd.core.model import Claim, JobId, Photo, SessionId
from darkroomd.core.wording import one_line, readable
from darkroomd.files.archive import (
    SourceUnreadable,
    hash_sources,
    hash_standing,
    look_at,
    make_destination,
    require_some,
    sweep_parts,
)
from darkroomd.files.archive_copy import CopyMethod
from darkroomd.files.folders import FolderIsLink, identity_of
from darkroomd.files.kin import sizes_of_kin
from darkroomd.files.space import free_bytes
from darkroomd.services.archive_faults import GONE, waiting
from darkroomd.services.cabinets import Layout
from darkroomd.services.disks import Disks, Ear
from darkroomd.services.outcomes import Failed
from darkroomd.store.archived import forget_dead_fences, read_settled, some_archived_files
from darkroomd.store.archives import Member, Order, read_members
from darkroomd.store.store import Store

HASHED_AT_ONCE: Final = 16
"""Files hashed in one go of a thread."""

_DONE: Final = frozenset((ItemState.COMPLETED, ItemState.SKIPPED))
"""Photos in these states keep the places that they have; the others find theirs around them."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Gathered:
    """The files of a job's photos, and the sessions whose folders are away."""

    entries: tuple[Entry, ...]
    blind: frozenset[SessionId]


class Layouts:
    """Looks at archives and at what is to go there.

    Args:
        recipes: names of all that there are, the first one first.
        method: how files get into archives.
    """

    def __init__(self, store: Store, disks: Disks, *, recipes: Sequence[str], method: CopyMethod) -> None:
        self._store = store
        self._disks = disks
        self._recipes = recipes
        self._method = method

    def adopt(self, *, recipes: Sequence[str], method: CopyMethod) -> None:
        """Go by these with the archives that are looked at from now on."""
        self._recipes = recipes
        self._method = method

    async def find(self, claim: Claim, order: Order, on_tick: Callable[[], None]) -> Layout | Failed:
        """Return where the photos of the claim's job go, and remove what dead copies left there.

        Raises:
            ArchiveFolderBlocked, OSError: the archive refuses, or a file that is to be archived does.
        """
        destination = order.destination
        missing = await self._open(claim, destination)
        if missing is not None:
            return missing
        identity = await self._disks.do(destination, partial(identity_of, destination))
        if identity is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(destination))
        settled = await self._store.front.read_at_length(partial(read_settled, job_id=claim.job.id))
        members = await self._members(claim.job.id)
        gathered = await self._gather([member for member in members if member.state not in _DONE])
        folders = {*folders_of(gathered.entries), *(path.partition("/")[0] for path in settled)}
        await self._sweep(claim.job.id, order, folders)
        plan = await self._plan(destination, gathered.entries, settled, on_tick)
        photos = {member.photo.id: member.photo for member in members}
        return Layout(plan, photos, gathered.blind, identity)

    async def lack_of_room(self, claim: Claim, order: Order, layout: Layout) -> Failed | None:
        """Return that the archive's disk has too little space for what is still to be copied."""
        free = await self._disks.do(order.destination, partial(free_bytes, order.destination))
        left = [member.photo.id for member in await self._members(claim.job.id) if not member.has_ended]
        needed = bytes_needed(layout.plan, layout.photos, left, order.selection.contents)
        log.info(
            "archive_begun",
            destination=str(order.destination),
            photos=len(left),
            bytes_needed=needed,
            bytes_free=free,
        )
        # Links need next to nothing; where they cannot be made, the disk says when it is full.
        if free is None or needed <= free or self._method is not CopyMethod.COPY:
            return None
        message = (
            f"The archive's disk has {free} bytes free, and {needed} are needed. Free some space; the job "
            "goes on by itself."
        )
        return waiting("disk.full", message, {"bytesNeeded": needed, "bytesFree": free})

    async def _open(self, claim: Claim, destination: Path) -> Failed | None:
        """Make the archive's folder for its first photo; say if what was archived before is not there."""
        brought = await self._store.front.read(partial(some_archived_files, job_id=claim.job.id))
        if not brought:
            await self._disks.do(destination, partial(make_destination, destination))
            return None
        try:
            await self._disks.do(destination, partial(require_some, destination, brought))
        except FileNotFoundError:
            path = readable(destination / os.fsdecode(brought[0]))
        else:
            return None
        message = (
            f"What this job has archived is not at {one_line(str(destination))} any more. Mount the "
            "archive's disk, or put its folder back; the job goes on by itself."
        )
        return waiting(GONE, message, {"path": path})

    async def _members(self, job_id: JobId) -> list[Member]:
        members: list[Member] = []
        while True:
            after = members[-1].item_id if members else 0
            some = await self._store.front.read_at_length(partial(read_members, job_id=job_id, after=after))
            if not some:
                return members
            members += some

    async def _gather(self, members: Sequence[Member]) -> _Gathered:
        by_session: dict[SessionId, list[Photo]] = {}
        for member in members:
            by_session.setdefault(member.photo.session_id, []).append(member.photo)
        entries: list[Entry] = []
        blind: set[SessionId] = set()
        for session_id, photos in by_session.items():
            raw = photos[0].raw.parent
            kin: Mapping[str, Mapping[str, int]] = {}
            try:
                work = partial(sizes_of_kin, raw, [photo.name for photo in photos])
                kin = await self._disks.do(raw.parent, work)
            except (OSError, FolderIsLink):
                # Its own photos find that out, and wait for it.
                blind.add(session_id)
            entries += await to_thread.run_sync(partial(self._entries, photos, kin))
        return _Gathered(tuple(entries), frozenset(blind))

    def _entries(self, photos: Sequence[Photo], kin: Mapping[str, Mapping[str, int]]) -> list[Entry]:
        return [entry_of(photo, kin.get(photo.name, {}), recipes=self._recipes) for photo in photos]

    async def _sweep(self, job_id: JobId, order: Order, folders: Collection[str]) -> None:
        if not order.dead_fences:
            return
        sweep = partial(sweep_parts, order.destination, folders, dead=order.dead_fences)
        removed = await self._disks.do(order.destination, sweep)
        log.info("archive_parts_swept", destination=str(order.destination), count=len(removed))
        await self._store.front.write(partial(forget_dead_fences, job_id=job_id, fences=order.dead_fences))

    async def _plan(
        self,
        destination: Path,
        entries: Sequence[Entry],
        settled: Collection[str],
        on_tick: Callable[[], None],
    ) -> ArchivePlan:
        folders = folders_of(entries)
        standing = await self._disks.do_at_length(
            destination,
            lambda ear: look_at(destination, folders, canceled=ear.is_canceled),
            on_tick=on_tick,
        )
        hashes = NO_HASHES
        # In a thread: thousands of photos take tenths of a second.
        while isinstance(
            plan := await to_thread.run_sync(
                partial(plan_archive, entries, standing, hashes, settled=settled)
            ),
            NeedsHashes,
        ):
            hashes = ContentHashes(
                {**hashes.standing, **await self._hash_standing(destination, plan.standing, on_tick)},
                {**hashes.sources, **await self._hash_sources(plan.sources, on_tick)},
            )
        return plan

    async def _hash_standing(
        self, destination: Path, paths: Sequence[str], on_tick: Callable[[], None]
    ) -> dict[str, str | None]:
        found: dict[str, str | None] = {}

        def work(ear: Ear) -> None:
            for path in paths:
                found.update(hash_standing(destination, [path], canceled=ear.is_canceled))
                ear.done += 1

        await self._disks.do_at_length(destination, work, on_tick=on_tick)
        return found

    async def _hash_sources(
        self, paths: Sequence[Path], on_tick: Callable[[], None]
    ) -> dict[Path, str | None]:
        found: dict[Path, str | None] = {}

        def work(folder: Path, ear: Ear) -> None:
            for path in (path for path in paths if path.parent == folder):
                found.update(hash_sources([path], canceled=ear.is_canceled))
                ear.done += 1

        for folder in dict.fromkeys(path.parent for path in paths):
            try:
                await self._disks.do_at_length(folder, partial(work, folder), on_tick=on_tick)
            except (SourceUnreadable, FolderIsLink):
                # Its photos find out for themselves; for the others it is as if nothing were there.
                found.update((path, found.get(path)) for path in paths if path.parent == folder)
        return found
