"""Sockets that launchd opened for this job, as `launch_activate_socket(3)` gives them."""

from __future__ import annotations

import ctypes
import errno
import os
from typing import Final

_NONE_OF_OURS: Final = frozenset({errno.ENOENT, errno.ESRCH})
"""The plist names no such sockets; or launchd did not start this process."""


def activated(name: str, *, library: str | None = None) -> list[int]:
    """Return the descriptors of the sockets under a key of `Sockets` in the job's plist; perhaps none.

    `library` is the file that has the C function; None: it is in every process of the system.

    Raises:
        OSError: launchd refuses, for example because they were handed over before.
    """
    system = ctypes.CDLL(library)
    numbers, count = ctypes.POINTER(ctypes.c_int)(), ctypes.c_size_t()
    ask, free = system.launch_activate_socket, system.free
    ask.argtypes = (
        ctypes.c_char_p,
        ctypes.POINTER(ctypes.POINTER(ctypes.c_int)),
        ctypes.POINTER(ctypes.c_size_t),
    )
    ask.restype = ctypes.c_int
    free.argtypes = (ctypes.c_void_p,)
    free.restype = None
    refusal = ask(os.fsencode(name), ctypes.byref(numbers), ctypes.byref(count))
    if refusal in _NONE_OF_OURS:
        return []
    if refusal:
        raise OSError(refusal, os.strerror(refusal))
    try:
        return numbers[: count.value]
    finally:
        free(numbers)
