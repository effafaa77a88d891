"""What C libraries print: caught for the photo it belongs to, instead of lost among log lines."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

_STDOUT: Final = 1
_STDERR: Final = 2

LIMIT_BYTES: Final = 4_096
"""What is kept of one photo's chatter."""

_LINE_LIMIT: Final = 20
_LINE_CHARACTERS: Final = 300


@dataclass(slots=True)
class Chatter:
    """The lines that were printed; complete once the capture has ended."""

    lines: list[str] = field(default_factory=list)


@contextmanager
def captured(chatter: Chatter) -> Generator[None]:
    """Redirect this process's standard output and error, of all threads and libraries, into `chatter`.

    Our own log must write to another descriptor.
    """
    sink = _scratch()
    saved = os.dup(_STDOUT), os.dup(_STDERR)
    try:
        os.dup2(sink, _STDOUT)
        os.dup2(sink, _STDERR)
        yield
    finally:
        os.dup2(saved[0], _STDOUT)
        os.dup2(saved[1], _STDERR)
        chatter.lines += readable_lines(os.pread(sink, LIMIT_BYTES, 0))
        for descriptor in (sink, *saved):
            os.close(descriptor)


def readable_lines(printed: bytes) -> list[str]:
    """Return the non-empty lines of what was printed, bounded, without control characters."""
    lines = printed.decode("utf-8", "replace").splitlines()
    cleaned = ("".join(mark for mark in line if mark.isprintable()).strip() for line in lines)
    return [line[:_LINE_CHARACTERS] for line in cleaned if line][:_LINE_LIMIT]


if sys.platform == "linux":

    def _scratch() -> int:
        return os.memfd_create("chatter")

else:

    def _scratch() -> int:
        with tempfile.TemporaryFile(buffering=0) as file:
            return os.dup(file.fileno())
