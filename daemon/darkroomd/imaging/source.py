"""Read a RAW file once: hash, metadata and picture come from the same bytes."""

from __future__ import annotations

import os
import stat
from io import FileIO
from typing import Final

from darkroomd.imaging import refusals

# Without O_NONBLOCK a pipe under a RAW file's name would hold the worker for ever. A link is no RAW file:
# whoever put it there after the daemon looked could show us any file of the machine.
_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW


def read_source(path: bytes, *, limit_bytes: int) -> bytes:
    """Return the content of the regular file at `path`.

    Raises:
        Refusal: the file is missing, unreadable, longer than `limit_bytes`, a link or otherwise no
            regular file.
    """
    try:
        descriptor = os.open(path, _FLAGS)
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            facts = os.fstat(descriptor)
            if not stat.S_ISREG(facts.st_mode):
                raise refusals.not_a_file(path)
            if facts.st_size > limit_bytes:
                raise refusals.too_large(sizeBytes=facts.st_size, limitBytes=limit_bytes)
            return _read_all(file, size_bytes=facts.st_size, limit_bytes=limit_bytes)
    except OSError as error:
        raise refusals.not_opened(path, error) from error


def _read_all(file: FileIO, *, size_bytes: int, limit_bytes: int) -> bytes:
    """Read to the end: one call may return less than there is, on a network or beyond two gigabytes."""
    pieces: list[bytes] = []
    left = limit_bytes
    # Asking for what the file has, not for what is allowed, keeps the buffer as small as the file.
    while left > 0 and (piece := file.read(min(left, size_bytes + 1))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)
