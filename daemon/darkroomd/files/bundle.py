"""A manifest and the file it speaks of in one tar of a fixed form: what anybody adds to it is refused."""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final

BLOCK_BYTES: Final = tarfile.BLOCKSIZE
PIECE_BYTES: Final = 1 << 20
_END: Final = bytes(2 * BLOCK_BYTES)


class BundleInvalid(Exception):
    """A file is no bundle, or damaged; `problem` is a clause."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def digest_of(content: Path, *, on_step: Callable[[], None]) -> tuple[int, str]:
    """Return how many bytes a file has, and their SHA-256, hexadecimal."""
    digest, size_bytes = hashlib.sha256(), 0
    with content.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
            size_bytes += len(piece)
            on_step()
    return size_bytes, digest.hexdigest()


def write_bundle(
    part: Path,
    manifest: bytes,
    content: Path,
    *,
    names: tuple[str, str],
    mtime: int,
    on_step: Callable[[], None],
) -> None:
    """Write the manifest and a file under these names to a new file, and make that durable.

    `mtime` is what both are dated, in seconds since the epoch.

    Raises:
        OSError: it could not be written; what there is of it is the caller's to remove.
    """
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb", buffering=0) as file, content.open("rb") as source:  # noqa: PTH123 - takes a descriptor
        _write(file, _header(names[0], len(manifest), mtime) + _padded(manifest))
        size_bytes = os.fstat(source.fileno()).st_size
        _write(file, _header(names[1], size_bytes, mtime))
        while piece := source.read(PIECE_BYTES):
            _write(file, piece)
            # Spread out: what others record on this disk does not wait for all of it at the end.
            os.fsync(file.fileno())
            on_step()
        _write(file, bytes(-size_bytes % BLOCK_BYTES) + _END)
        os.fsync(file.fileno())


def read_head(file: BinaryIO, *, name: str, largest_bytes: int) -> bytes:
    """Return the manifest of a bundle that is open at its beginning.

    Raises:
        BundleInvalid: this is none.
        OSError: it cannot be read.
    """
    size_bytes = _member(file, name)
    if size_bytes > largest_bytes:
        raise BundleInvalid(f"its {name} is too large")
    return _exactly(file, size_bytes + -size_bytes % BLOCK_BYTES)[:size_bytes]


def read_content(
    file: BinaryIO, target: Path, *, name: str, size_bytes: int, on_step: Callable[[], None]
) -> str:
    """Copy the file that follows the manifest to a new one of so many bytes; return its SHA-256, hexadecimal.

    Raises:
        BundleInvalid: it is another one, or cut short.
        OSError: it cannot be read, or its copy not be written.
    """
    if _member(file, name) != size_bytes:
        raise BundleInvalid(f"its {name} is not of the size that it should be")
    digest, rest = hashlib.sha256(), size_bytes
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb", buffering=0) as copy:  # noqa: PTH123 - takes a descriptor
        while rest:
            piece = _exactly(file, min(rest, PIECE_BYTES))
            digest.update(piece)
            _write(copy, piece)
            rest -= len(piece)
            on_step()
    return digest.hexdigest()


def _header(name: str, size_bytes: int, mtime: int) -> bytes:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size_bytes, 0o600, mtime
    return member.tobuf(tarfile.GNU_FORMAT)


def _member(file: BinaryIO, name: str) -> int:
    """Read a header and return the size of the file that follows."""
    try:
        # Header by header: a whole archive could have any names and links in it, and any number of them.
        member = tarfile.TarInfo.frombuf(_exactly(file, BLOCK_BYTES), "utf-8", "surrogateescape")
    except tarfile.HeaderError as error:
        raise BundleInvalid("it is no exported state") from error
    if member.name != name or not member.isreg() or member.size < 0:
        raise BundleInvalid(f"there is no {name} where it should be")
    return member.size


def _exactly(file: BinaryIO, size_bytes: int) -> bytes:
    content = file.read(size_bytes)
    if len(content) != size_bytes:
        raise BundleInvalid("it is cut short")
    return content


def _padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % BLOCK_BYTES)


def _write(file: BinaryIO, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]
