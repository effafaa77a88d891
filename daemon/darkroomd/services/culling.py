"""The verbs of photos: discard, correct the time, apply another preset."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Final, Protocol

import structlog

from darkroom.errors import DarkroomError
from darkroomd.core.culling import Correction
from darkroomd.core.model import Photo, PhotoId
from darkroomd.files.sidecars import apply_preset
from darkroomd.services.disks import Disks
from darkroomd.services.presets import Presets
from darkroomd.services.revisions import Revisions

SIDECARS_AT_ONCE: Final = 32
"""Sidecars written in one go of a thread: as many syncs of the disk."""

log = structlog.get_logger()


class SidecarUnwritable(DarkroomError):
    """The disk refuses a sidecar."""

    code = "sidecar.unwritable"

    def __init__(self, raw: Path, problem: str) -> None:
        super().__init__(
            f"The preset cannot be written beside {raw} ({problem}). Put that right and apply it again; "
            "photos before this one have it.",
            path=str(raw),
            problem=problem,
        )


class Queue(Protocol):
    """Holds work back while photos are taken out of it."""

    def aside(self, photo_ids: Collection[PhotoId]) -> AbstractAsyncContextManager[None]:
        """Start nothing inside; background work on one of these photos is stopped, and back in the queue."""
        ...


class Culling:
    """Changes are durable when a method returns; photos are changed all or none: `NoSuchPhoto`."""

    def __init__(
        self,
        revisions: Revisions,
        presets: Presets,
        queue: Queue,
        disks: Disks,
        *,
        now_usec: Callable[[], int],
    ) -> None:
        self._revisions = revisions
        self._desk = revisions.desk
        self._presets = presets
        self._queue = queue
        self._disks = disks
        self._now_usec = now_usec

    async def set_discarded(self, photo_ids: Sequence[PhotoId], *, discarded: bool) -> int:
        """Take photos out of development, export and archive, or back in; return how many changed."""
        if discarded:
            # Background work on them stops first, so that it is in the queue and skipped there.
            async with self._queue.aside(photo_ids):
                return await self._set_discarded(photo_ids, discarded=True)
        return await self._set_discarded(photo_ids, discarded=False)

    async def correct_times(self, photo_ids: Sequence[PhotoId], correction: Correction) -> int:
        """Correct when photos were taken; return how many have the time that was asked for.

        What was developed is developed anew, for its outputs say when it was taken.
        Those without a time by the camera have none to add to, and are left as they are.
        """
        timed = await self._desk.correct_times(
            photo_ids, correction, requeue=self._revisions.requeue(), now_usec=self._now_usec()
        )
        log.info("times_corrected", photos=len(timed), left=len(set(photo_ids)) - len(timed))
        self._revisions.mark(timed)
        return len(timed)

    async def apply_preset(self, photo_ids: Sequence[PhotoId], preset_id: str) -> int:
        """Replace the frozen preset of photos and have them developed anew; return how many there are.

        Should a disk refuse in the middle, those before it have the new preset, and the error says why.

        Raises:
            NoSuchPhoto, NoSuchPreset: nothing was changed.
            SidecarUnwritable, FolderIsLink: a sidecar could not be written.
        """
        preset = await self._presets.named(preset_id)
        photos = await self._desk.photos(photo_ids)
        library = (await self._presets.library()).presets
        for batch in _batches(photos):
            work = partial(
                apply_preset,
                {photo.raw: photo.correlation_id for photo in batch},
                preset,
                library,
                applied_at_usec=self._now_usec(),
            )
            try:
                applied = await self._disks.do(batch[0].raw.parent, work)
            except TimeoutError as error:
                raise SidecarUnwritable(batch[0].raw, str(error.strerror)) from error
            looks = {photo.id: applied.looks[photo.raw] for photo in batch if photo.raw in applied.looks}
            await self._revisions.restyle(looks)
            if isinstance(applied.error, OSError):
                why = os.strerror(applied.error.errno or 0)
                raise SidecarUnwritable(batch[len(looks)].raw, why) from applied.error
            if applied.error is not None:
                raise applied.error
        log.info("preset_applied", preset=preset_id, photos=len(photos))
        return len(photos)

    async def _set_discarded(self, photo_ids: Sequence[PhotoId], *, discarded: bool) -> int:
        changed = await self._desk.set_discarded(
            photo_ids, discarded=discarded, requeue=self._revisions.requeue(), now_usec=self._now_usec()
        )
        log.info("photos_discarded" if discarded else "photos_restored", photos=len(changed))
        self._revisions.mark(changed)
        return len(changed)


def _batches(photos: Sequence[Photo]) -> Iterator[list[Photo]]:
    """Yield a few photos of one session at a time."""
    in_order = sorted(photos, key=lambda photo: photo.session_id)
    for _, of_session in groupby(in_order, key=lambda photo: photo.session_id):
        some = list(of_session)
        for start in range(0, len(some), SIDECARS_AT_ONCE):
            yield some[start : start + SIDECARS_AT_ONCE]
