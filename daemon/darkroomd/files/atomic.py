"""Files that appear whole or not at all, and never in place of somebody else's.

A process may be killed between any two calls: what is left is a part file, recognised by its name, or a copy
kept aside that is found again instead of being made twice.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Final

from darkroom.errors import DarkroomError
from darkroomd.core.freshness import FileStat
from darkroomd.core.naming import aside_names, part_name
from darkroomd.files.folders import open_folder, sync_folder
from darkroomd.files.reading import OPEN_TO_READ

_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_CHUNK_BYTES: Final = 1 << 20
_NO_HARD_LINKS: Final = frozenset((errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS, errno.EISDIR))
# Locked or immutable, another user's in a folder that guards against that, open in a program on the other
# side of a share, or mounted there.
_PROTECTED: Final = frozenset((errno.EPERM, errno.EACCES, errno.EBUSY, errno.ETXTBSY, errno.EXDEV))


_OWN_FIRST: Final = secrets.randbits(24) << 24
OWN_PARTS: Final = range(_OWN_FIRST, _OWN_FIRST + (1 << 24))
"""Numbers of the part files that this process writes: a sweep beside it leaves them alone."""


class OutputIsFolder(DarkroomError):
    """A folder stands where an output should be written."""

    code = "output.is_a_folder"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"A folder stands at {path}, where the JPEG belongs. Move it away, then rescan the session.",
            path=str(path),
        )


class OutputProtected(DarkroomError):
    """A file stands where an output should be written, and may not be replaced."""

    code = "output.protected"

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"The file at {path} may not be replaced: {problem}. Remove its protection, close it in other "
            "programs, or move it away; then retry the photo.",
            path=str(path),
            problem=problem,
        )


@dataclass(frozen=True, slots=True)
class Published:
    """An output in its place; `kept` is where a file of somebody else was kept that stood there."""

    stat: FileStat
    kept: Path | None


def write_atomically(path: Path, data: bytes, *, unless: Callable[[], bool] = lambda: False) -> bool:
    """Write a file beside `path`, make it durable, and rename it into place.

    A file that it replaces passes on its mode and, where that is allowed, its owner. `unless` is asked at the
    last moment: if it says so, nothing is renamed, and the answer is False.

    Raises:
        FolderIsLink, OSError: nothing was changed.
    """
    part = part_name(path.name, secrets.choice(OWN_PARTS))
    with open_folder(path.parent) as folder:
        descriptor = os.open(part, _CREATE, 0o666, dir_fd=folder)
        try:
            try:
                _inherit(path.name, descriptor, folder)
                _write_all(descriptor, data)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            if unless():
                os.unlink(part, dir_fd=folder)
                return False
            os.rename(part, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            os.unlink(part, dir_fd=folder)
            raise
        sync_folder(folder)
    return True


def publish(part: Path, final: Path, *, record: FileStat | None) -> Published:
    """Rename a complete part file over `final`, in the same folder, and make both durable.

    A file that stands there and is neither the one of `record` nor equal to the part file is kept first, as
    `<name>.bak`.

    Raises:
        OutputIsFolder: a folder stands there.
        OutputProtected: what stands there may not be replaced, in a folder where other files may.
        FolderIsLink, OSError: the disk refuses; `final` is as it was.
    """
    with open_folder(final.parent) as folder:
        _sync_file(part.name, folder)
        try:
            kept = None if _is_replaceable(part.name, final, record, folder) else _keep(final.name, folder)
            os.rename(part.name, final.name, src_dir_fd=folder, dst_dir_fd=folder)
        except OSError as error:
            if error.errno in _PROTECTED and _stands(final.name, folder) and _is_writable(folder):
                raise OutputProtected(final, os.strerror(error.errno or 0)) from error
            raise
        sync_folder(folder)
        found = os.stat(final.name, dir_fd=folder, follow_symlinks=False)
    return Published(
        FileStat(found.st_size, found.st_mtime_ns), None if kept is None else final.with_name(kept)
    )


def keep_aside(path: Path) -> Path:
    """Keep what stands at `path` as `<name>.bak`, `<name>.bak.2` and so on; return where.

    A file stays at `path` as well, to be replaced in one step; what cannot have two names is moved.

    Raises:
        FolderIsLink, OSError: the disk refuses; everything is as it was.
    """
    with open_folder(path.parent) as folder:
        return path.with_name(_keep(path.name, folder))


def _keep(name: str, folder: int) -> str:
    kept = os.stat(name, dir_fd=folder, follow_symlinks=False)
    for aside in aside_names(name):
        try:
            os.link(name, aside, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
        except FileExistsError:
            found = os.stat(aside, dir_fd=folder, follow_symlinks=False)
            if (found.st_dev, found.st_ino) != (kept.st_dev, kept.st_ino):
                continue
        except OSError as error:
            if error.errno not in _NO_HARD_LINKS:
                raise
            if _stands(aside, folder):
                continue
            os.rename(name, aside, src_dir_fd=folder, dst_dir_fd=folder)
        sync_folder(folder)
        return aside
    raise FileExistsError(errno.EEXIST, "every name for a copy is taken", name)


def _is_replaceable(part: str, final: Path, record: FileStat | None, folder: int) -> bool:
    try:
        found = os.stat(final.name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return True
    if stat.S_ISDIR(found.st_mode):
        raise OutputIsFolder(final)
    if not stat.S_ISREG(found.st_mode):
        return False
    if FileStat(found.st_size, found.st_mtime_ns) == record:
        return True
    # Killed between the rename and the record: what stands there is what was about to be written.
    return _same_content(part, final.name, folder)


def _same_content(one: str, other: str, folder: int) -> bool:
    try:
        with _reading(one, folder) as first, _reading(other, folder) as second:
            if os.fstat(first.fileno()).st_size != os.fstat(second.fileno()).st_size:
                return False
            while chunk := first.read(_CHUNK_BYTES):
                if chunk != second.read(_CHUNK_BYTES):
                    return False
    except PermissionError:
        return False
    return True


def _reading(name: str, folder: int) -> BufferedReader:
    return open(os.open(name, OPEN_TO_READ, dir_fd=folder), "rb")  # noqa: PTH123 - takes a descriptor; the caller closes


def _sync_file(name: str, folder: int) -> None:
    descriptor = os.open(name, OPEN_TO_READ, dir_fd=folder)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _inherit(name: str, descriptor: int, folder: int) -> None:
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return
    if not stat.S_ISREG(found.st_mode):
        return
    # Another user's file, or a file system without owners: it becomes ours, as with any editor. The group is
    # often one that we are in, and what was closed to others stays closed in any case.
    for owner in (found.st_uid, -1):
        with suppress(OSError):
            os.fchown(descriptor, owner, found.st_gid)
            break
    with suppress(OSError):
        # We have to be able to read it again, whatever was done to the one before.
        os.fchmod(descriptor, found.st_mode & 0o777 | 0o600)


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _is_writable(folder: int) -> bool:
    return os.access(
        ".", os.W_OK | os.X_OK, dir_fd=folder, effective_ids=os.access in os.supports_effective_ids
    )


def _stands(name: str, folder: int) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True
