"""Is the file a sound database of ours? Looked at without changing a byte of it or of its log."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import quote_from_bytes

from darkroomd.core.faults import StateCorrupt, StateTooNew
from darkroomd.store.statements import load_migrations

CHECK_SECONDS: Final = 3.0
"""How long a start may spend on the pages of a large file: some 400 MB that are in memory. What lies beyond
is found once it is used."""

LARGEST_SCHEMA: Final = 9999
"""Migrations are numbered with four digits: a larger number in the header was never written by us."""

BUSY_SECONDS: Final = 5.0
STEPS_BETWEEN_LOOKS: Final = 1000
_FILE_FORMATS: Final = frozenset((1, 2))
_FORMAT_BYTES: Final = slice(18, 20)
_HEADER_BYTES: Final = 100
_DAMAGE: Final = frozenset((sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB))
# The statements below are right: if SQLite cannot make sense of them, it is what they read.
_DAMAGE_WHILE_LOOKING: Final = _DAMAGE | {sqlite3.SQLITE_ERROR, None}

_LASTING_ROWS: Final = {
    "counter": "SELECT name FROM counter",
    "tally": "SELECT one FROM tally",
    "setting": "SELECT name FROM setting",
}
"""Rows that migrations put in, and nothing ever takes away."""

_IMPOSSIBLE_ROWS: Final = {
    "setting": ("SELECT name FROM setting WHERE NOT json_valid(value)", "a setting is unreadable"),
    "bulk": ("SELECT one FROM bulk", "rows were left uncounted"),
}
"""What is never committed, and what it means if it is there."""


class RowUnreadable(sqlite3.DatabaseError):
    """A row holds what was never written there: pages in good order do not prove what stands in them."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file is damaged, and not merely locked, or its disk full, read-only or failing."""
    return _primary_code(error) in _DAMAGE


def examine(path: Path) -> None:
    """Look at the database at `path`; that there is none yet is no fault.

    Raises:
        StateCorrupt: it is damaged, or no database of ours.
        StateTooNew: a newer darkroomd wrote it.
        sqlite3.Error, OSError: it cannot be looked at.
    """
    if not _has_content(path):
        return
    uri = f"file:{quote_from_bytes(os.fsencode(path))}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_SECONDS)) as database:
            problem = _problem(database, path)
    except sqlite3.DatabaseError as error:
        if _primary_code(error) not in _DAMAGE_WHILE_LOOKING:
            raise
        raise StateCorrupt(path, str(error)) from error
    if problem is not None:
        raise StateCorrupt(path, problem)


def _has_content(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
    except FileNotFoundError:
        header = b""
    if header:
        # SQLite would take such a file for an empty one, or for one that may only be read.
        if len(header) < _HEADER_BYTES or not _FILE_FORMATS.issuperset(header[_FORMAT_BYTES]):
            raise StateCorrupt(path, "its header makes no sense")
        return True
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size:
        raise StateCorrupt(path, "it is empty, and its write-ahead log is not")
    return False


def _problem(database: sqlite3.Connection, path: Path) -> str | None:
    (version,) = database.execute("PRAGMA user_version").fetchone()
    known = load_migrations()
    if not 0 <= version <= LARGEST_SCHEMA:
        return f"its schema is numbered {version}"
    if version > len(known):
        raise StateTooNew(path, found=version, known=len(known))
    if not version and _parts(database):
        return "it holds the tables of another program"
    with closing(sqlite3.connect(":memory:")) as model:
        for script in known[:version]:
            model.executescript(script)
        return _damaged_page(database) or _missing_part(database, model) or _odd_row(database, model)


def _damaged_page(database: sqlite3.Connection) -> str | None:
    deadline = time.monotonic() + CHECK_SECONDS
    database.set_progress_handler(lambda: time.monotonic() > deadline, STEPS_BETWEEN_LOOKS)
    try:
        (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        if _primary_code(error) != sqlite3.SQLITE_INTERRUPT:
            raise
        return None
    finally:
        database.set_progress_handler(None, 0)
    return None if found == "ok" else str(found).strip().splitlines()[-1]


def _missing_part(database: sqlite3.Connection, model: sqlite3.Connection) -> str | None:
    """Return what the database lacks of the schema of the model."""
    found = _parts(database)
    for (kind, name), columns in _parts(model).items():
        if (kind, name) not in found:
            return f"the {kind} {name} is missing"
        if columns != found[kind, name]:
            return f"the {kind} {name} has other columns"
    return None


def _odd_row(database: sqlite3.Connection, model: sqlite3.Connection) -> str | None:
    """Return what is wrong with the few rows without which, or with which, nothing works."""
    tables = {name for kind, name in _parts(model) if kind == "table"}
    for table, statement in _LASTING_ROWS.items():
        if table in tables and (lost := _keys(model, statement) - _keys(database, statement)):
            return f"the table {table} lacks the row {min(lost)}"
    for table, (statement, problem) in _IMPOSSIBLE_ROWS.items():
        if table in tables and _keys(database, statement):
            return problem
    return None


def _keys(database: sqlite3.Connection, statement: str) -> frozenset[str]:
    return frozenset(str(key) for (key,) in database.execute(statement))


def _parts(database: sqlite3.Connection) -> Mapping[tuple[str, str], str | None]:
    """Return tables, views, indexes and triggers, the former two with the names of their columns."""
    rows = database.execute(
        "SELECT part.type, part.name, group_concat(part_column.name) FROM sqlite_master AS part "
        "LEFT JOIN pragma_table_info(part.name) AS part_column GROUP BY part.type, part.name"
    )
    return {(kind, name): columns for kind, name, columns in rows}


def _primary_code(error: sqlite3.Error) -> int | None:
    # What the module raises by itself, such as for text that is not UTF-8, has no code.
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF
