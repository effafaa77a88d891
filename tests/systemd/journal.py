"""The journal of a machine's service, read as the log of a daemon that the tests started themselves."""

from __future__ import annotations

import subprocess
from collections.abc import Generator
from contextlib import contextmanager

from running import Daemon
from systemd.machine import Machine
from systemd.service import SERVICE

TO_STANDARD_ERROR = 'exec "$@" >&2'


@contextmanager
def following(machine: Machine, *, user: int = 0) -> Generator[Daemon]:
    """Read what the service logs, from its first line on; `stop` and `kill` are about the reader."""
    field = "_SYSTEMD_USER_UNIT" if user else "_SYSTEMD_UNIT"
    journal = ["journalctl", "--follow", "--no-tail", "--output=cat", f"{field}={SERVICE}"]
    process = subprocess.Popen(
        [*machine.entrance(), "/bin/sh", "-c", TO_STANDARD_ERROR, "sh", *journal],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    reader = Daemon(process, machine.root)
    try:
        yield reader
    finally:
        reader.close()
