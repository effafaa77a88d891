"""Takes photos of archive jobs to their places: copied, compared with what the disk has, and listed."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import anyio
import structlog

from darkroom.errors import DarkroomError
from darkroom.protocol.types import Failure
from darkroomd.core.archive_entries import is_planned_as, wanted_of
from darkroomd.core.archive_plan import Placed, Placement
from darkroomd.core.archive_request import is_finished, not_finished
from darkroomd.core.faults import StateUnreadable, StateUnwritable
from darkroomd.core.model import Claim, Photo
from darkroomd.files.archive import SourceUnreadable, archive_part, open_archive_folder
from darkroomd.files.archive_copy import CopyMethod, CopyStage, NameTaken, SourceChanged, copy_verified
from darkroomd.files.folders import identity_of
from darkroomd.services.archive_faults import (
    failed_at,
    failed_by,
    failed_in_state,
    session_away,
)
from darkroomd.services.archive_lists import ArchiveLists
from darkroomd.services.cabinets import Cabinet, Cabinets, Layout
from darkroomd.services.disks import Disks, Ear
from darkroomd.services.layouts import Layouts
from darkroomd.services.outcomes import Archived, Failed
from darkroomd.store.archived import ArchivedFile, Unchanged, note_dead_fence, put_archived_files
from darkroomd.store.archives import Order, read_order
from darkroomd.store.database import Database
from darkroomd.store.store import Store

KEEP_SECONDS: Final = 5.0
"""How long the record of what was copied may take when the work on an item is stopped."""

DISCARDED: Final = Failure(
    code="photo.discarded",
    message="The photo was discarded after the archive was asked for, and stays out of it.",
    transient=False,
    context={},
)

log = structlog.get_logger()

OnStage = Callable[[str, int], None]


class _LayoutStale(Exception):
    """What the places of photos were found by is not so any more."""


@dataclass(slots=True)
class _Filing:
    """A claimed item at work.

    Attributes:
        done: what stands in the archive by now.
        copying: a part of a copy may be there.
        anew: places were found once more for it.
        bytes_total: to be read twice: for the copy, and to compare.
        bytes_done: of finished files.
        ear: of the file that is copied.
        stage: of it.
    """

    claim: Claim
    order: Order
    on_stage: OnStage
    done: list[ArchivedFile] = field(default_factory=list[ArchivedFile])
    copying: bool = False
    anew: bool = False
    copied: int = 0
    bytes_total: int = 0
    bytes_done: int = 0
    ear: Ear | None = None
    stage: str = CopyStage.COPY

    def tell(self) -> None:
        """Tell how far it is."""
        read = self.bytes_done + (0 if self.ear is None else self.ear.done)
        self.on_stage(self.stage, min(99, 100 * read // max(1, 2 * self.bytes_total)))

    def stands(self, path: str, sha256: str) -> None:
        """Note a file that stands in the archive."""
        self.done.append(ArchivedFile(self.claim.item.id, os.fsencode(path), sha256))


class Archivist:
    """Does the items of archive jobs."""

    def __init__(
        self,
        store: Store,
        disks: Disks,
        layouts: Layouts,
        lists: ArchiveLists,
        cabinets: Cabinets,
        *,
        method: CopyMethod,
    ) -> None:
        self._store = store
        self._disks = disks
        self._layouts = layouts
        self._lists = lists
        self._cabinets = cabinets
        self._method = method

    def adopt(self, *, recipes: Sequence[str], method: CopyMethod) -> None:
        """Archive outputs of these recipes, and have files get there like this, from now on."""
        self._method = method
        self._layouts.adopt(recipes=recipes, method=method)

    async def develop(self, claim: Claim, on_stage: OnStage) -> Archived | Failed:
        """Take the claimed photo to its place in the archive of its job.

        Cancelled at any time, it leaves whole files there, and keeps a record of them.
        """
        try:
            order = await self._store.front.read(partial(read_order, job_id=claim.job.id))
        except StateUnreadable as error:
            return failed_in_state(error)
        filing = _Filing(claim, order, on_stage)
        filing.tell()
        cabinet = self._cabinets.at(order.destination)
        outcome: Archived | Failed | None = None
        try:
            async with cabinet.opened(claim.job.id):
                cabinet.done.get(claim.session.id, {}).pop(claim.item.id, None)
                outcome = await self._outcome(filing, cabinet)
                outcome = await self._listed(filing, cabinet, outcome)
            return outcome
        finally:
            if not isinstance(outcome, Archived):
                await self._keep(filing)

    async def _outcome(self, filing: _Filing, cabinet: Cabinet) -> Archived | Failed:
        """Return how the work went; what went wrong is the photo's, its session's or the archive's fault."""
        try:
            return _objection(filing) or await self._file(filing, cabinet)
        except _LayoutStale:
            return await self._anew(filing, cabinet)
        except (StateUnwritable, StateUnreadable) as error:
            return failed_in_state(error)
        except (SourceUnreadable, DarkroomError) as error:
            cabinet.is_stale |= isinstance(error, SourceChanged | NameTaken)
            return await self._judged(filing.claim, error)
        except OSError as error:
            # The next one looks first whether there is space enough for all that is left.
            cabinet.has_room = False
            return failed_at(filing.order.destination, error)

    async def _anew(self, filing: _Filing, cabinet: Cabinet) -> Archived | Failed:
        """Find the places once more, if nobody else goes by those that there are; else retry the item."""
        if cabinet.is_shared or filing.anew:
            cabinet.is_stale = True
            return Failed(_moved(), environment=False)
        filing.anew = True
        cabinet.layout, cabinet.has_room = None, False
        return await self._outcome(filing, cabinet)

    async def _judged(self, claim: Claim, error: DarkroomError | SourceUnreadable) -> Failed:
        """Return whose fault it is; the session's disk is asked, and may not answer."""
        try:
            return await self._disks.do(claim.session.folder, partial(failed_by, error))
        except TimeoutError as silence:
            return session_away(claim.session.folder, silence)

    async def _file(self, filing: _Filing, cabinet: Cabinet) -> Archived | Failed:
        claim, order = filing.claim, filing.order
        async with cabinet.planning:
            layout = await self._layout(filing, cabinet)
            if isinstance(layout, Failed):
                return layout
            if not cabinet.has_room:
                lack = await self._layouts.lack_of_room(claim, order, layout)
                if lack is not None:
                    return lack
                cabinet.has_room = True
        placement = layout.plan.placements.get(claim.photo.id)
        if placement is None:
            return Failed(_no_name_left(claim.photo), environment=False)
        await self._copy(filing, placement)
        return Archived(
            files=tuple(filing.done),
            place=f"{placement.folder}/{placement.stem}",
            copied=filing.copied,
            size_bytes=filing.bytes_total,
        )

    async def _layout(self, filing: _Filing, cabinet: Cabinet) -> Layout | Failed:
        """Return where the job's photos go; raise `_LayoutStale` if that has to be found anew."""
        claim, destination = filing.claim, filing.order.destination
        if cabinet.layout is None:
            filing.stage = CopyStage.VERIFY
            found = await self._layouts.find(claim, filing.order, filing.tell)
            if isinstance(found, Failed):
                return found
            cabinet.layout = found
        layout = cabinet.layout
        if claim.session.id in layout.blind:
            cabinet.is_stale = True
            return session_away(
                claim.session.folder, FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            )
        before = layout.photos.get(claim.photo.id)
        identity = await self._disks.do(destination, partial(identity_of, destination))
        if identity is None:
            cabinet.is_stale = True
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(destination))
        if before is None or identity != layout.identity or not is_planned_as(before, claim.photo):
            raise _LayoutStale
        return layout

    async def _copy(self, filing: _Filing, placement: Placement) -> None:
        photo, destination = filing.claim.photo, filing.order.destination
        contents = filing.order.selection.contents
        standing = wanted_of(placement.standing, photo, contents)
        if not await self._disks.do(destination, partial(_all_stand, destination, placement, standing)):
            raise _LayoutStale
        for placed in standing:
            filing.stands(placement.path_of(placed), placed.source.sha256 or "")
        missing = wanted_of(placement.missing, photo, contents)
        filing.bytes_total = sum(placed.source.size_bytes for placed in missing)
        for placed in missing:
            await self._copy_one(filing, placement, placed)

    async def _copy_one(self, filing: _Filing, placement: Placement, placed: Placed) -> None:
        target = filing.order.destination / placement.folder / placed.name

        def copy(ear: Ear) -> None:
            filing.ear = ear

            def on_bytes(stage: CopyStage, count: int) -> None:
                filing.stage = stage
                ear.done += count

            # The folder of a year is made when its first photo comes.
            with open_archive_folder(filing.order.destination, placement.folder, make=True):
                pass
            copied = copy_verified(
                placed.source.path,
                target=target,
                part=archive_part(placed.name, filing.claim.fence),
                method=self._method,
                expected_sha256=placed.source.sha256,
                on_bytes=on_bytes,
                canceled=ear.is_canceled,
            )
            # Here, so that it is noted also where the work is stopped as the file gets its name.
            filing.stands(placement.path_of(placed), copied.sha256)

        filing.copying = True
        filing.stage = CopyStage.COPY
        filing.tell()
        await self._disks.do_at_length(filing.order.destination, copy, on_tick=filing.tell)
        filing.copying, filing.ear = False, None
        filing.copied += 1
        filing.bytes_done += 2 * placed.source.size_bytes

    async def _listed(
        self, filing: _Filing, cabinet: Cabinet, outcome: Archived | Failed
    ) -> Archived | Failed:
        """Write the list of sums of the session if this is its last item in the job."""
        if isinstance(outcome, Failed) and outcome.environment:
            return outcome
        try:
            await self._lists.finish(filing.claim, cabinet, filing.order.destination, tuple(filing.done))
        except (StateUnwritable, StateUnreadable) as error:
            return failed_in_state(error)
        except DarkroomError as error:
            return outcome if isinstance(outcome, Failed) else failed_by(error)
        except OSError as error:
            return failed_at(filing.order.destination, error)
        return outcome

    async def _keep(self, filing: _Filing) -> None:
        """Keep what was brought to the archive although the item is not done, and what may be left over."""
        if not filing.done and not filing.copying:
            return
        with anyio.move_on_after(KEEP_SECONDS, shield=True):
            try:
                await self._store.front.write(partial(_note, filing=filing))
            except (StateUnwritable, StateUnreadable) as error:
                log.warning("archived_files_not_noted", code=error.code, message=error.message)


def _note(database: Database, filing: _Filing) -> Unchanged:
    put_archived_files(database, filing.done)
    if filing.copying:
        note_dead_fence(database, filing.claim.job.id, filing.claim.fence)
    return None, ()


def _objection(filing: _Filing) -> Archived | Failed | None:
    """Return why a photo is not archived, as it stands now."""
    photo = filing.claim.photo
    if photo.discarded_by is not None:
        return Archived(left_out=DISCARDED)
    if is_finished(photo.state, aged=photo.aged):
        return None
    failure = not_finished(photo.name, photo.state)
    return (
        Archived(left_out=failure) if filing.order.selection.partial else Failed(failure, environment=False)
    )


def _all_stand(destination: Path, placement: Placement, standing: Sequence[Placed]) -> bool:
    for placed in standing:
        try:
            found = (destination / placement.path_of(placed)).lstat()
        except FileNotFoundError:
            return False
        if found.st_size != placed.source.size_bytes:
            return False
    return True


def _moved() -> Failure:
    return Failure(
        code="archive.changed",
        message="The photo, or the archive, changed after a place was found for it. It is tried again.",
        transient=True,
        context={},
    )


def _no_name_left(photo: Photo) -> Failure:
    return Failure(
        code="archive.no_name_left",
        message=f"All names for {photo.name} in the archive are taken: there are a thousand photos of one "
        "second or of one name. Correct its time, or archive it elsewhere.",
        transient=False,
        context={"name": photo.name},
    )
