"""One session's outputs that are gone: noticed by the times of their folders, and made again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import partial
from typing import Final

import structlog

from darkroomd.core.model import Session
from darkroomd.core.scan_pace import FolderMemory, FolderStamp
from darkroomd.core.waiting_room import Origin, WaitingRoom
from darkroomd.files.scan import find_lost
from darkroomd.services.surroundings import OnDisk, Surroundings

log = structlog.get_logger()


class LostOutputs:
    """Has outputs made again that were deleted or destroyed; the second time that is only said."""

    def __init__(self, session: Session, around: Surroundings, on_disk: OnDisk) -> None:
        self._session: Final = session
        self._around = around
        self._on_disk = on_disk
        self._folders = defaultdict[str, FolderMemory](FolderMemory)
        self._made_again: set[str] = set()

    def start_over(self) -> None:
        """Forget how the folders were."""
        self._folders.clear()

    def stand(self, stamps: Mapping[str, FolderStamp | None]) -> bool:
        """Tell whether folders with these stamps, by name, hold what they did when they were last noted."""
        return all(self._folders[folder].stands(stamp) for folder, stamp in stamps.items())

    def note(self, stamps: Mapping[str, FolderStamp | None], *, now: float) -> None:
        """Note that all in these folders was compared with its records after they had these stamps."""
        for folder, stamp in stamps.items():
            self._folders[folder].listed(stamp, now=now)

    async def look(self, room: WaitingRoom, *, thorough: bool) -> None:
        """Have what is lost wait in `room` for its turn; `thorough`: what is there is looked at, too.

        Raises:
            DarkroomError, OSError: the store, or the disk, refuses.
        """
        store, plan = self._around.store, self._around.plan
        lost = set[str]()
        for recipe in plan.recipes:
            # Asked of the store first: what it knows of was on the disk before.
            recorded = await store.developed_outputs(self._session.id, recipe=recipe.name)
            folder = self._session.folder / recipe.folder
            absent = await self._on_disk(partial(find_lost, recorded, folder, thorough=thorough))
            for name in sorted(absent):
                if not room.is_doubted(name):
                    lost.add(name)
                    log.info("output_gone", session=self._session.id, output=str(recorded[name].path))
        for name in lost - self._made_again:
            room.doubt(name, Origin(backlog=True))
        # Whoever takes the pictures away as they come shall not keep the daemon developing for ever.
        taken = sorted(lost & self._made_again)
        if taken:
            photo_ids = await store.photo_ids(self._session.id, taken)
            await store.mark_aged(self._session.id, photo_ids, now_usec=self._around.now_usec())
            self._around.on_document_dirty(self._session.id)
        self._made_again |= lost
