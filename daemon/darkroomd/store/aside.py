"""Moving a damaged database aside, with all that belongs to it, so that a kill at any point does no harm.

A mark is set first; it names where to. While it stands the database is not opened, and whoever finds it moves
what has not been moved yet. It goes once everything lies in its place.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from darkroomd.core.damage import Damage, damaged_names

MARK: Final = ".moving"
PARTS: Final = ("-shm", "-wal", "")
"""What a database consists of, in the order in which it is moved."""

LONGEST_PROBLEM_BYTES: Final = 4096


def mark_damaged(path: Path, problem: str) -> None:
    """Have the database at `path` moved aside before it is opened again; one mark is enough.

    Raises:
        OSError: the disk refuses.
    """
    if _marks(path):
        return
    mark = _new_mark(path)
    try:
        os.write(mark, problem.encode("utf-8", "backslashreplace")[:LONGEST_PROBLEM_BYTES])
        os.fsync(mark)
    finally:
        os.close(mark)
    _sync(path.parent)


def move_marked(path: Path, *, rebuild: Callable[[], Path | None] = lambda: None) -> Damage | None:
    """Move the database at `path` aside if it is marked; nothing is ever overwritten.

    `rebuild` may then make a new one there, and return the backup it is made from; it is called once more if
    this process is killed before the mark is gone.

    Raises:
        OSError: the disk refuses; the mark stands, and the next call goes on.
    """
    damage = None
    for mark in _marks(path):
        kept = mark.with_name(mark.name.removesuffix(MARK))
        problem = mark.read_bytes().decode("utf-8", "replace") or "it was found damaged"
        for part in PARTS:
            source, target = _with(path, part), _with(kept, part)
            # Whoever called for the same name before has moved this part already.
            if os.path.lexists(source) and not os.path.lexists(target):
                source.rename(target)
        _sync(path.parent)
        backup = None if os.path.lexists(path) else rebuild()
        mark.unlink()
        _sync(path.parent)
        damage = Damage(path, kept, problem, backup)
    return damage


def _new_mark(path: Path) -> int:
    for name in damaged_names(path.name, at=datetime.now(UTC)):
        kept = path.with_name(name)
        if any(os.path.lexists(_with(kept, part)) for part in PARTS):
            continue
        try:
            return os.open(_with(kept, MARK), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            continue
    raise AssertionError("There is always another name.")


def _marks(path: Path) -> list[Path]:
    prefix = f"{path.name}.damaged-"
    with os.scandir(path.parent) as entries:
        names = [
            entry.name for entry in entries if entry.name.startswith(prefix) and entry.name.endswith(MARK)
        ]
    return [path.with_name(name) for name in sorted(names)]


def _with(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
