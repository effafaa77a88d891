"""How the C library keeps memory: what its defaults cost daemons with threads and workers with pictures."""

from __future__ import annotations

import ctypes
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

KEPT_BYTES: Final = 512 << 20
"""Of freed memory at most; the pictures of a 24 megapixel photo together take less than half of it."""

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_MAX: Final = -4
_M_PERTURB: Final = -6
_M_ARENA_MAX: Final = -8
"""Numbers of glibc's `mallopt`; see its manual page."""


def share_one_heap() -> None:
    """Let all threads take memory from one heap: one each would hold on to what any of them once needed.

    Only glibc can be asked. Elsewhere nothing changes: another C library has its own way, none a wrong one.
    """
    _set({_M_ARENA_MAX: 1})


def keep_freed_memory() -> None:
    """Let what one photo gave back serve the next: fresh pages cost a warm worker a tenth of its time.

    There is one heap for all threads, as with `share_one_heap`.
    """
    _set({_M_ARENA_MAX: 1, _M_MMAP_MAX: 0, _M_TRIM_THRESHOLD: KEPT_BYTES})


@contextmanager
def zeroed_memory() -> Generator[None]:
    """Have memory that is asked for meanwhile hold zeros, and nothing of the photo that had it before.

    All of it is written, and so takes room, also what nobody uses. Only glibc can be asked, and only it hands
    out again what `keep_freed_memory` keeps.
    """
    # What is freed is filled with this byte, what is handed out with its complement.
    _set({_M_PERTURB: 0xFF})
    try:
        yield
    finally:
        _set({_M_PERTURB: 0})


def give_back_freed_memory() -> None:
    """Have what `keep_freed_memory` keeps come anew from the system: zeros that take room once written."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _set(options: dict[int, int]) -> None:
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for option, value in options.items():
            mallopt(option, value)
