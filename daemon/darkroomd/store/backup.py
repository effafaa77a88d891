"""Copies of a database that are whole, sound, and one file each, made while others read and write it."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote_from_bytes

from darkroomd.core.backups import former_name, superfluous_formers
from darkroomd.core.naming import part_name
from darkroomd.core.state_faults import BackupNotMade

STEP_PAGES: Final = 256
"""Pages that are copied, and lie on the disk, before more are: what the queue records meanwhile has to wait
for no more than that."""

STEPS_BETWEEN_LOOKS: Final = 100_000
"""Steps of the check of a copy between two calls: a few milliseconds."""

PAGE_CACHE_KIB: Final = 1024
"""What of a copy is kept in memory: pages come once."""

_NEW_FILE: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FORMAT_AT: Final = 18
_WITHOUT_LOG: Final = b"\1\1"
"""In the header at that place: nobody who reads the file makes a log beside it (SQLite's format, 1.3.3)."""


def copy_database(source: Path, copy: Path, *, on_step: Callable[[], None] = lambda: None) -> None:
    """Copy the database at `source`, as it is at one moment, to a new file, and make that durable.

    Others may read and write it meanwhile. `on_step` is called after each step; what it raises ends the
    copying, and is raised. What there is of the copy then is the caller's to remove.

    Raises:
        BackupNotMade: it cannot be read, or its copy not be written.
        OSError: the same, as the system says it.
    """
    descriptor = os.open(copy, _NEW_FILE, 0o600)
    try:
        with closing(_existing(source)) as origin, closing(_bare(copy)) as target:
            # One snapshot for all steps: otherwise each change of the database would begin the copy anew.
            origin.execute("BEGIN")
            origin.execute("SELECT count(*) FROM sqlite_master").fetchone()

            def step(_: int, __: int, ___: int) -> None:
                # Left to the end, the whole file would be synced at once, and the queue's log behind it.
                os.fsync(descriptor)
                on_step()

            origin.backup(target, pages=STEP_PAGES, progress=step)
        os.pwrite(descriptor, _WITHOUT_LOG, _FORMAT_AT)
        os.fsync(descriptor)
    except sqlite3.Error as error:
        raise BackupNotMade(copy, str(error)) from error
    finally:
        os.close(descriptor)


class Stop:
    """What ends a check from another thread, at once, also where it calls nobody for a while."""

    def __init__(self) -> None:
        self._wanted = False
        self._interrupt: Callable[[], None] | None = None

    def __call__(self) -> None:
        """Have the check ended that is under way, or that begins later."""
        self._wanted = True
        if (interrupt := self._interrupt) is not None:
            # It may have come to its end, and be closed, just now.
            with suppress(sqlite3.ProgrammingError):
                interrupt()

    @contextmanager
    def ends(self, connection: sqlite3.Connection) -> Generator[None]:
        """Have a connection's statement ended as long as this block lasts, which must not close it before."""
        self._interrupt = connection.interrupt
        try:
            if self._wanted:
                raise InterruptedError(errno.EINTR, os.strerror(errno.EINTR))
            yield
        finally:
            self._interrupt = None


def problem_in_copy(
    copy: Path, *, on_step: Callable[[], None] = lambda: None, stop: Stop | None = None
) -> str | None:
    """Read a copy from end to end; return in a few words what is wrong with it, None if it is sound.

    `on_step` is called now and then; what it raises ends the check, and is raised.

    Raises:
        InterruptedError: `stop` was called.
        BackupNotMade: it cannot be read.
    """
    refusals: list[BaseException] = []

    def look() -> bool:
        try:
            on_step()
        except BaseException as refusal:  # noqa: BLE001 - raised below: SQLite would drop it
            refusals.append(refusal)
        return bool(refusals)

    try:
        with closing(_immutable(copy)) as database, (stop or Stop()).ends(database):
            database.set_progress_handler(look, STEPS_BETWEEN_LOOKS)
            (found,) = database.execute("PRAGMA integrity_check(1)").fetchone()
            database.set_progress_handler(None, 0)
    except sqlite3.DatabaseError as error:
        if refusals:
            raise refusals[0] from error
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            raise InterruptedError(errno.EINTR, os.strerror(errno.EINTR)) from error
        if isinstance(error, sqlite3.OperationalError):
            raise BackupNotMade(copy, str(error)) from error
        return str(error)
    return None if found == "ok" else str(found).strip().splitlines()[-1]


def keep_former(path: Path, *, schema: int) -> Path:
    """Keep the database at `path` as it is before it gets this schema; return where.

    The last few of such copies stay. Nobody else may do so at the same time.

    Raises:
        BackupNotMade, OSError: there is no copy.
    """
    kept = path.with_name(former_name(path.name, schema))
    part = path.with_name(part_name(kept.name, 0))
    part.unlink(missing_ok=True)
    try:
        copy_database(path, part)
        part.rename(kept)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    names = (one.name for one in path.parent.iterdir())
    for name in superfluous_formers(names, name=path.name, made=kept.name):
        path.with_name(name).unlink(missing_ok=True)
    sync(path.parent)
    return kept


def sync(path: Path) -> None:
    """Make a file, or the names in a folder, durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _existing(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{_uri(path)}?mode=rw", uri=True, isolation_level=None)


def _immutable(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{_uri(path)}?mode=ro&immutable=1", uri=True, isolation_level=None)


def _bare(path: Path) -> sqlite3.Connection:
    """Open a file that nobody else knows of, and that is dropped unless it becomes whole."""
    connection = sqlite3.connect(path, isolation_level=None)
    for setting in ("journal_mode = OFF", "synchronous = OFF", "locking_mode = EXCLUSIVE"):
        connection.execute(f"PRAGMA {setting}")
    connection.execute(f"PRAGMA cache_size = -{PAGE_CACHE_KIB}")
    return connection


def _uri(path: Path) -> str:
    return f"file:{quote_from_bytes(os.fsencode(path))}"
