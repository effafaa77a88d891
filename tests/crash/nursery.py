"""Real daemons, forked from a process that has loaded all they need: a third of a second less for each."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from crash.victim import Birth
from running import PATIENCE_SECONDS, QUICK, Daemon, arguments

VICTIM: Final = Path(__file__).with_name("victim.py")


class Forked:
    """A daemon that another process than this one is the parent of."""

    def __init__(self, channel: socket.socket, stderr: BinaryIO) -> None:
        self._channel: Final = channel
        self.stderr: Final = stderr
        self.pid: Final = int(channel.recv(99))
        self._status: int | None = None

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal: until its end was waited for the number stays its own."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def poll(self) -> int | None:
        """Return the exit status, negative for a signal; None as long as it runs."""
        return self._ended(0)

    def wait(self, timeout: float) -> int:
        """Return the exit status once there is one."""
        status = self._ended(timeout)
        if status is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout)
        return status

    def _ended(self, seconds: float) -> int | None:
        if self._status is None and select.select([self._channel], [], [], seconds)[0]:
            self._status = int(self._channel.recv(99))
        return self._status


class Nursery:
    """Forks one daemon at a time."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel: Final = channel

    @contextmanager
    def daemon(
        self, folder: Path, more: Sequence[str], *, fatal: int | None = None, config: str = QUICK
    ) -> Iterator[Daemon]:
        """Run a daemon with `running`'s arguments, to be killed before its effect `fatal`, until the end."""
        read, write = os.pipe()
        birth = Birth(arguments(folder, *more, config=config), str(folder), fatal)
        socket.send_fds(self._channel, [msgspec.json.encode(birth)], [write])
        os.close(write)
        daemon = Daemon(Forked(self._channel, os.fdopen(read, "rb", 0)), folder)
        try:
            yield daemon
        finally:
            daemon.close()


@contextmanager
def nursery() -> Iterator[Nursery]:
    """Load what daemons need in a process of its own, until the block is left."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.settimeout(PATIENCE_SECONDS)
    with ours, theirs:
        process = subprocess.Popen(
            [sys.executable, str(VICTIM), str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            env={**os.environ, "PYTHONWARNINGS": "default"},
        )
        theirs.close()
        try:
            yield Nursery(ours)
        finally:
            ours.close()
            process.wait(PATIENCE_SECONDS)
