"""Reads small files that may be anything: no link is followed, nothing blocks, nothing goes on for ever."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

OPEN_TO_READ: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC
"""Flags for a file of unknown kind: a pipe is not waited for, a link is refused, a terminal not taken."""


@dataclass(frozen=True, slots=True)
class NotRead:
    """What stands there is not to be read; `reason` is a clause without a full stop."""

    reason: str


def read_regular(path: Path, *, largest_bytes: int) -> bytes | NotRead | None:
    """Return the content of a regular file; None if there is nothing.

    Raises:
        OSError: it cannot be opened or read; a link is ELOOP.
    """
    try:
        descriptor = os.open(path, OPEN_TO_READ)
    except FileNotFoundError:
        return None
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            return NotRead("it is not a regular file")
        if found.st_size > largest_bytes:
            return NotRead("it is too large")
        return _read_all(descriptor, largest_bytes)
    finally:
        os.close(descriptor)


def _read_all(descriptor: int, largest_bytes: int) -> bytes:
    pieces: list[bytes] = []
    rest = largest_bytes
    while rest > 0 and (piece := os.read(descriptor, min(rest, 1 << 20))):
        pieces.append(piece)
        rest -= len(piece)
    return b"".join(pieces)
