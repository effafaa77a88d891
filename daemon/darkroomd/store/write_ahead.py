"""The write-ahead log of a database: how large it is, and how it becomes small again in nobody's way."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from darkroomd.core.faults import StateUnreadable


def log_bytes(database: Path) -> int:
    """Return how large the write-ahead log of the database is; 0 where there is none."""
    try:
        return database.with_name(f"{database.name}-wal").stat().st_size
    except FileNotFoundError:
        return 0


def fold_log(database: Path) -> bool:
    """Fold the log of a database that is in use into it, and empty the file; tell whether that was possible.

    It is not as long as somebody reads what was there before the last changes. Nobody is waited for, and
    whoever wants to write waits for a moment at most.

    Raises:
        StateUnreadable: the disk refuses; nothing is lost.
    """
    try:
        with closing(sqlite3.connect(database, isolation_level=None, timeout=0)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            # The long part, beside whoever writes; only emptying the file shuts them out.
            _, pages, folded = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            if folded < pages:
                return False
            (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return not busy
    except sqlite3.Error as error:
        raise StateUnreadable(str(error)) from error
