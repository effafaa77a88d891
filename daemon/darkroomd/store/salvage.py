"""What a backup knows of a database that is lost, and session folders do not know better.

That is where photos are looked for, statistics, and how far jobs were numbered. All about photos is left out:
a session's own record was written at the last moment, and a backup at most every few hours.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final
from urllib.parse import quote_from_bytes

from darkroomd.core.backups import backup_moment
from darkroomd.core.faults import StateCorrupt, StateTooNew
from darkroomd.core.naming import part_name
from darkroomd.store.backup import sync
from darkroomd.store.database import upgrade
from darkroomd.store.soundness import examine
from darkroomd.store.statements import load_statements

OLDEST_SCHEMA: Final = 7
"""The first one that knows of roots, and of sessions that were added."""

_STATEMENTS: Final = (
    "salvage_sessions",
    "salvage_roots",
    "salvage_forgotten",
    "salvage_samples",
    "salvage_numbers",
)


def salvage(path: Path, backups: Path) -> Path | None:
    """Make a new database at `path`, where none is, with what the newest sound backup in a folder knows.

    Returns that backup; None: there is none that is any use, and no database was made. Nor is there one if
    this process is killed in between.
    """
    for backup in _newest_first(backups):
        part = path.with_name(part_name(path.name, 0))
        try:
            part.unlink(missing_ok=True)
            examine(backup)
            if _carry_over(backup, part):
                sync(part)
                part.rename(path)
                sync(path.parent)
                return backup
            part.unlink(missing_ok=True)
        except (StateCorrupt, StateTooNew, sqlite3.Error, OSError):
            # An older one may do; and if none does, the session folders do.
            continue
    return None


def _newest_first(backups: Path) -> list[Path]:
    try:
        names = [file.name for file in backups.iterdir() if backup_moment(file.name) is not None]
    except OSError:
        return []
    return [backups / name for name in sorted(names, reverse=True)]


def _carry_over(backup: Path, part: Path) -> bool:
    statements = load_statements()
    with closing(sqlite3.connect(part, isolation_level=None, uri=True)) as database:
        database.execute("PRAGMA journal_mode = MEMORY")
        upgrade(database)
        uri = f"file:{quote_from_bytes(os.fsencode(backup))}?mode=ro&immutable=1"
        database.execute("ATTACH ? AS former", [uri])
        (schema,) = database.execute("PRAGMA former.user_version").fetchone()
        if schema < OLDEST_SCHEMA:
            return False
        database.execute("BEGIN")
        for statement in _STATEMENTS:
            database.execute(statements[statement])
        database.execute("COMMIT")
        return True
