"""Where log lines go: a file descriptor, of which nothing is taken for granted."""

from __future__ import annotations

import os
import select
from _thread import allocate_lock
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final

STDERR: Final = 2

CHUNK_BYTES: Final = 4096
"""A pipe that is ready takes that much without waiting, and keeps it together."""

MOST_HELD_BYTES: Final = 1 << 20
"""Of lines that wait for a reader who has stopped reading; those after them are lost."""


class LogSink:
    """Writes whole lines to a file descriptor, and waits for nobody.

    What a reader does not take is held, and written with the next line or by `flush`. A line that cannot be
    written or held is lost: a daemon whose standard error is a file on a full disk, or a pipe that nobody
    reads, has to go on developing photos. Lost lines are counted, and told of by the line that `tell_loss`
    makes of their number as soon as one can be written.
    """

    def __init__(self, descriptor: int, *, tell_loss: Callable[[int], str]) -> None:
        self.descriptor: Final = _unhurried(descriptor)
        self.on_held: Callable[[], None] = lambda: None
        """Called whenever a line is held, in the thread that wrote it."""
        self.lost_lines = 0
        self._tell_loss = tell_loss
        self._told_lost = 0
        self._held: deque[bytes] = deque()
        self._held_bytes = 0
        self._is_torn = False
        self._turn = allocate_lock()
        self._poll = select.poll()
        self._poll.register(self.descriptor, select.POLLOUT)

    @property
    def is_holding(self) -> bool:
        """Whether lines wait for their reader."""
        return bool(self._held)

    def write(self, line: str) -> None:
        """Write `line` and a line feed, behind what is held."""
        data = _encoded(line)
        with self._turn:
            if self._flushed() and not (data := self._rest_of(data)):
                return
            held = self._hold(data)
        if held:
            self.on_held()

    def flush(self) -> bool:
        """Write what is held, as far as it is taken; tell whether nothing is left, and no loss untold."""
        with self._turn:
            return self._flushed()

    def _flushed(self) -> bool:
        while self._held:
            self._held_bytes -= len(self._held[0])
            rest = self._rest_of(self._held.popleft())
            if rest:
                self._held.appendleft(rest)
                self._held_bytes += len(rest)
                return False
        if self.lost_lines <= self._told_lost:
            return True
        return self._is_ready() and self._told_of_loss()

    def _told_of_loss(self) -> bool:
        lost = self.lost_lines
        rest = self._rest_of(_encoded(self._tell_loss(lost - self._told_lost)))
        if self.lost_lines > lost:
            # That line did not get through either; the next one says it.
            self.lost_lines = lost
        else:
            self._told_lost = lost
        return not (rest and self._hold(rest))

    def _rest_of(self, data: bytes) -> bytes:
        """Write as much as is taken at once and return the rest; what cannot be written at all is lost."""
        rest = memoryview(data)
        try:
            if self._is_torn and self._is_ready():
                os.write(self.descriptor, b"\n")
                self._is_torn = False
            while rest and self._is_ready():
                rest = rest[os.write(self.descriptor, rest[:CHUNK_BYTES]) :]
        except BlockingIOError:
            return bytes(rest)  # somebody who shares the descriptor has set it so
        except OSError:
            self.lost_lines += 1
            # What follows must not become part of this line.
            self._is_torn = self._is_torn or len(rest) < len(data)
            return b""
        return bytes(rest)

    def _is_ready(self) -> bool:
        return bool(self._poll.poll(0))

    def _hold(self, data: bytes) -> bool:
        if self._held_bytes + len(data) > MOST_HELD_BYTES:
            self.lost_lines += 1
            return False
        self._held.append(data)
        self._held_bytes += len(data)
        return True


def _unhurried(descriptor: int) -> int:
    """Return a descriptor for the same place that nobody waits at: of a terminal one of our own."""
    # A terminal is ready as soon as there is room for a byte, and would wait with the rest of a line until
    # somebody looks at it. Whoever shares the descriptor does not expect it to be otherwise.
    if os.isatty(descriptor):
        with suppress(OSError):
            return os.open(os.ttyname(descriptor), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    return descriptor


def _encoded(line: str) -> bytes:
    # A file name that is not UTF-8 holds lone surrogates; backslashreplace makes them JSON escapes.
    return line.encode("utf-8", "backslashreplace") + b"\n"
