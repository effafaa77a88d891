"""Have the system read a file before somebody does."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import Final

# What stands under the name is only looked at: never waited for, followed or made a terminal.
_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW

PIECE_BYTES: Final = 128 << 10
"""Of one request: Linux cuts a longer one to what the disk reads ahead by itself, which is seldom less."""

MOST_BYTES: Final = 256 << 20
"""Of one file: beyond the largest camera's, and a part of the memory that any machine can spare."""


def read_ahead(path: Path) -> None:
    """Ask for the content of a regular file to be read into the page cache; anything else is left alone.

    Returns before it is read. Where the system has no such request, nothing happens.

    Raises:
        OSError: the file cannot be opened.
    """
    descriptor = os.open(path, _FLAGS)
    try:
        found = os.fstat(descriptor)
        if stat.S_ISREG(found.st_mode):
            _advise(descriptor, min(found.st_size, MOST_BYTES))
    finally:
        os.close(descriptor)


if sys.platform == "linux":

    def _advise(descriptor: int, size_bytes: int) -> None:
        for begin in range(0, size_bytes, PIECE_BYTES):
            os.posix_fadvise(descriptor, begin, PIECE_BYTES, os.POSIX_FADV_WILLNEED)

else:

    def _advise(descriptor: int, size_bytes: int) -> None:
        del descriptor, size_bytes
