"""A real daemon in a child process, and what its log says."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, Protocol

PATIENCE_SECONDS: Final = 30.0
"""Bound on every wait: long enough for a loaded machine, and never reached by a test that passes."""

QUICK: Final = """
[intake]
quiet_seconds = 0.05
scan_seconds = 1
[worker]
idle_seconds = 60
[retry]
waits_seconds = [0.1]
environment_wait_seconds = 0.2
"""
"""A configuration that shortens the waits, and nothing else."""


class Process(Protocol):
    """What a child process is, and one that was forked elsewhere can be."""

    @property
    def pid(self) -> int: ...
    @property
    def stderr(self) -> IO[bytes] | None: ...
    def send_signal(self, number: signal.Signals, /) -> None: ...
    def kill(self) -> None: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float) -> int: ...


class Daemon:
    """A running `darkroomd`; `lines` holds the log so far, as dictionaries."""

    def __init__(self, process: Process, folder: Path) -> None:
        self.process: Final = process
        self.socket: Final = folder / "d.sock"
        self.state: Final = folder / "state"
        self.lines: Final[list[dict[str, Any]]] = []
        self.other_output: Final[list[str]] = []
        self._rest = b""

    def wait_for(self, event: str, **fields: object) -> dict[str, Any]:
        """Return the next log line of this event with these fields that was not returned before."""
        return self.wait_for_all(event, 1, **fields)[0]

    def wait_for_all(self, event: str, count: int, **fields: object) -> list[dict[str, Any]]:
        """Return the next `count` such lines."""
        found: list[dict[str, Any]] = []
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(found) < count:
            line = self.next_line(deadline)
            if line is None:
                raise AssertionError(f"no {event} {fields} in {self.lines} {self.other_output}")
            if line.get("event") == event and fields.items() <= line.items():
                found.append(line)
        return found

    def wait_for_any(self, *events: str) -> dict[str, Any]:
        """Return the next log line of one of these events."""
        while (line := self.next_line()) is not None:
            if line.get("event") in events:
                return line
        raise AssertionError(f"none of {events} in {self.lines} {self.other_output}")

    def stop(self) -> int:
        """Send SIGTERM and return the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.ended()

    def kill(self) -> None:
        """Send SIGKILL."""
        self.process.kill()
        self.ended()

    def ended(self) -> int:
        """Wait for the end of the process, reading its log to the end; return its exit status."""
        while self.next_line() is not None:
            continue
        return self.process.wait(PATIENCE_SECONDS)

    def close(self) -> None:
        """Make sure that nothing is left."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE_SECONDS)
        assert self.process.stderr is not None
        self.process.stderr.close()

    def next_line(self, deadline: float | None = None) -> dict[str, Any] | None:
        """Return the next line of the log; None at its end or once the deadline has passed."""
        assert self.process.stderr is not None
        deadline = time.monotonic() + PATIENCE_SECONDS if deadline is None else deadline
        while b"\n" not in self._rest:
            ready, _, _ = select.select([self.process.stderr], [], [], max(0.0, deadline - time.monotonic()))
            chunk = os.read(self.process.stderr.fileno(), 65536) if ready else b""
            if not chunk:
                return None
            self._rest += chunk
        text, _, self._rest = self._rest.partition(b"\n")
        try:
            line: dict[str, Any] = json.loads(text)
        except ValueError:
            self.other_output.append(text.decode("utf-8", "replace"))
            return {}
        self.lines.append(line)
        return line


def arguments(folder: Path, *more: str, config: str = QUICK, state: Path | None = None) -> list[str]:
    """Return the arguments of a daemon whose socket, state and configuration lie in `folder`."""
    file = folder / "config.toml"
    file.write_text(config)
    own = [
        "--socket",
        str(folder / "d.sock"),
        "--state-dir",
        str(state or folder / "state"),
        "--config",
        str(file),
        "--without-system-config",
    ]
    return [*own, "--log-format", "json", "--log-level", "debug", *more]


@contextmanager
def running(
    folder: Path,
    *more: str,
    command: Sequence[str] = (sys.executable, "-m", "darkroomd"),
    config: str = QUICK,
    state: Path | None = None,
    ready: bool = True,
) -> Iterator[Daemon]:
    """Run the daemon with these arguments until the block is left."""
    environment = {**os.environ, "PYTHONWARNINGS": "default"}
    process = subprocess.Popen(
        [*command, *arguments(folder, *more, config=config, state=state)],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment,
    )
    daemon = Daemon(process, folder)
    try:
        if ready:
            daemon.wait_for("ready")
        yield daemon
    finally:
        daemon.close()


def children_of(pid: int) -> list[int]:
    """Return the direct child processes of a process, by their ids."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(entry.name))
    return found


def has_ended(pid: int) -> bool:
    """Wait for the end of any process, for a while; return whether it came."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], PATIENCE_SECONDS)[0])
    finally:
        os.close(descriptor)
