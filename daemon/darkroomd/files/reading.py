"""Reads small files that may be anything: no link is followed, nothing blocks, nothing goes on for ever."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

OPEN_TO_READ: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_NOCTTY | os.O_CLOEXEC
"""Flags for a file of unknown kind: a pipe is not waited for, a link is refused, a terminal not taken."""

_PIECE_BYTES: Final = 1 << 20


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
        return _read_all(descriptor, found.st_size, largest_bytes=largest_bytes)
    finally:
        os.close(descriptor)


def _read_all(descriptor: int, size_bytes: int, *, largest_bytes: int) -> bytes:
    pieces: list[bytes] = []
    rest = largest_bytes
    # One byte more than there should be, which shows the end at once. Not always a megabyte: to get that from
    # the system and to give it back takes longer than to read a sidecar.
    wanted = min(rest, size_bytes + 1)
    while wanted > 0 and (piece := os.read(descriptor, wanted)):
        pieces.append(piece)
        rest -= len(piece)
        if len(piece) < wanted:
            break
        wanted = min(rest, _PIECE_BYTES)
    return b"".join(pieces)
