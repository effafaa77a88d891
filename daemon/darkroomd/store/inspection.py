"""The database looked at from outside: its size, and whether all of its pages are sound."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote_from_bytes

from darkroomd.store.database import Database
from darkroomd.store.front import Front
from darkroomd.store.soundness import is_damage

SQLITE_VERSION: Final = sqlite3.sqlite_version
"""Of the library that is loaded."""

NEWEST_PHOTOS: Final = 200
"""Of so many the cameras' clocks are looked at."""

_STEPS_BETWEEN_LOOKS: Final = 1000
_BUSY_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes of the database and of its write-ahead log."""

    database: int
    log: int


@dataclass(frozen=True, slots=True)
class Scan:
    """How a look at the pages came out; `problem` is the first fault, `complete`: all were looked at."""

    problem: str | None
    complete: bool


def sizes_of(path: Path) -> Sizes | None:
    """Return how large the database at `path` is, None where none is; blocks.

    Raises:
        OSError: the disk refuses.
    """
    log = path.with_name(f"{path.name}-wal")
    try:
        size_bytes = path.stat().st_size
    except FileNotFoundError:
        return None
    try:
        return Sizes(size_bytes, log.stat().st_size)
    except FileNotFoundError:
        return Sizes(size_bytes, 0)


def scan_pages(path: Path, *, seconds: float) -> Scan:
    """Look at all pages of a database through a connection of its own; blocks for so long at most.

    A file that cannot be read through, since it is locked or its disk fails, is not complete, and no problem.
    """
    deadline = time.monotonic() + seconds
    uri = f"file:{quote_from_bytes(os.fsencode(path))}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS)) as database:
            database.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS_BETWEEN_LOOKS)
            (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        return Scan(problem=str(error) if is_damage(error) else None, complete=False)
    return Scan(problem=None if found == "ok" else str(found).strip().splitlines()[-1], complete=True)


class Inspection:
    """Reads what the health report tells of the records. All raise `StateUnreadable`."""

    def __init__(self, front: Front) -> None:
        self._front = front

    async def failures(self, *, since_usec: int) -> dict[str, int]:
        """Return how many photos failed for good since then, by the code of their failure."""

        def read(database: Database) -> dict[str, int]:
            rows = database.all("failures_since", since=since_usec)
            return {str(row["code"]): int(row["photos"]) for row in rows}

        return await self._front.read_at_length(read)

    async def newest_usec(self) -> int | None:
        """Return when the newest thing on record happened; None: nothing is on record."""

        def read(database: Database) -> int | None:
            row = database.one("newest_fact_time")
            return None if row is None else int(row["at_usec"])

        return await self._front.read(read)

    async def photos_ahead(self, *, of_usec: int) -> int:
        """Return how many of the newest photos are said to be taken later than that."""

        def read(database: Database) -> int:
            row = database.one("photos_ahead", of_usec=of_usec, newest=NEWEST_PHOTOS)
            return 0 if row is None else int(row["photos"])

        return await self._front.read(read)
