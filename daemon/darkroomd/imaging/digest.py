"""The hash of a file, made on another core while it is unpacked or written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


@contextmanager
def sha256_beside(content: bytes) -> Generator[Callable[[], bytes]]:
    """Hash `content` while other things are done; what is given waits for the 32 bytes and returns them.

    Raises:
        MemoryError: there is too little for another thread.
    """
    with ThreadPoolExecutor(1) as pool:
        try:
            hashing = pool.submit(hashlib.sha256, content)
        except RuntimeError as error:  # "can't start new thread" has no class of its own
            raise MemoryError from error
        yield lambda: hashing.result().digest()
