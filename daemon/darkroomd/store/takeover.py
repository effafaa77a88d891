"""A database from elsewhere: looked at, brought to the newest schema, and told where its folders lie here."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from darkroomd.core.archive_request import is_archived_by
from darkroomd.core.faults import StateCorrupt, StateTooNew, StateUnusable
from darkroomd.core.model import SessionId
from darkroomd.core.session_names import root_id, session_name
from darkroomd.core.state_faults import NothingMoved, StateFileInvalid, StateFileTooNew
from darkroomd.core.state_file import FolderMove, all_moved, moved, moved_by
from darkroomd.store import queue
from darkroomd.store.aside import mark_damaged, move_marked
from darkroomd.store.backup import problem_in_copy
from darkroomd.store.catalogue import read_item
from darkroomd.store.database import Database, upgrade
from darkroomd.store.history import IDENTITY
from darkroomd.store.soundness import examine
from darkroomd.store.statements import load_migrations

_NO_FILES_BESIDE: Final = ("journal_mode = MEMORY", "synchronous = OFF")


@dataclass(frozen=True, slots=True)
class Contents:
    """What a database holds: the folders of its sessions, and of its roots."""

    sessions: tuple[Path, ...]
    roots: tuple[Path, ...]


def check_foreign(part: Path, *, file: Path, on_step: Callable[[], None] = lambda: None) -> int:
    """Read a copy of somebody's database through and return its schema; `file` is only named in errors.

    It has to be sound and ours to the letter, since its triggers are run.

    Raises:
        StateFileInvalid, StateFileTooNew: it cannot be taken over.
    """
    try:
        examine(part)
        problem = problem_in_copy(part, on_step=on_step) or _odd_part(part)
    except StateTooNew as error:
        found, known = int(str(error.context["found"])), len(load_migrations())
        raise StateFileTooNew(file, found=found, known=known) from error
    except StateCorrupt as error:
        raise StateFileInvalid(file, error.problem) from error
    except sqlite3.Error as error:
        raise StateFileInvalid(file, str(error)) from error
    if problem is not None:
        raise StateFileInvalid(file, problem)
    with closing(_foreign(part)) as connection:
        (schema,) = connection.execute("PRAGMA user_version").fetchone()
    if not schema:
        raise StateFileInvalid(file, "it is an empty database")
    return int(schema)


def settle_in(part: Path, moves: Sequence[FolderMove], *, now_usec: int) -> Contents:
    """Make a copy that `check_foreign` has read one that can be worked with here; return what it holds.

    It gets the newest schema. Folders that moved are followed, what was in work waits again, and watchers
    list anew. It is not durable yet.

    Raises:
        FoldersCollide, NothingMoved: the moves cannot be right.
        StateUnusable: the disk refuses.
    """
    try:
        with closing(_foreign(part)) as connection:
            upgrade(connection)
            database = Database(connection, part)
            with database.transaction():
                _settle(database, moves, now_usec=now_usec)
            return _contents(database)
    except sqlite3.Error as error:
        raise StateUnusable(part.parent, str(error)) from error


def contents_of(path: Path) -> Contents | None:
    """Return what a database that nobody uses holds; None: there is none, or it cannot be read."""
    if not path.exists():
        return None
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.row_factory = sqlite3.Row
            return _contents(Database(connection, path))
    except sqlite3.Error:
        return None


def fold_for_good(path: Path) -> Path | None:
    """Make a database that nobody uses a single file; one that is damaged is moved aside, and where is told.

    Raises:
        StateUnusable: somebody uses it, or the disk refuses.
    """
    log = path.with_name(f"{path.name}-wal")
    problem = "it is gone, and its write-ahead log is not" if log.exists() else None
    if path.exists():
        problem = _problem_in_folding(path)
        if problem is None and log.exists():
            raise StateUnusable(path.parent, "another program has the database open")
    if problem is None:
        return None
    mark_damaged(path, problem)
    damage = move_marked(path)
    return None if damage is None else damage.kept


def _problem_in_folding(path: Path) -> str | None:
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    except sqlite3.OperationalError as error:
        raise StateUnusable(path.parent, str(error)) from error
    except sqlite3.DatabaseError as error:
        return str(error)
    return None


def _foreign(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.row_factory = sqlite3.Row
    for setting in _NO_FILES_BESIDE:
        connection.execute(f"PRAGMA {setting}")
    return connection


def _odd_part(part: Path) -> str | None:
    """Return what of the schema is not as our migrations leave it."""
    with closing(_foreign(part)) as found, closing(sqlite3.connect(":memory:")) as model:
        (schema,) = found.execute("PRAGMA user_version").fetchone()
        for script in load_migrations()[:schema]:
            model.executescript(script)
        ours, theirs = _texts(model), _texts(found)
    odd = sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))
    return f"{odd[0]} is not as darkroomd makes it" if odd else None


def _texts(database: sqlite3.Connection) -> dict[str, str]:
    # SQLite's own statistics come with use, and hold nothing but numbers.
    rows = database.execute(
        "SELECT type || ' ' || name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_stat%'"
    )
    # How names are quoted when a table is renamed depends on SQLite's version.
    return {str(name): " ".join(str(text).replace('"', "").split()) for name, text in rows}


def _contents(database: Database) -> Contents:
    sessions = (Path(os.fsdecode(row["folder"])) for row in database.all("places_of_sessions"))
    # Those of the first schemas know of no roots.
    known = database.all("roots") if database.one("has_roots") is not None else []
    return Contents(tuple(sessions), tuple(Path(os.fsdecode(row["folder"])) for row in known))


def _settle(database: Database, moves: Sequence[FolderMove], *, now_usec: int) -> None:
    _check_moves(database, moves)
    _move_sessions(database, moves, now_usec=now_usec)
    _move_roots(database, moves)
    _move_others(database, moves)
    _put_back(database, now_usec=now_usec)
    # Cursors are of the one that goes on elsewhere, or of days that are no more.
    database.run("delete_setting", name=IDENTITY)


def _check_moves(database: Database, moves: Sequence[FolderMove]) -> None:
    known = _contents(database)
    used = {moved_by(folder, moves) for folder in (*known.sessions, *known.roots)}
    for move in moves:
        if move not in used:
            raise NothingMoved(move.old)


def _move_sessions(database: Database, moves: Sequence[FolderMove], *, now_usec: int) -> None:
    ids = {
        Path(os.fsdecode(row["folder"])): SessionId(row["id"]) for row in database.all("places_of_sessions")
    }
    places = {old: new for old, new in all_moved(tuple(ids), moves).items() if new != old}
    # They may change places with one another.
    database.many("displace_session", ({"id": ids[old]} for old in places))
    for old, new in places.items():
        folders = {"old": os.fsencode(old), "new": os.fsencode(new)}
        database.run(
            "place_session", id=ids[old], folder=folders["new"], name=session_name(new), now=now_usec
        )
        database.run("move_outputs", session_id=ids[old], **folders)


def _move_roots(database: Database, moves: Sequence[FolderMove]) -> None:
    ids = {Path(os.fsdecode(row["folder"])): row["id"] for row in database.all("roots")}
    places = {old: new for old, new in all_moved(tuple(ids), moves).items() if new != old}
    database.many("displace_root", ({"id": ids[old]} for old in places))
    for old, new in places.items():
        database.run("place_root", id=ids[old], new_id=root_id(new), folder=os.fsencode(new))


def _move_others(database: Database, moves: Sequence[FolderMove]) -> None:
    forgotten = [Path(os.fsdecode(row["folder"])) for row in database.all("forgotten")]
    database.run("forget_nowhere")
    for folder in forgotten:
        # Which folder it was by the numbers of its disk says nothing about a copy.
        database.run("forget_folder", folder=os.fsencode(moved(folder, moves)), identity=None)
    for row in database.all("places_of_archives"):
        destination = moved(Path(os.fsdecode(row["destination"])), moves)
        database.run("place_archive", job_id=row["job_id"], destination=os.fsencode(destination))


def _put_back(database: Database, *, now_usec: int) -> None:
    """Have what was in work wait again; the next start sees to what an archive may have left."""
    for row in database.all("running_items"):
        item = read_item(database, row)
        if not is_archived_by(item.recipe):
            queue.put_back(
                database,
                item,
                fence=item.fence or 0,
                failure=None,
                retry_at_usec=None,
                refund=True,
                now_usec=now_usec,
            )
