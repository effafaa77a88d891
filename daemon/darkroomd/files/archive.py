"""What stands in an archive: its folders, the content of its files, and parts of copies that were cut short.

All of it blocks. The archive's own folder is named by its real path; no link in or below it is followed.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Collection, Generator, Iterable, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from darkroom.errors import DarkroomError
from darkroomd.core.archive_plan import Standing, bears_on
from darkroomd.core.naming import parse_part, part_name
from darkroomd.files.folders import FolderIsLink, open_folder, sync_folder
from darkroomd.files.reading import OPEN_TO_READ

CHUNK_BYTES: Final = 1 << 20
"""What is read at a time; whether the work is still wanted is asked as often."""

_OPEN_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

# What tells of a name, and nothing of the disk: it is gone, a link, another user's, a socket.
_NOT_OURS: Final = frozenset((errno.ENOENT, errno.ELOOP, errno.EACCES, errno.EPERM, errno.ENXIO))


class Canceled(Exception):
    """Nobody wants the work any more; nothing is left of it."""


class SourceUnreadable(OSError):
    """A file that is to be archived cannot be read; the archive itself is not to blame."""


class ArchiveFolderBlocked(DarkroomError):
    """Something else stands in an archive where one of its folders belongs."""

    code = "archive.folder_blocked"

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"What stands at {folder} is no folder of the archive, but a link or a file. Move it away, then "
            "retry the job.",
            path=str(folder),
        )


def never() -> bool:
    """Cancel nothing."""
    return False


def folders_in(destination: Path) -> tuple[str, ...]:
    """Return the folders of an archive that are there, links left out.

    Raises:
        ArchiveFolderBlocked, OSError: the disk refuses, or the archive is not there.
    """
    with _translated(), open_folder(destination) as top, os.scandir(top) as entries:
        return tuple(sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False)))


def make_destination(destination: Path) -> None:
    """Make an archive's own folder if it is not there.

    Raises:
        ArchiveFolderBlocked: a link or a file stands there.
        OSError: the disk refuses, or the folder that it is to be in is not there.
    """
    with _translated(), open_folder(destination.parent) as parent:
        _make_folder(destination.name or ".", parent, destination)


@contextmanager
def open_archive_folder(destination: Path, name: str, *, make: bool = False) -> Generator[int]:
    """Open a folder of an archive for calls that take a `dir_fd`; `make` it if it is not there.

    Raises:
        ArchiveFolderBlocked: a link or a file stands there.
        OSError: the disk refuses, or the archive is not there.
    """
    with _translated(), open_folder(destination) as top:
        if make:
            _make_folder(name, top, destination / name)
        try:
            descriptor = os.open(name, _OPEN_FOLDER, dir_fd=top)
        except OSError as error:
            if error.errno in {errno.ELOOP, errno.ENOTDIR}:
                raise ArchiveFolderBlocked(destination / name) from error
            raise OSError(error.errno, os.strerror(error.errno or 0), str(destination / name)) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def look_at(
    destination: Path, folders: Mapping[str, Collection[str]], *, canceled: Callable[[], bool] = never
) -> Standing:
    """Return what folders of an archive hold that bears on the bases in them; see `archive_plan.folders_of`.

    A folder that is not there holds nothing.

    Raises:
        Canceled: before it was done.
        ArchiveFolderBlocked: a link or a file stands where one of the folders belongs.
        OSError: the disk refuses, or the archive is not there.
    """
    sizes: dict[str, dict[str, int | None]] = {}
    for name, bases in folders.items():
        sizes[name] = {}
        try:
            with open_archive_folder(destination, name) as folder, os.scandir(folder) as entries:
                for entry in entries:
                    check(canceled)
                    # Over a network each size takes a while, and an archive grows for years.
                    if bears_on(entry.name, bases):
                        sizes[name][entry.name] = _size(entry)
        except FileNotFoundError:
            # If the archive itself is gone, that is to be said.
            with _translated(), open_folder(destination):
                continue
    return Standing(sizes)


def hash_standing(
    destination: Path, paths: Iterable[str], *, canceled: Callable[[], bool] = never
) -> dict[str, str | None]:
    """Return the SHA-256 of files in an archive, by path relative to it.

    None for what is gone, no regular file, or another user's secret: nothing of ours, whatever it is.

    Raises:
        Canceled: before it was done.
        ArchiveFolderBlocked, OSError: the disk refuses, or the archive is not there.
    """
    return {path: _hash_standing(destination, path, canceled) for path in paths}


def hash_sources(paths: Iterable[Path], *, canceled: Callable[[], bool] = never) -> dict[Path, str | None]:
    """Return the SHA-256 of files that are to be archived; None for what is gone, no regular file, or secret.

    Raises:
        Canceled: before it was done.
        FolderIsLink, SourceUnreadable: a file's disk refuses, or its folder is gone.
    """
    return {path: _hash_source(path, canceled) for path in paths}


def hash_if_ours(name: str, folder: int, *, canceled: Callable[[], bool]) -> str | None:
    """Return the SHA-256 of a file in an open folder.

    None for what is gone, no regular file, or another user's secret.

    Raises:
        Canceled, OSError: before it was done.
    """
    try:
        descriptor = os.open(name, OPEN_TO_READ, dir_fd=folder)
    except OSError as error:
        if error.errno in _NOT_OURS:
            return None
        raise
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        return sha256_from(descriptor, canceled=canceled)
    finally:
        os.close(descriptor)


def sha256_from(
    descriptor: int, *, canceled: Callable[[], bool], on_bytes: Callable[[int], None] | None = None
) -> str:
    """Return the SHA-256 of an open file from where it stands to its end.

    Raises:
        Canceled, OSError: before it was done.
    """
    digest = hashlib.sha256()
    while True:
        check(canceled)
        chunk = os.read(descriptor, CHUNK_BYTES)
        if not chunk:
            return digest.hexdigest()
        digest.update(chunk)
        if on_bytes is not None:
            on_bytes(len(chunk))


def check(canceled: Callable[[], bool]) -> None:
    """Raise `Canceled` if it is so."""
    if canceled():
        raise Canceled


def require_some(destination: Path, paths: Iterable[bytes]) -> None:
    """Make sure that one at least of files that were brought to an archive, by path relative to it, is there.

    Where none is, another disk is mounted at the archive's place, or the folder that its own is mounted on.

    Raises:
        OSError: none is there, or the disk refuses.
    """
    if not any(map(partial(_is_there, os.fsencode(destination)), paths)):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(destination))


def archive_part(name: str, fence: int) -> str:
    """Return the name under which a file is copied before it has its own."""
    return part_name(name, fence)


def sweep_parts(destination: Path, folders: Collection[str], *, dead: Collection[int]) -> tuple[str, ...]:
    """Remove parts of copies that bear a fence of `dead`; return what was removed, relative to the archive.

    Raises:
        ArchiveFolderBlocked, OSError: a folder cannot be read or changed.
    """
    removed: list[str] = []
    for folder in folders:
        try:
            with open_archive_folder(destination, folder) as descriptor:
                names = os.listdir(descriptor)  # noqa: PTH208 - the open folder, not its path
                parts = (name for name in names if parse_part(name, suffix="") in dead)
                removed.extend(f"{folder}/{name}" for name in parts if _remove(name, descriptor))
        except FileNotFoundError:
            continue
    return tuple(removed)


def _is_there(destination: bytes, path: bytes) -> bool:
    try:
        os.lstat(os.path.join(destination, path))  # noqa: PTH118 - bytes, as manifests have them
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _make_folder(name: str, parent: int, path: Path) -> None:
    try:
        os.mkdir(name, dir_fd=parent)
    except FileExistsError:
        if not stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
            raise ArchiveFolderBlocked(path) from None
    else:
        sync_folder(parent)


@contextmanager
def _translated() -> Generator[None]:
    try:
        yield
    except FolderIsLink as error:
        raise ArchiveFolderBlocked(Path(str(error.context["path"]))) from error


def _size(entry: os.DirEntry[str]) -> int | None:
    try:
        found = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        # Somebody else's that is gone again: as good as anything that is not ours.
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _hash_standing(destination: Path, path: str, canceled: Callable[[], bool]) -> str | None:
    folder, _, name = path.partition("/")
    with open_archive_folder(destination, folder) as opened:
        return hash_if_ours(name, opened, canceled=canceled)


def _hash_source(path: Path, canceled: Callable[[], bool]) -> str | None:
    try:
        with open_folder(path.parent) as folder:
            return hash_if_ours(path.name, folder, canceled=canceled)
    except OSError as error:
        raise SourceUnreadable(error.errno, os.strerror(error.errno or 0), str(path)) from error


def _remove(name: str, folder: int) -> bool:
    """Remove a file; tell whether it was there and is one."""
    try:
        if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            return False
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return False
    return True
