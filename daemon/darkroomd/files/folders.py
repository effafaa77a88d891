"""Session folders: checked before anything happens in them, and opened without following links.

A session's own folder may be named through links, since a person does that; they are resolved once. From then
on neither it nor `Raw/` and the output folders in it may be links: whoever can write into a session or a root
could otherwise lead the daemon anywhere.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Collection, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from darkroom.errors import DarkroomError
from darkroomd.core.access import lies_in
from darkroomd.core.model import RAW_FOLDER
from darkroomd.core.places import FolderIdentity
from darkroomd.files.mounts import pseudo_type

_OPEN_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

# Only the right to pass through it is needed; systems without O_PATH ask for the right to read as well.
_OPEN_PARENT: Final = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

# Some network and FUSE file systems cannot sync a folder and say so with one of these.
_CANNOT_SYNC: Final = frozenset((errno.EINVAL, errno.ENOTSUP, errno.EBADF))


class SessionNotFound(DarkroomError):
    """A folder that was named does not exist."""

    code = "session.not_found"
    exit_status = 5

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"The folder {folder} does not exist. Create it, or correct the path.", path=str(folder)
        )


class SessionNotAFolder(DarkroomError):
    """A path that was named is not a folder."""

    code = "session.not_a_folder"
    exit_status = 2

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"{folder} is not a folder. Give the folder that holds Raw/, not a file in it.", path=str(folder)
        )


class SessionUnreadable(DarkroomError):
    """A folder that was named cannot be read."""

    code = "session.unreadable"
    exit_status = 4

    def __init__(self, folder: Path, problem: str) -> None:
        super().__init__(
            f"The folder {folder} cannot be read ({problem}). Give the user that darkroomd runs as the right "
            "to read and enter it.",
            path=str(folder),
            problem=problem,
        )


class SessionNotOnDisk(DarkroomError):
    """A folder that was named shows the system itself, and no files."""

    code = "session.not_on_disk"
    exit_status = 2

    def __init__(self, folder: Path, file_system: str) -> None:
        super().__init__(
            f"The folder {folder} lies on a {file_system} file system, which shows the system itself and "
            "keeps no files. Give a folder on a disk.",
            path=str(folder),
            file_system=file_system,
        )


class FolderIsLink(DarkroomError):
    """A folder inside a session is a symbolic link."""

    code = "session.folder_is_link"

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"{folder} is a symbolic link, and links inside a session are not followed. Replace it with a "
            "real folder, or name the folder that holds its target as the session.",
            path=str(folder),
        )


def check_session(folder: Path) -> Path:
    """Return the real path of a session's folder; nothing is created.

    Raises:
        SessionNotFound, SessionNotAFolder, SessionUnreadable, SessionNotOnDisk: it cannot be worked in.
    """
    try:
        real = folder.resolve(strict=True)
        file_system = pseudo_type(real)
        if file_system is not None:
            raise SessionNotOnDisk(folder, file_system)
        if not real.is_dir():
            raise SessionNotAFolder(folder)
        with os.scandir(real):
            pass
    except (FileNotFoundError, RuntimeError, ValueError) as error:
        # A loop of links is a RuntimeError before Python 3.13; a name that no disk can hold is a ValueError.
        raise SessionNotFound(folder) from error
    except NotADirectoryError as error:
        raise SessionNotAFolder(folder) from error
    except OSError as error:
        raise SessionUnreadable(folder, os.strerror(error.errno or 0)) from error
    if not os.access(real, os.X_OK):
        raise SessionUnreadable(folder, os.strerror(errno.EACCES))
    return real


def check_root(folder: Path) -> Path:
    """Return the real path of a folder of sessions; raises what `check_session` raises."""
    return check_session(folder)


def confined(folder: Path, within: Collection[Path]) -> Path | None:
    """Return the real path of what is, or could be, at `folder`; None unless that lies in one of `within`.

    Raises:
        OSError: the disk refuses.
    """
    try:
        real = Path(os.path.realpath(folder))
    except ValueError:
        # A name that no disk can hold.
        return None
    return real if lies_in(real, [Path(os.path.realpath(each)) for each in within]) else None


def make_folder(folder: Path) -> None:
    """Make an output folder of a session if it is not there.

    Raises:
        FolderIsLink: a link, or something that is no folder, stands there.
        OSError: the disk refuses, or the session's folder is gone.
    """
    try:
        folder.mkdir()
    except FileExistsError:
        with open_folder(folder):
            return
    with open_folder(folder.parent) as descriptor:
        sync_folder(descriptor)


@contextmanager
def open_folder(folder: Path) -> Generator[int]:
    """Open a folder for calls that take a `dir_fd`.

    Raises:
        FolderIsLink: its last part, or the one before, is a link.
        OSError: it is gone, no folder, or not readable.
    """
    with _opened(folder.parent, folder.parent, _OPEN_PARENT) as parent:
        opening = _opened(Path(folder.name or "."), folder, _OPEN_FOLDER, dir_fd=parent)
        with opening as descriptor:
            yield descriptor


@contextmanager
def _opened(name: Path, folder: Path, flags: int, *, dir_fd: int | None = None) -> Generator[int]:
    try:
        descriptor = os.open(name, flags, dir_fd=dir_fd)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENOTDIR} and is_link(folder):
            raise FolderIsLink(folder) from error
        # The name alone says nothing to whoever reads of it.
        raise OSError(error.errno, os.strerror(error.errno or 0), str(folder)) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def identity_of(folder: Path) -> FolderIdentity | None:
    """Return which folder it is that is called so now; None if there is none, or a link.

    Raises:
        OSError: the disk refuses.
    """
    try:
        found = folder.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return FolderIdentity(found.st_dev, found.st_ino) if stat.S_ISDIR(found.st_mode) else None


def make_session(folder: Path) -> None:
    """Make the `Raw/` of a session that somebody added, unless it is there.

    Raises:
        FolderIsLink: a link stands there.
        OSError: something else stands there, or the disk refuses.
    """
    make_folder(folder / RAW_FOLDER)


def is_folder(path: Path) -> bool:
    """Whether a folder is there and can be asked for."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except OSError:
        return False


def is_link(path: Path) -> bool:
    """Whether a path is a symbolic link; False where nothing is there."""
    try:
        return stat.S_ISLNK(path.lstat().st_mode)
    except OSError:
        return False


def sync_folder(descriptor: int) -> None:
    """Make the names in an open folder durable, where the file system can."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _CANNOT_SYNC:
            raise
