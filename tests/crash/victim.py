"""Fork daemons from a process that has loaded them, and kill each with SIGKILL just before its n-th effect.

Usage: victim.py DESCRIPTOR, a socket of packets. Each request is a `Birth` as JSON with a descriptor for the
log; it is answered by the daemon's process id and, once that has ended, by its wait status. One at a time.
An effect is a change below the folder: a file created, renamed, linked, removed or synced, a folder made, or
a transaction committed. The number of effects so far is kept in a file, so that the test knows where to stop.
"""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

import darkroomd.app
from darkroomd.__main__ import main as darkroomd_main

AUDITED: Final = {"os.rename", "os.link", "os.remove", "os.mkdir", "os.symlink", "os.truncate"}
LONGEST_REQUEST: Final = 65_536


class Birth(msgspec.Struct, frozen=True):
    """What daemon is wanted: killed before the effect `fatal` (0: never, None: and none is counted)."""

    arguments: list[str]
    folder: str
    fatal: int | None


class Executioner:
    """Counts the effects of this process, and ends it before the fatal one."""

    def __init__(self, folder: Path, *, fatal: int) -> None:
        self._folder = os.fsencode(folder)
        self._fatal = fatal
        self._effects = 0
        self._counter = os.open(folder / "effects", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)

    def arm(self) -> None:
        """Count from here on; to be called once."""
        sync, connect = os.fsync, sqlite3.connect

        def fsync(descriptor: int) -> None:
            self._count()
            sync(descriptor)

        def connected(*values: Any, **named: Any) -> sqlite3.Connection:
            connection: sqlite3.Connection = connect(*values, **named)
            connection.set_trace_callback(lambda sql: self._count() if sql.startswith("COMMIT") else None)
            return connection

        os.fsync = fsync  # type: ignore[assignment] # same signature, counted
        sqlite3.connect = connected  # type: ignore[assignment] # same signature, counted
        sys.addaudithook(self._audit)

    def _audit(self, event: str, values: tuple[Any, ...]) -> None:
        creates = event == "open" and isinstance(values[2], int) and values[2] & os.O_CREAT
        if (event in AUDITED or creates) and values and self._is_below(values[0]):
            self._count()

    def _is_below(self, path: object) -> bool:
        if not isinstance(path, (str, bytes, os.PathLike)):
            return False
        # A relative name is one inside a folder that was opened before.
        name = os.fsencode(path)
        return name.startswith(self._folder) or not name.startswith(b"/")

    def _count(self) -> None:
        self._effects += 1
        if self._effects == self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        os.pwrite(self._counter, str(self._effects).encode(), 0)


def serve(channel: socket.socket, run: Callable[[list[str]], int]) -> None:
    """Answer requests until the other side is closed."""
    while True:
        packet, descriptors, _, _ = socket.recv_fds(channel, LONGEST_REQUEST, 1)
        if not packet:
            return
        [log] = descriptors
        child = os.fork()
        if child == 0:
            channel.close()
            os.dup2(log, 2)
            os.close(log)
            live(msgspec.json.decode(packet, type=Birth), run)
        os.close(log)
        channel.send(str(child).encode())
        _, status = os.waitpid(child, 0)
        channel.send(str(os.waitstatus_to_exitcode(status)).encode())


def live(birth: Birth, run: Callable[[list[str]], int]) -> None:
    """Be a daemon; does not return."""
    status = 1
    try:
        if birth.fatal is not None:
            Executioner(Path(birth.folder), fatal=birth.fatal).arm()
        status = run(birth.arguments)
    except BaseException:  # noqa: BLE001 - a child must not go on as its parent
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    assert darkroomd.app is not None
    serve(socket.socket(fileno=int(sys.argv[1])), darkroomd_main)
