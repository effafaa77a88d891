"""Looking at who waits in line, without taking anything."""

from __future__ import annotations

import os
from pathlib import Path

from darkroom.protocol.types import Priority
from darkroomd.core.model import RAW_FOLDER
from darkroomd.store.database import Database
from darkroomd.store.front import Front
from darkroomd.store.queue import Wanted, conditions
from darkroomd.store.rows import PRIORITIES


class Line:
    """Reads what the queue will give next."""

    def __init__(self, front: Front) -> None:
        self._front = front

    async def next_raw(self, *, least_priority: Priority) -> Path | None:
        """Return the RAW file of the item that would be claimed next; None where none waits.

        What is held back for its session alone counts as waiting: this is a guess, not a promise.
        """

        def read(database: Database) -> Path | None:
            row = database.one("next_in_line", least_priority=PRIORITIES.index(least_priority))
            if row is None:
                return None
            return Path(os.fsdecode(row["folder"]), RAW_FOLDER, os.fsdecode(row["name"]))

        return await self._front.read(read)

    async def is_ready(self, wanted: Wanted) -> bool:
        """Tell whether `Store.claim_wanted` would find an item; raise `StateUnreadable`."""
        return await self._front.read(
            lambda database: database.one("ready_item", **conditions(wanted)) is not None
        )
