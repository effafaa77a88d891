"""Opening the database: checked, migrated, and set to survive a power cut."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from darkroomd.core.faults import StateCorrupt, StateUnusable
from darkroomd.core.state_faults import BackupNotMade, UpgradeRefused
from darkroomd.store.aside import mark_damaged
from darkroomd.store.backup import keep_former
from darkroomd.store.soundness import examine, is_damage
from darkroomd.store.statements import load_migrations, load_statements

BUSY_TIMEOUT_SECONDS: Final = 5.0

LOG_LIMIT_BYTES: Final = 16 << 20
"""What a large transaction leaves of the write-ahead log; smaller ones reuse it."""

PAGE_BYTES: Final = 4096
FEWEST_LOG_PAGES: Final = 250
MOST_LOG_PAGES: Final = 2000
"""How long the write-ahead log may grow until it is folded in: the longer, the less is written twice."""

LOG_SHARE: Final = 256
"""The log takes one part in so many of the space that is free, lest it be what fills the disk."""

CACHED_STATEMENTS: Final = 256
"""More than there are named statements, so that each is compiled once."""

Row = sqlite3.Row
DatabaseFault = (sqlite3.OperationalError, sqlite3.DatabaseError)
"""The disk, not the statement: full, read-only, failing, damaged, or locked by another process."""


class Database:
    """One connection, the named statements and explicit transactions.

    Not for two threads at once; which thread it is does not matter.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._statements = load_statements()

    @contextmanager
    def transaction(self) -> Generator[None]:
        """Commit what happens inside, all of it or nothing."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            # SQLite rolls back by itself on a full disk, and then refuses to do it twice.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self._connection.in_transaction

    def run(self, statement: str, **values: object) -> None:
        """Execute the named statement."""
        self._connection.execute(self._statements[statement], values)

    def many(self, statement: str, rows: Iterable[Mapping[str, object]]) -> None:
        """Execute the named statement for each of the rows."""
        self._connection.executemany(self._statements[statement], rows)

    def one(self, statement: str, **values: object) -> Row | None:
        """Execute the named statement and return its first row."""
        cursor = self._connection.execute(self._statements[statement], values)
        # Fetching all lets an UPDATE … RETURNING run to its end before the next statement.
        rows: list[Row] = cursor.fetchall()
        return rows[0] if rows else None

    def all(self, statement: str, **values: object) -> list[Row]:
        """Execute the named statement and return all its rows."""
        return self._connection.execute(self._statements[statement], values).fetchall()

    def each(self, statement: str, **values: object) -> Iterator[Row]:
        """Execute the named statement and return its rows as they are asked for, none kept."""
        return self._connection.execute(self._statements[statement], values)

    def explain(self, statement: str, **values: object) -> str:
        """Return SQLite's query plan of the named statement, a line a step."""
        rows = self._connection.execute("EXPLAIN QUERY PLAN " + self._statements[statement], values)
        return "\n".join(str(row["detail"]) for row in rows)

    def damage_in(self, error: sqlite3.Error) -> StateCorrupt | None:
        """Return what an error means if it means damage, and have the file moved aside at the next start."""
        if not is_damage(error):
            return None
        problem = str(error)
        try:
            mark_damaged(self._path, problem)
        except OSError as refusal:
            # The next start looks for itself.
            problem += f"; it could not be marked: {os.strerror(refusal.errno or 0)}"
        return StateCorrupt(self._path, problem)

    def close(self) -> None:
        """Close the connection; the write-ahead log is folded in by the last one."""
        self._connection.close()


def open_database(path: Path) -> Database:
    """Open or create the database at `path`, in WAL mode with `synchronous=FULL`, at the newest schema.

    One of an older schema is kept beside it as it is (`keep_former`) before it is changed.

    Raises:
        StateCorrupt: it is damaged; nothing was changed.
        StateTooNew: a newer darkroomd wrote it; nothing was changed.
        UpgradeRefused: it is of an older schema, and cannot be kept; nothing was changed.
        StateUnusable: it cannot be opened or written.
    """
    try:
        examine(path)
        space = os.statvfs(path.parent)
        connection = _connect(path)
    except sqlite3.Error as error:
        raise StateUnusable(path.parent, str(error)) from error
    except OSError as error:
        raise StateUnusable(path.parent, os.strerror(error.errno or 0)) from error
    try:
        _settle(connection, space)
        _migrate(connection, path)
    except sqlite3.OperationalError as error:
        connection.close()
        raise StateUnusable(path.parent, str(error)) from error
    except sqlite3.DatabaseError as error:
        connection.close()
        raise StateCorrupt(path, str(error)) from error
    except BaseException:
        connection.close()
        raise
    return Database(connection, path)


def open_reader(path: Path) -> Database:
    """Open a second connection that can only read, beside the one that `open_database` gave."""
    connection = _connect(path)
    connection.execute("PRAGMA query_only = ON")
    return Database(connection, path)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path,
        isolation_level=None,
        check_same_thread=False,
        timeout=BUSY_TIMEOUT_SECONDS,
        cached_statements=CACHED_STATEMENTS,
    )
    connection.row_factory = sqlite3.Row
    return connection


def log_pages(free_bytes: int) -> int:
    """Return how long the write-ahead log may grow on a disk with so much space, in pages."""
    return max(FEWEST_LOG_PAGES, min(MOST_LOG_PAGES, free_bytes // LOG_SHARE // PAGE_BYTES))


def _settle(connection: sqlite3.Connection, space: os.statvfs_result) -> None:
    pages = log_pages(space.f_bavail * space.f_frsize)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA wal_autocheckpoint = {pages}")
    connection.execute(f"PRAGMA journal_size_limit = {LOG_LIMIT_BYTES}")


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    found, newest = _pragma(connection, "user_version"), len(load_migrations())
    if 0 < found < newest:
        try:
            keep_former(path, schema=newest)
        except BackupNotMade as error:
            raise UpgradeRefused(path, error.problem) from error
        except OSError as error:
            raise UpgradeRefused(path, os.strerror(error.errno or 0)) from error
    upgrade(connection)


def upgrade(connection: sqlite3.Connection) -> None:
    """Bring a database to the newest schema, in one transaction: a crash leaves the old one or the newest."""
    scripts, found = load_migrations(), _pragma(connection, "user_version")
    if found < len(scripts):
        steps = "\n".join(scripts[found:])
        connection.executescript(f"BEGIN IMMEDIATE;\n{steps}\nPRAGMA user_version = {len(scripts)};\nCOMMIT;")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    row: tuple[Any, ...] = connection.execute(f"PRAGMA {name}").fetchone()
    return int(row[0])
