"""Read a RAW file once: hash, metadata and picture come from the same bytes."""

from __future__ import annotations

import os
import stat

from darkroomd.imaging import refusals


def read_source(path: bytes, *, limit_bytes: int) -> bytes:
    """Return the content of the regular file at `path`.

    Raises:
        Refusal: the file is missing, unreadable, no regular file, or longer than `limit_bytes`.
    """
    try:
        # Without O_NONBLOCK a pipe under a RAW file's name would hold the worker for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            facts = os.fstat(descriptor)
            if not stat.S_ISREG(facts.st_mode):
                raise refusals.not_a_file(path)
            if facts.st_size > limit_bytes:
                raise refusals.too_large(sizeBytes=facts.st_size, limitBytes=limit_bytes)
            return file.read(limit_bytes)
    except OSError as error:
        raise refusals.not_opened(path, error) from error
