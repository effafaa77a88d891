"""A service manager as a daemon sees it: the socket that it tells how it is."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from running import PATIENCE_SECONDS

Message = dict[str, str]


class ServiceManager:
    """Hears what is sent to `NOTIFY_SOCKET`; `messages` is all of it so far."""

    def __init__(self, listening: socket.socket, address: str) -> None:
        self._listening = listening
        self.address: Final = address
        self.messages: Final[list[Message]] = []

    def hear(self, *, within_seconds: float = PATIENCE_SECONDS) -> Message | None:
        """Return the next message; None where none comes in time."""
        ready, _, _ = select.select([self._listening], [], [], max(0.0, within_seconds))
        if not ready:
            return None
        text = self._listening.recv(65536).decode()
        message = dict(line.split("=", 1) for line in text.split("\n"))
        self.messages.append(message)
        return message

    def wait_for(self, fits: Callable[[Message], bool]) -> Message:
        """Return the next message that fits."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (message := self.hear(within_seconds=deadline - time.monotonic())) is not None:
            if fits(message):
                return message
        raise AssertionError(f"no such message in {self.messages}")

    def wait_for_key(self, key: str) -> Message:
        """Return the next message that has a line of this name."""
        return self.wait_for(lambda message: key in message)


@contextmanager
def service_manager(folder: Path) -> Iterator[ServiceManager]:
    """Listen at a socket in a folder."""
    path = folder / "notify.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(path))
        yield ServiceManager(listening, str(path))
