"""Work on a picture strip by strip: little memory, and two cores at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Final, TypeVar

import numpy as np

Piece = TypeVar("Piece")
Sample = TypeVar("Sample", np.uint8, np.uint16)

THREADS: Final = 2
"""That work on one picture, on whatever machine, where it is the only one."""

ALIGNED: Final = 16
"""Rows: every strip but the last has a multiple of them."""

_most_threads = ContextVar("most_threads", default=THREADS)

_PIXELS: Final = 400_000
"""Of a strip at most: its intermediate results stay in the processor's cache."""


def bound_threads(threads: int) -> None:
    """Let no more threads than this work on a picture from now on; at least one."""
    _most_threads.set(threads)


def strips(height: int, *, width: int) -> list[slice]:
    """Return a picture's rows in strips from top to bottom, each but the last a multiple of `ALIGNED`."""
    rows = max(ALIGNED, _PIXELS // max(1, width) // ALIGNED * ALIGNED)
    return [slice(top, min(height, top + rows)) for top in range(0, height, rows)]


def each(work: Callable[[Piece], None], pieces: Sequence[Piece], *, threads: int) -> None:
    """Do `work` on every piece, in any order, with at most so many threads, and raise the first error.

    What the work does must not depend on the order, nor on other pieces having been done.

    Raises:
        MemoryError: there is too little for another thread.
    """
    threads = min(threads, _most_threads.get())
    if threads == 1 or len(pieces) == 1:
        for piece in pieces:
            work(piece)
        return
    with ThreadPoolExecutor(threads) as pool:
        try:
            doing = [pool.submit(work, piece) for piece in pieces]
        except RuntimeError as error:  # "can't start new thread" has no class of its own
            pool.shutdown(cancel_futures=True)
            raise MemoryError from error
        for piece_done in doing:
            piece_done.result()
