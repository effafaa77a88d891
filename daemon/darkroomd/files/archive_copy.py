"""Copies a file into an archive: whole, compared with what the disk gives back, or not at all.

All of it blocks. Killed at any point, it leaves nothing but a part file, or beside that the finished copy.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import sys
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from darkroom.errors import DarkroomError
from darkroomd.core.freshness import is_same_file
from darkroomd.core.model import Fingerprint
from darkroomd.files.archive import (
    CHUNK_BYTES,
    SourceUnreadable,
    check,
    hash_if_ours,
    open_archive_folder,
    sha256_from,
)
from darkroomd.files.attributes import copy_attributes
from darkroomd.files.fingerprint import fingerprint_from
from darkroomd.files.folders import open_folder, sync_folder
from darkroomd.files.reading import OPEN_TO_READ

_CREATE: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_BLOCK_BYTES: Final = 512

# Nobody can cancel a sync: a slow stick is given no more at once than it writes in half a second.
_SYNCED_BYTES: Final = 8 << 20

_ZEROS: Final = bytes(CHUNK_BYTES)

# File systems without links, other disks, and files that the system lets nobody else link to.
_CANNOT_LINK: Final = frozenset(
    (errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EXDEV)
)
_CANNOT_CLONE: Final = frozenset(
    (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EXDEV, errno.EINVAL, errno.ENOTTY, errno.EISDIR)
)


class CopyMethod(StrEnum):
    """How files come into an archive; where a file system cannot do it, they are copied."""

    COPY = "copy"
    REFLINK = "reflink"
    HARDLINK = "hardlink"


class CopyStage(StrEnum):
    """What is being done; each stage reads all bytes of the file once."""

    COPY = "copy"
    VERIFY = "verify"


class SourceChanged(DarkroomError):
    """A file was written to, or replaced, while it was archived or since its hash was taken."""

    code = "archive.source_changed"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"The file {path} changed after its photo was developed, or while it was to be archived. It "
            "is tried again a few times; if that does not help, export the photo, then retry the job.",
            path=str(path),
        )


class CopyDamaged(DarkroomError):
    """What the disk of the archive gives back is not what was written to it."""

    code = "archive.copy_damaged"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"What was read back from the disk for {path} is not what was written. The copy was removed; "
            "check the disk of the archive and its cables.",
            path=str(path),
        )


class NameTaken(DarkroomError):
    """Something else has come to stand where a copy belongs."""

    code = "archive.name_taken"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"Something else stands at {path} by now, and is left as it is. Retry the job: the photo then "
            "gets another name.",
            path=str(path),
        )


@dataclass(frozen=True, slots=True)
class Copied:
    """A file in an archive.

    Attributes:
        sha256: of its content as the disk gives it back, hexadecimal.
        size_bytes: of it.
        method: how it came there in the end.
        stood: identical content stood there already by the time the copy was ready, and was left.
    """

    sha256: str
    size_bytes: int
    method: CopyMethod
    stood: bool = False


def copy_verified(
    source: Path,
    *,
    target: Path,
    part: str,
    method: CopyMethod,
    expected_sha256: str | None,
    on_bytes: Callable[[CopyStage, int], None],
    canceled: Callable[[], bool],
) -> Copied:
    """Copy a regular file to `target`, in a folder of an archive, and compare what the disk has with it.

    The copy is made as `part` (see `files.archive.archive_part`) in the target's folder, gets times, mode and
    extended attributes of the source, is made durable, read back from the disk and only then named. Nothing
    that stands at `target` is ever replaced or followed. A hard link is the source itself, and stays it.

    `expected_sha256` is what the source should hold, hexadecimal, where somebody knows. `on_bytes` is told by
    how many bytes a stage went on, and 0 when it begins; `canceled` is asked before each megabyte. Both are
    called in the thread that copies.

    Raises:
        Canceled: before it was done.
        SourceChanged: the source is not what was expected, or changed meanwhile.
        CopyDamaged: the disk gives back something else.
        NameTaken: other content stands at `target`.
        SourceUnreadable, FolderIsLink: the source cannot be read, or is no regular file.
        ArchiveFolderBlocked: a link or a file stands where the archive or its folder belongs.
        OSError: the disk of the archive refuses, or has a file called `part`, or the folder is not there.
    """
    archive, name = target.parent.parent, target.parent.name
    with _opened(source) as original, open_archive_folder(archive, name) as folder:
        with _made(original, part, folder, method) as made:
            before = fingerprint_from(os.fstat(original.descriptor))
            sha256 = _transfer(original, made, before.size_bytes, on_bytes, canceled)
            if expected_sha256 not in {None, sha256} or not _is_still(original, before):
                raise SourceChanged(source)
            if made.method is not CopyMethod.HARDLINK:
                copy_attributes(original.descriptor, made.descriptor)
            if sha256 != _sha256_on_disk(made.descriptor, on_bytes, canceled):
                raise CopyDamaged(target)
            check(canceled)
            stood = not _name(part, target.name, folder)
            if stood and hash_if_ours(target.name, folder, canceled=canceled) != sha256:
                raise NameTaken(target)
        sync_folder(folder)
    return Copied(sha256, before.size_bytes, made.method, stood=stood)


@dataclass(frozen=True, slots=True)
class _Original:
    """The source, open, and the folder that it is in."""

    path: Path
    descriptor: int
    folder: int


@dataclass(frozen=True, slots=True)
class _Made:
    """The part file, open; of a hard link, the source."""

    descriptor: int
    method: CopyMethod


@contextmanager
def _opened(source: Path) -> Generator[_Original]:
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(open_folder(source.parent))
            descriptor = os.open(source.name, OPEN_TO_READ, dir_fd=folder)
        except OSError as error:
            raise _unreadable(error, source) from error
        stack.callback(os.close, descriptor)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise SourceUnreadable(errno.EINVAL, "it is not a regular file", str(source))
        yield _Original(source, descriptor, folder)


@contextmanager
def _made(original: _Original, part: str, folder: int, method: CopyMethod) -> Generator[_Made]:
    """Make the part file; it is gone afterwards, or has its final name."""
    linked = method is CopyMethod.HARDLINK and _link_source(original, part, folder)
    with ExitStack() as stack:
        if linked:
            made = _Made(original.descriptor, method)
        else:
            descriptor = os.open(part, _CREATE, 0o600, dir_fd=folder)
            stack.callback(os.close, descriptor)
            cloned = method is CopyMethod.REFLINK and _clone(original.descriptor, descriptor)
            made = _Made(descriptor, CopyMethod.REFLINK if cloned else CopyMethod.COPY)
        try:
            yield made
        except BaseException:
            # What cannot be removed now is swept by its fence: the first error is the one to tell.
            with suppress(OSError):
                os.unlink(part, dir_fd=folder)
            raise
    with suppress(FileNotFoundError):
        os.unlink(part, dir_fd=folder)


def _link_source(original: _Original, part: str, folder: int) -> bool:
    """Give the source the part's name as well; False where that cannot be."""
    try:
        os.link(
            original.path.name, part, src_dir_fd=original.folder, dst_dir_fd=folder, follow_symlinks=False
        )
    except FileNotFoundError as error:
        raise SourceChanged(original.path) from error
    except OSError as error:
        if error.errno not in _CANNOT_LINK:
            raise
        return False
    linked = os.stat(part, dir_fd=folder, follow_symlinks=False)
    if os.path.samestat(linked, os.fstat(original.descriptor)):
        return True
    # Replaced since it was opened.
    os.unlink(part, dir_fd=folder)
    raise SourceChanged(original.path)


def _transfer(
    original: _Original,
    made: _Made,
    size_bytes: int,
    on_bytes: Callable[[CopyStage, int], None],
    canceled: Callable[[], bool],
) -> str:
    """Read the whole source, write it where it has to be copied, and return its SHA-256."""
    digest = hashlib.sha256()
    copied = 0
    sparse = os.fstat(original.descriptor).st_blocks * _BLOCK_BYTES < size_bytes
    on_bytes(CopyStage.COPY, 0)
    while True:
        check(canceled)
        chunk = _read(original)
        copied += len(chunk)
        # A file that somebody goes on writing to would never end.
        if not chunk or copied > size_bytes:
            break
        digest.update(chunk)
        if made.method is CopyMethod.COPY:
            _write(made.descriptor, chunk, sparse=sparse)
            if copied % _SYNCED_BYTES < len(chunk):
                os.fsync(made.descriptor)
        on_bytes(CopyStage.COPY, len(chunk))
    if copied != size_bytes:
        raise SourceChanged(original.path)
    if made.method is CopyMethod.COPY:
        os.ftruncate(made.descriptor, size_bytes)
    return digest.hexdigest()


def _read(original: _Original) -> bytes:
    try:
        return os.read(original.descriptor, CHUNK_BYTES)
    except OSError as error:
        raise _unreadable(error, original.path) from error


def _write(descriptor: int, chunk: bytes, *, sparse: bool) -> None:
    if sparse and chunk == _ZEROS[: len(chunk)]:
        os.lseek(descriptor, len(chunk), os.SEEK_CUR)
        return
    rest = memoryview(chunk)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _is_still(original: _Original, before: Fingerprint) -> bool:
    """Tell whether the source is what it was, and still the file of its name."""
    try:
        named = os.stat(original.path.name, dir_fd=original.folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _unreadable(error, original.path) from error
    return is_same_file(before, fingerprint_from(named))


def _sha256_on_disk(
    descriptor: int, on_bytes: Callable[[CopyStage, int], None], canceled: Callable[[], bool]
) -> str:
    """Make an open file durable and return the SHA-256 of what the disk gives back."""
    os.fsync(descriptor)
    _forget(descriptor)
    os.lseek(descriptor, 0, os.SEEK_SET)
    on_bytes(CopyStage.VERIFY, 0)
    return sha256_from(
        descriptor, on_bytes=lambda count: on_bytes(CopyStage.VERIFY, count), canceled=canceled
    )


def _name(part: str, name: str, folder: int) -> bool:
    """Give a part file its name unless something has it already; tell whether it got it."""
    try:
        os.link(part, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _CANNOT_LINK:
            raise
    else:
        return True
    # Without links there is a moment between the look and the renaming; names in an archive are ours.
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)
        return True
    return False


def _unreadable(error: OSError, source: Path) -> SourceUnreadable:
    return SourceUnreadable(error.errno, os.strerror(error.errno or 0), str(source))


if sys.platform == "linux":
    from fcntl import ioctl

    _FICLONE: Final = 0x40049409

    def _clone(source: int, target: int) -> bool:
        """Let a file share the blocks of another; False where that cannot be."""
        try:
            ioctl(target, _FICLONE, source)
        except OSError as error:
            if error.errno not in _CANNOT_CLONE:
                raise
            return False
        return True

    def _forget(descriptor: int) -> None:
        """Have the system drop what it keeps of a durable file in memory."""
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)

else:

    def _clone(source: int, target: int) -> bool:
        del source, target
        return False

    def _forget(descriptor: int) -> None:
        del descriptor
