"""What the service manager is told: that the daemon is ready, what it does, and that it lives.

The messages are those of `sd_notify(3)`: lines of `NAME=value` in one datagram.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import MutableMapping
from typing import Final

import structlog

USEC: Final = 1_000_000

MOST_CHARACTERS: Final = 500
"""Of a status: systemd drops a message of more than a page."""

WAIT_SECONDS: Final = 0.5
"""How long a change of state may wait for room with the service manager; what is said again need not wait."""

log = structlog.get_logger()


class Notifier:
    """Speaks to the service manager; where there is none, it says nothing.

    A message that is lost is logged once, and never an error: whoever waits for it starts the daemon anew.

    Attributes:
        watchdog_seconds: the service manager ends a daemon that does not say for so long that it is alive;
            None: it does not wait for that.
    """

    def __init__(self, address: str = "", *, watchdog_seconds: float | None = None) -> None:
        self._address = _socket_address(address)
        self._lost = False
        self.watchdog_seconds: Final = watchdog_seconds if self._address else None

    @classmethod
    def from_environment(cls, environment: MutableMapping[str, str]) -> Notifier:
        """Return who speaks to the manager that `environment` names, and take the names out of it.

        Child processes have nothing to say to it.
        """
        address = environment.pop("NOTIFY_SOCKET", "")
        usec, pid = environment.pop("WATCHDOG_USEC", ""), environment.pop("WATCHDOG_PID", "")
        if address and not _socket_address(address):
            log.warning("notify_socket_unknown", address=address)
        is_ours = pid in {"", str(os.getpid())}
        return cls(address, watchdog_seconds=_seconds(usec) if is_ours else None)

    @property
    def is_heard(self) -> bool:
        """Whether there is a service manager to speak to."""
        return bool(self._address)

    def ready(self, status: str) -> None:
        """Say that the daemon serves, for the first time or again after `reloading`, and how it stands."""
        self._send("READY=1", _status(status), wait_seconds=WAIT_SECONDS)

    def status(self, text: str) -> None:
        """Say in one line what the daemon does."""
        self._send(_status(text))

    def reloading(self) -> None:
        """Say that the configuration is read again; `ready` must follow, whatever comes of it."""
        usec = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._send("RELOADING=1", f"MONOTONIC_USEC={usec}", wait_seconds=WAIT_SECONDS)

    def stopping(self, *, within_seconds: float) -> None:
        """Say that the daemon has begun to end, and how long that takes at most."""
        self._send("STOPPING=1", _extension(within_seconds), wait_seconds=WAIT_SECONDS)

    def extend(self, seconds: float) -> None:
        """Ask for so much time, from now on, to start or to stop."""
        self._send(_extension(seconds))

    def alive(self) -> None:
        """Feed the watchdog."""
        self._send("WATCHDOG=1")

    def _send(self, *lines: str, wait_seconds: float = 0.0) -> None:
        if not self._address:
            return
        message = "\n".join(lines).encode("utf-8", "replace")
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.settimeout(wait_seconds)
                sender.sendto(message, self._address)
        except OSError as error:
            if not self._lost:
                log.warning("notification_lost", lines=lines, problem=str(error))
            self._lost = True


def _status(text: str) -> str:
    shown = "".join(character if character.isprintable() else "\ufffd" for character in text)
    return f"STATUS={shown[:MOST_CHARACTERS]}"


def _extension(seconds: float) -> str:
    return f"EXTEND_TIMEOUT_USEC={round(seconds * USEC)}"


def _seconds(usec: str) -> float | None:
    if usec.isascii() and usec.isdecimal() and int(usec[:20]):
        return int(usec[:20]) / USEC
    return None


def _socket_address(address: str) -> bytes:
    """Return where the datagrams go; nothing where there is no way, such as that out of a virtual machine."""
    if address.startswith("@"):
        return b"\0" + os.fsencode(address[1:])
    return os.fsencode(address) if address.startswith("/") else b""
