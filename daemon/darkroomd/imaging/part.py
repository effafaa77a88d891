"""The part file: an output on its way, in its final folder under a temporary name."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Final

from darkroomd.imaging import refusals

_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def write_part(path: bytes, content: bytes) -> None:
    """Create the file `path` with this content and make it durable; its folder must exist.

    A file or link that stands there already was left by a process that died: it is replaced.

    Raises:
        Refusal: the disk or its state do not allow it. Nothing is left behind.
    """
    try:
        descriptor = _create(path)
        try:
            _write_all(descriptor, content)
        finally:
            os.close(descriptor)
    except OSError as error:
        remove_part(path)
        raise refusals.not_written(path, error) from error


def remove_part(path: bytes) -> None:
    """Remove the file if it is there and can be removed; what stays is swept by the daemon later."""
    with suppress(OSError):
        os.unlink(path)  # noqa: PTH108 - bytes have no pathlib


def _create(path: bytes) -> int:
    try:
        return os.open(path, _FLAGS, 0o666)
    except FileExistsError:
        os.unlink(path)  # noqa: PTH108 - bytes have no pathlib
        return os.open(path, _FLAGS, 0o666)


def _write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    os.fsync(descriptor)
