"""Open files that come with a reply."""

from __future__ import annotations

import os
import socket
import sys
from io import BufferedReader
from types import TracebackType
from typing import Final, Self

from darkroom.errors import ProtocolViolation

_AT_MOST: Final = 8
"""Descriptors taken from one message; the protocol sends one."""


class Descriptors:
    """File descriptors that came with a message; those that were not opened are closed with the context."""

    def __init__(self) -> None:
        self._numbers: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._numbers:
            os.close(self._numbers.pop())

    def receive(self, channel: socket.socket, size: int) -> bytes:
        """Return the next bytes of a socket, and keep what comes with them; raises what `recv` does."""
        # No program that is started meanwhile inherits them, where the system can see to that at once.
        flags = socket.MSG_CMSG_CLOEXEC if sys.platform == "linux" else 0
        data, numbers, _, _ = socket.recv_fds(channel, size, _AT_MOST, flags)
        self._numbers += numbers
        for number in numbers:
            os.set_inheritable(number, False)
        return data

    def open(self, index: int) -> BufferedReader:
        """Return one of them as a file open for reading, which the caller closes.

        Raises:
            ProtocolViolation: there is none at this index, or it cannot be read from.
        """
        if not 0 <= index < len(self._numbers):
            raise ProtocolViolation("the file that a reply speaks of did not come with it")
        try:
            file = open(self._numbers[index], "rb")  # noqa: PTH123, SIM115 - a number, and for the caller
        except OSError as error:
            raise ProtocolViolation("what came with a reply is no file") from error
        del self._numbers[index]
        return file
