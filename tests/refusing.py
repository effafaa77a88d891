"""A kernel that refuses one system call, for the process that asks for it and its children."""

from __future__ import annotations

import ctypes
import platform
import struct
import sys
from typing import Final

LINKAT: Final = {"x86_64": 265, "aarch64": 37}
"""Numbers of the call that makes hard links."""

PR_SET_SECCOMP, SECCOMP_MODE_FILTER, PR_SET_NO_NEW_PRIVS = 22, 2, 38
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
LOAD_NUMBER, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06


def refuse(calls: dict[str, int], error: int) -> bool:
    """Have a call answered with an error number from now on; tell whether that can be done here."""
    number = calls.get(platform.machine())
    if sys.platform != "linux" or number is None:
        return False
    # Load the call's number; if it is the one, return the error, else let it pass.
    rules = (
        (LOAD_NUMBER, 0, 0, 0),
        (JUMP_IF_EQUAL, 0, 1, number),
        (RETURN, 0, 0, ERRNO | error),
        (RETURN, 0, 0, ALLOW),
    )
    program = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *rule) for rule in rules))
    filters = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(rules), ctypes.addressof(program)))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    return bool(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filters) == 0)
