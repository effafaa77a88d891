"""Run `darkroomd` and kill it with SIGKILL just before its n-th effect on the disk.

Usage: victim.py N FOLDER COUNT ARGUMENT... (N = 0: never). An effect is a change below FOLDER: a file
created, renamed, linked, removed or synced, a folder made, or a transaction committed. The number of effects
so far is kept in the file COUNT, so that the test knows where to stop.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from typing import Any, Final

AUDITED: Final = {"os.rename", "os.link", "os.remove", "os.mkdir", "os.symlink", "os.truncate"}
FATAL: Final = int(sys.argv[1])
FOLDER: Final = os.fsencode(sys.argv[2])
COUNT_FILE: Final = os.open(sys.argv[3], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)

effects = 0


def count() -> None:
    global effects  # noqa: PLW0603 - one counter for all hooks of the process
    effects += 1
    if effects == FATAL:
        os.kill(os.getpid(), signal.SIGKILL)
    os.pwrite(COUNT_FILE, str(effects).encode(), 0)


def below(path: object) -> bool:
    if not isinstance(path, (str, bytes, os.PathLike)):
        return False
    # A relative name is one inside a folder that was opened before.
    name = os.fsencode(path)
    return name.startswith(FOLDER) or not name.startswith(b"/")


def audit(event: str, values: tuple[Any, ...]) -> None:
    creates = event == "open" and isinstance(values[2], int) and values[2] & os.O_CREAT
    if (event in AUDITED or creates) and values and below(values[0]):
        count()


def before(function: Callable[..., Any]) -> Callable[..., Any]:
    def counted(*values: Any, **named: Any) -> Any:
        count()
        return function(*values, **named)

    return counted


def connect_counted(connect: Callable[..., sqlite3.Connection]) -> Callable[..., sqlite3.Connection]:
    def connected(*values: Any, **named: Any) -> sqlite3.Connection:
        connection = connect(*values, **named)
        connection.set_trace_callback(lambda statement: count() if statement.startswith("COMMIT") else None)
        return connection

    return connected


def main() -> int:
    os.fsync = before(os.fsync)
    sqlite3.connect = connect_counted(sqlite3.connect)  # type: ignore[assignment] # same signature, counted
    sys.addaudithook(audit)
    from darkroomd.__main__ import main as darkroomd  # noqa: PLC0415 - after the hooks

    return darkroomd(sys.argv[4:])


if __name__ == "__main__":
    sys.exit(main())
