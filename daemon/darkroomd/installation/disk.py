"""Service files on disk: written whole, removed, and left alone where somebody has made them their own."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Final

from darkroom.errors import DarkroomError
from darkroomd.files.atomic import write_atomically
from darkroomd.installation.marks import Origin, origin_of
from darkroomd.installation.units import InstalledFile

_ROOT: Final = Path("/")
_MASK: Final = 0o022
"""Of files that every user may read, as all of systemd's."""


class FilesEdited(DarkroomError):
    """Somebody has edited service files, or put others in their places."""

    code = "service.files_edited"

    def __init__(self, paths: Sequence[Path]) -> None:
        named = ", ".join(map(str, paths))
        super().__init__(
            f"Nothing was written, as somebody has edited or made {named}. Put what you want changed into a "
            "drop-in beside it, or replace it with --force.",
            paths=[str(path) for path in paths],
        )


class FileRefused(DarkroomError):
    """The disk does not let us read, write or remove a service file."""

    code = "service.file_refused"

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"The service file {path} cannot be read, written or removed: {problem}. Make its folder "
            "writable, then run the command again.",
            path=str(path),
            problem=problem,
        )


class Change(Enum):
    """What has become of a file; the value is for people."""

    WRITTEN = "written"
    REPLACED = "replaced"
    UNCHANGED = "unchanged"
    REMOVED = "removed"
    KEPT = "kept, as somebody has edited it"


def changes(
    files: Sequence[InstalledFile], *, below: Path, force: bool
) -> list[tuple[InstalledFile, Change]]:
    """Return what `install` would do with each file.

    `below` is the folder that stands for `/`; with `force` files that somebody has edited or made are
    replaced.

    Raises:
        FilesEdited: there are such files, and no force.
        FileRefused: one cannot be read.
    """
    found = [(file, _found(placed(file.path, below=below))) for file in files]
    edited = [
        placed(file.path, below=below)
        for file, content in found
        if content is not None and content != file.content and origin_of(content) is not Origin.OURS
    ]
    if edited and not force:
        raise FilesEdited(edited)
    return [(file, _change(content, file.content)) for file, content in found]


def install(files: Sequence[InstalledFile], *, below: Path, force: bool) -> list[tuple[Path, Change]]:
    """Write the files that are not there as they should be, each whole or not at all; return what was done.

    Raises:
        FilesEdited: nothing was written.
        FileRefused: those before it may have been written; the command can be given again.
    """
    plan = changes(files, below=below, force=force)
    mask = os.umask(_MASK)
    try:
        for file, change in plan:
            if change is not Change.UNCHANGED:
                _write(placed(file.path, below=below), file.content)
    finally:
        os.umask(mask)
    return [(placed(file.path, below=below), change) for file, change in plan]


def uninstall(
    paths: Sequence[Path], *, below: Path, force: bool, dry_run: bool = False
) -> list[tuple[Path, Change]]:
    """Remove those files that are there, and folders of drop-ins that are empty then; return what was done.

    Files that somebody has edited or made are kept, unless `force` says otherwise.

    Raises:
        FileRefused: those before it may be gone; the command can be given again.
    """
    done: list[tuple[Path, Change]] = []
    for named in paths:
        path = placed(named, below=below)
        content = _found(path)
        if content is None:
            continue
        if not force and origin_of(content) is not Origin.OURS:
            done.append((path, Change.KEPT))
            continue
        if not dry_run:
            _remove(path)
        done.append((path, Change.REMOVED))
    return done


def remove_dangling(links: Sequence[Path], *, below: Path) -> list[Path]:
    """Remove the links by which units were enabled that lead nowhere now; return those that were removed.

    Raises:
        FileRefused: the disk does not let us.
    """
    gone: list[Path] = []
    for named in links:
        link = placed(named, below=below)
        if link.is_symlink() and not _stands(link, below=below):
            _remove(link)
            gone.append(link)
    return gone


def read_own(path: Path, *, below: Path) -> bytes | None:
    """Return the content of a service file if it is there, and as we wrote it; else None.

    Raises:
        FileRefused: it cannot be read.
    """
    content = _found(placed(path, below=below))
    return content if content is not None and origin_of(content) is Origin.OURS else None


def make_folders(folders: Sequence[Path], *, below: Path) -> None:
    """Make folders that are for their owner alone, where they are not there.

    Raises:
        FileRefused: the disk does not let us.
    """
    for named in folders:
        folder = placed(named, below=below)
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise FileRefused(folder, os.strerror(error.errno or 0)) from error


def placed(path: Path, *, below: Path) -> Path:
    """Return where a file with an absolute path belongs when the folder `below` stands for `/`."""
    return path if below == _ROOT else below / path.relative_to(_ROOT)


def _stands(link: Path, *, below: Path) -> bool:
    target = link.readlink()
    return placed(target, below=below).exists() if target.is_absolute() else link.exists()


def _found(path: Path) -> bytes | None:
    """Return what is in a file; None: there is none. A link, as of a masked unit, holds nothing of ours."""
    try:
        return path.read_bytes() if stat.S_ISREG(path.lstat().st_mode) else b""
    except FileNotFoundError:
        return None
    except OSError as error:
        raise FileRefused(path, os.strerror(error.errno or 0)) from error


def _change(content: bytes | None, wanted: bytes) -> Change:
    if content is None:
        return Change.WRITTEN
    return Change.UNCHANGED if content == wanted else Change.REPLACED


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Who keeps the folders of configuration elsewhere, and links here, means what is there.
        write_atomically(path.parent.resolve() / path.name, content)
    except OSError as error:
        raise FileRefused(path, os.strerror(error.errno or 0)) from error


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise FileRefused(path, os.strerror(error.errno or 0)) from error
    if path.parent.name.endswith(".d") and path.parent.name.startswith("darkroomd"):
        # Somebody's own drop-ins keep the folder.
        with suppress(OSError):
            path.parent.rmdir()
