"""A state from elsewhere, taken over where no daemon works: all of it, or nothing.

Whoever is killed meanwhile leaves the state that was there before, or the other one, and perhaps a part file
that the next start removes.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from darkroomd.core.faults import StateUnusable
from darkroomd.core.naming import part_name
from darkroomd.core.state_faults import (
    BackupNotMade,
    StateFileInvalid,
    StateFileMissing,
    StateNotEmpty,
)
from darkroomd.core.state_file import (
    DATABASE_NAME,
    LARGEST_MANIFEST_BYTES,
    MANIFEST_NAME,
    FolderMove,
    read_manifest,
)
from darkroomd.files.atomic import OWN_PARTS, keep_aside
from darkroomd.files.bundle import BundleInvalid, read_content, read_head
from darkroomd.files.folders import open_folder, sync_folder
from darkroomd.files.reading import OPEN_TO_READ
from darkroomd.files.sweep import sweep
from darkroomd.store.aside import move_marked
from darkroomd.store.backup import copy_database, sync
from darkroomd.store.statements import load_migrations
from darkroomd.store.takeover import Contents, check_foreign, contents_of, fold_for_good, settle_in

_SQLITE: Final = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What came of it.

    Attributes:
        contents: of the state that is in force now.
        missing: folders of its sessions and roots that are not there.
        kept: where the state lies that was in force before; None: there was none worth keeping.
    """

    contents: Contents
    missing: tuple[Path, ...]
    kept: Path | None


def import_state(
    state: Path,
    file: Path,
    *,
    moves: Sequence[FolderMove],
    replace: bool,
    now_usec: int,
    on_step: Callable[[], None] = lambda: None,
) -> TakenOver:
    """Take over a state that was exported, or a backup of a database; the caller holds the lock of `state`.

    With `replace` a state that is there already is kept aside, without it that is refused.

    Raises:
        StateFileMissing, StateFileInvalid, StateFileTooNew, StateNotEmpty, FoldersCollide, NothingMoved:
            nothing was changed.
        StateUnusable: the disk refuses.
    """
    # Whoever runs the daemon may have its state folder be a link.
    state = Path(os.path.realpath(state))
    part = state / part_name(DATABASE_NAME, secrets.choice(OWN_PARTS))
    database = state / DATABASE_NAME
    try:
        # One that was found damaged is moved by whoever comes next, and that must not be the new one.
        move_marked(database)
        sweep(state, live=OWN_PARTS, suffix=".db")
        _check_replaceable(database, replace=replace)
        try:
            _fetch(file, part, on_step)
            check_foreign(part, file=file, on_step=on_step)
            contents = settle_in(part, moves, now_usec=now_usec)
            sync(part)
            kept = _put_in_place(part, database)
        finally:
            part.unlink(missing_ok=True)
    except BackupNotMade as error:
        raise StateUnusable(state, error.problem) from error
    except OSError as error:
        raise StateUnusable(state, os.strerror(error.errno or 0)) from error
    missing = tuple(folder for folder in (*contents.sessions, *contents.roots) if not folder.is_dir())
    return TakenOver(contents, missing, kept)


def _check_replaceable(database: Path, *, replace: bool) -> None:
    there = contents_of(database)
    if not replace and there is not None and (there.sessions or there.roots):
        raise StateNotEmpty(database.parent, sessions=len(there.sessions))


def _fetch(file: Path, part: Path, on_step: Callable[[], None]) -> None:
    """Copy the database that `file` is, or holds, to a new file."""
    try:
        # A link is followed: it is a person who names the file.
        descriptor = os.open(file, OPEN_TO_READ & ~os.O_NOFOLLOW)
    except FileNotFoundError as error:
        raise StateFileMissing(file) from error
    except OSError as error:
        raise StateFileInvalid(file, os.strerror(error.errno or 0)) from error
    with open(descriptor, "rb") as source:  # noqa: PTH123 - takes a descriptor
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise StateFileInvalid(file, "it is not a regular file")
        beginning = source.read(len(_SQLITE))
        source.seek(0)
        if beginning != _SQLITE:
            _unpack(source, file, part, on_step)
            return
    try:
        copy_database(file, part, on_step=on_step)
    except BackupNotMade as error:
        raise StateFileInvalid(file, error.problem) from error


def _unpack(source: BinaryIO, file: Path, part: Path, on_step: Callable[[], None]) -> None:
    try:
        text = read_head(source, name=MANIFEST_NAME, largest_bytes=LARGEST_MANIFEST_BYTES)
        manifest = read_manifest(text, file, known_schema=len(load_migrations()))
        size_bytes = manifest.size_bytes
        sha256 = read_content(source, part, name=DATABASE_NAME, size_bytes=size_bytes, on_step=on_step)
    except BundleInvalid as error:
        raise StateFileInvalid(file, error.problem) from error
    if sha256 != manifest.sha256:
        raise StateFileInvalid(file, "its checksum is not the one that its manifest names")


def _put_in_place(part: Path, database: Path) -> Path | None:
    """Let the new database take the place of the old one in one step; return where that is kept."""
    there = contents_of(database)
    kept = fold_for_good(database)
    if kept is None and there is not None and (there.sessions or there.roots):
        kept = keep_aside(database)
    part.rename(database)
    with open_folder(database.parent) as folder:
        sync_folder(folder)
    return kept
