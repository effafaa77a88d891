"""Files of an archive, compared with the lists of checksums that lie in it. No daemon is needed for it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from enum import StrEnum
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from msgspec import Struct

from darkroom.cli.checksums import PREFIX, Listed, WrongLine, listed
from darkroom.errors import EXIT_NOT_FOUND, EXIT_NOT_PERMITTED, DarkroomError
from darkroom.protocol.types import File

_CHUNK_BYTES: Final = 1 << 20


class Verdict(StrEnum):
    """What became of a file since it was archived."""

    OK = "ok"
    MISSING = "missing"
    CHANGED = "changed"
    UNREADABLE = "unreadable"
    WRONG_LINE = "wrong-line"
    """Of a line of a list that names no file of the archive."""


class Finding(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What a line of a list says, and whether it is so.

    Attributes:
        verdict: how it is now.
        manifest: file name of the list.
        line: its number, from 1; 0: of the list itself, which cannot be read.
        file: what it names, in the archive; None for a line that names nothing.
        why: in words; empty where the verdict says all.
    """

    verdict: Verdict
    manifest: str
    line: int
    file: File | None = None
    why: str = ""


class ArchiveUnreadable(DarkroomError):
    """The folder of the archive, or a list in it, cannot be read."""

    code = "ArchiveUnreadable"

    def __init__(self, path: str, error: OSError) -> None:
        super().__init__(f"{path} cannot be read: {error.strerror or error}.", path=path)


class ArchiveForbidden(DarkroomError):
    """This user may not read the folder of the archive, or a list in it."""

    code = "ArchiveForbidden"
    exit_status = EXIT_NOT_PERMITTED

    def __init__(self, path: str) -> None:
        super().__init__(f"This user may not read {path}; check it as who may.", path=path)


class NotArchived(DarkroomError):
    """There is no list of checksums in the folder, or none of this session."""

    code = "NotArchived"
    exit_status = EXIT_NOT_FOUND

    def __init__(self, folder: str, session: str | None = None) -> None:
        of = "" if session is None else f" of {session}"
        super().__init__(f"There is no SHA256SUMS file{of} in {folder}: nothing{of} was archived there.")


def lists_in(folder: Path) -> tuple[str, ...]:
    """Return the names of the lists of checksums in a folder, by alphabet.

    Raises:
        NotArchived: there is no such folder, or no list in it.
        ArchiveUnreadable, ArchiveForbidden: nobody can tell.
    """
    try:
        names = sorted(path.name for path in folder.iterdir() if path.name.startswith(PREFIX))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotArchived(str(folder)) from error
    except OSError as error:
        raise _unreadable(folder, error) from error
    if not names:
        raise NotArchived(str(folder))
    return tuple(names)


class Sum(NamedTuple):
    """So many files, of so many bytes in all."""

    files: int
    size_bytes: int


def size_of(folder: Path, names: Sequence[str]) -> Sum:
    """Return how many files the lists name, and how many bytes these have now.

    What cannot be read counts for nothing: it is told about when its turn comes.
    """
    files, size = 0, 0
    for name in names:
        with suppress(ArchiveUnreadable, ArchiveForbidden):
            for _, said in _said(folder, name):
                if isinstance(said, Listed):
                    files += 1
                    size += _size(folder / said.path)
    return Sum(files, size)


def findings(folder: Path, name: str, *, on_bytes: Callable[[int], None]) -> Iterator[Finding]:
    """Yield what each line of a list says, and whether it is so; every file is read from the disk.

    Args:
        folder: of the archive.
        name: of the list in it.
        on_bytes: is told how much was read, again and again.

    Raises:
        ArchiveUnreadable, ArchiveForbidden: the list cannot be read.
    """
    for number, said in _said(folder, name):
        if isinstance(said, WrongLine):
            yield Finding(verdict=Verdict.WRONG_LINE, manifest=name, line=number, why=said.why)
        else:
            verdict, why = _judged(folder, said, on_bytes)
            yield Finding(
                verdict=verdict, manifest=name, line=number, file=_file(folder / said.path), why=why
            )


def _said(folder: Path, name: str) -> Iterator[tuple[int, Listed | WrongLine]]:
    path = folder / name
    try:
        with os.fdopen(_opened(path), "rb") as source:
            yield from listed(source)
    except OSError as error:
        raise _unreadable(path, error) from error


def _judged(folder: Path, said: Listed, on_bytes: Callable[[int], None]) -> tuple[Verdict, str]:
    try:
        digest = _digest(folder, said.path, on_bytes)
    except (FileNotFoundError, NotADirectoryError):
        return Verdict.MISSING, ""
    except OSError as error:
        # The system's own words for it speak of levels of links.
        why = "it is a link" if error.errno == errno.ELOOP else error.strerror or str(error)
        return Verdict.UNREADABLE, why
    return (Verdict.OK if digest == said.sha256 else Verdict.CHANGED), ""


def _digest(folder: Path, path: str, on_bytes: Callable[[int], None]) -> str:
    """Return the SHA-256 of a file of the archive as it is on the disk; raise `OSError`."""
    digest = sha256()
    chunk = bytearray(_CHUNK_BYTES)
    view = memoryview(chunk)
    with os.fdopen(_opened_below(folder, path), "rb", buffering=0) as source:
        # What the system still has in memory may be better than what the disk has.
        _drop_cache(source.fileno())
        while count := source.readinto(chunk):
            digest.update(view[:count])
            on_bytes(count)
        _drop_cache(source.fileno())
    return digest.hexdigest()


def _opened_below(folder: Path, path: str) -> int:
    """Open a file of the archive for reading; no link is followed on the way to it, nor is it one."""
    *ways, name = PurePosixPath(path).parts
    with ExitStack() as stack:
        here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        stack.callback(os.close, here)
        for way in ways:
            if stat.S_ISLNK(os.stat(way, dir_fd=here, follow_symlinks=False).st_mode):
                raise OSError(0, "a folder on the way to it is a link")
            here = os.open(way, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
            stack.callback(os.close, here)
        return _opened(name, here)


def _opened(path: Path | str, folder: int | None = None) -> int:
    """Open a file for reading, and nothing that only looks like one: a pipe would be waited for for ever."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(0, "it is no file")
    return descriptor


def _drop_cache(descriptor: int) -> None:
    # Not every system has it; what is on the disk is read there all the same, or from memory.
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        # It is told about when its turn comes.
        return 0


def _file(path: Path) -> File:
    """Return a path as the protocol has it: a readable form, and the exact one."""
    readable = os.fsencode(path).decode("utf-8", "replace")
    return File(path=readable, uri=path.absolute().as_uri())


def _unreadable(path: Path, error: OSError) -> DarkroomError:
    if isinstance(error, PermissionError):
        return ArchiveForbidden(str(path))
    return ArchiveUnreadable(str(path), error)
