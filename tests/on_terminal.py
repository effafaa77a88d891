"""A command on a terminal of its own, and what that shows."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

from running import PATIENCE_SECONDS

COMMAND: Final = (sys.executable, "-m", "darkroom.cli.main")


class Terminal:
    """A terminal of 80 columns and 24 lines, and a command that runs on it."""

    def __init__(self, *words: str, command: Sequence[str] = COMMAND) -> None:
        self._seen, self._its = pty.openpty()
        self.resize(columns=80, lines=24)
        self.settings = termios.tcgetattr(self._its)
        self.left: list[object] = []
        self.shown = b""
        self._read = 0
        environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        self.process = subprocess.Popen(
            [*command, *words],
            stdin=self._its,
            stdout=self._its,
            stderr=self._its,
            env={**environment, "TERM": "xterm", "PYTHONIOENCODING": "utf-8"},
        )

    def resize(self, *, columns: int, lines: int) -> None:
        fcntl.ioctl(self._its, termios.TIOCSWINSZ, struct.pack("4H", lines, columns, 0, 0))

    def press(self, keys: bytes) -> None:
        os.write(self._seen, keys)

    def wait_for(self, text: bytes) -> bytes:
        """Return what was shown since the last call, up to this text."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (found := self.shown.find(text, self._read)) < 0:
            left = max(0.0, deadline - time.monotonic())
            if not select.select([self._seen], [], [], left)[0]:
                raise AssertionError(f"no {text!r} in {self.shown[self._read :]!r}")
            self.shown += os.read(self._seen, 1 << 16)
        begin, self._read = self._read, found + len(text)
        return self.shown[begin : self._read]

    def end(self, number: signal.Signals) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        """Wait for the end of the command, and read what it had to say; return its exit status.

        `left` are the settings that it left the terminal with.
        """
        status = self.process.wait(PATIENCE_SECONDS)
        self.left = self.settings_now()
        os.close(self._its)
        self._its = -1
        # With nobody at its other side a terminal has an end, which comes after all that was written.
        with suppress(OSError):
            while shown := os.read(self._seen, 1 << 16):
                self.shown += shown
        return status

    def settings_now(self) -> list[object]:
        return list(termios.tcgetattr(self._its))

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE_SECONDS)
        os.close(self._seen)
        if self._its >= 0:
            os.close(self._its)


@contextmanager
def on_a_terminal(*words: str, command: Sequence[str] = COMMAND) -> Generator[Terminal]:
    terminal = Terminal(*words, command=command)
    try:
        yield terminal
    finally:
        terminal.close()
