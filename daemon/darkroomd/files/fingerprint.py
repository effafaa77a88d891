"""Fingerprints and hashes of files as they are on disk."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from darkroomd.core.freshness import FileStat
from darkroomd.core.model import Fingerprint
from darkroomd.files.reading import OPEN_TO_READ

_PIECE_BYTES: Final = 1 << 20


def fingerprint_of(path: Path) -> Fingerprint | None:
    """Return the fingerprint of a regular file; None if there is none, links not followed."""
    found = _lstat(path)
    return None if found is None else fingerprint_from(found)


def stat_of(path: Path) -> FileStat | None:
    """Return size and time of a regular file; None if there is none, links not followed."""
    found = _lstat(path)
    return None if found is None else FileStat(found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def fingerprint_from(found: os.stat_result) -> Fingerprint:
    """Return the fingerprint that a stat describes."""
    return Fingerprint(
        device=found.st_dev,
        inode=found.st_ino,
        size_bytes=found.st_size,
        mtime_ns=found.st_mtime_ns,
        ctime_ns=found.st_ctime_ns,
    )


def sha256_of(path: Path, *, on_read: Callable[[], None] = lambda: None) -> str | None:
    """Return the SHA-256 of a regular file's content, hexadecimal; None if there is no such file.

    `on_read` is called after each piece; what it raises ends the reading.

    Raises:
        OSError: it cannot be read.
    """
    try:
        descriptor = os.open(path, OPEN_TO_READ)
    except FileNotFoundError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        digest, piece = hashlib.sha256(), memoryview(bytearray(_PIECE_BYTES))
        with open(descriptor, "rb", buffering=0, closefd=False) as file:
            while size := file.readinto(piece):
                digest.update(piece[:size])
                on_read()
        return digest.hexdigest()
    finally:
        os.close(descriptor)


def _lstat(path: Path) -> os.stat_result | None:
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found if stat.S_ISREG(found.st_mode) else None
