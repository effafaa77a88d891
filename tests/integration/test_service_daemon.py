"""The real daemon under a service manager: what it tells, when it does not, and the socket it is given."""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from darkroom.client import Client
from darkroom.errors import ConnectionLost
from make import make_dng
from privileges import let_all_in
from running import PATIENCE_SECONDS, Daemon, children_of, running
from service_manager import Message, ServiceManager, service_manager

WATCHDOG_USEC = "3000000"
"""Fed once a second; a step may take ten seconds."""


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServiceManager]:
    with service_manager(tmp_path) as manager:
        monkeypatch.setenv("NOTIFY_SOCKET", manager.address)
        yield manager


@pytest.fixture
def session(tmp_path: Path) -> Path:
    folder = tmp_path / "wedding"
    (folder / "Raw").mkdir(parents=True)
    return folder


def is_fed(message: Message) -> bool:
    return "WATCHDOG" in message


def keys_of(messages: list[Message]) -> list[str]:
    """Return what was told, without the status and without repetitions."""
    keys = [next(iter(message)) for message in messages]
    return [key for key, before in zip(keys, ["", *keys], strict=False) if key not in {"STATUS", before}]


def test_the_service_manager_hears_of_the_start_the_work_and_the_end(
    tmp_path: Path, session: Path, manager: ServiceManager
) -> None:
    with running(tmp_path, "--session", str(session)) as daemon:
        ready = manager.wait_for_key("READY")
        daemon.wait_for("session_found")
        make_dng(session / "Raw" / "A.DNG")
        manager.wait_for(lambda message: message.get("STATUS") == "Everything is developed.")
        status = daemon.stop()
        stopping = manager.wait_for_key("STOPPING")
        manager.wait_for(lambda message: message.get("STATUS") == "Stopped.")

    assert status == 0
    assert ready["STATUS"] == "Nothing to do yet."
    assert int(stopping["EXTEND_TIMEOUT_USEC"]) == 32_000_000
    assert keys_of(manager.messages) == ["EXTEND_TIMEOUT_USEC", "READY", "STOPPING"]


def test_a_reload_is_told_from_its_beginning_to_its_end(
    tmp_path: Path, session: Path, manager: ServiceManager
) -> None:
    with running(tmp_path, "--session", str(session)) as daemon:
        manager.wait_for_key("READY")
        daemon.process.send_signal(signal.SIGHUP)
        manager.wait_for_key("RELOADING")

        again = manager.wait_for_key("READY")

    assert again["STATUS"]


def test_a_refused_start_says_why(tmp_path: Path, manager: ServiceManager) -> None:
    with running(tmp_path, "--session", str(tmp_path / "missing"), ready=False) as daemon:
        refused = daemon.wait_for("start_refused")
        told = manager.wait_for_key("STATUS")

    assert told["STATUS"] == refused["message"]


def test_workers_have_nothing_to_tell_and_no_socket_to_serve(
    tmp_path: Path, session: Path, manager: ServiceManager
) -> None:
    with running(tmp_path, "--session", str(session)) as daemon:
        daemon.wait_for("session_found")
        make_dng(session / "Raw" / "A.DNG")
        daemon.wait_for("item_developed")
        [worker] = children_of(daemon.process.pid)
        environment = Path(f"/proc/{worker}/environ").read_bytes()

    assert manager.address.encode() not in environment


@contextmanager
def slow_writes(daemon: Daemon) -> Iterator[None]:
    """Have the database's disk hang for as long as the context lasts."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("There is no strace.")
    tracer = subprocess.Popen(
        [strace, "-f", "-o", "/dev/null", "-p", str(daemon.process.pid),
         "-P", str(daemon.state / "queue.db-wal"),
         "-e", "trace=fdatasync,fsync", "-e", "inject=fdatasync,fsync:delay_enter=600000000"],
        stderr=subprocess.PIPE,
    )  # fmt: skip
    assert tracer.stderr is not None
    try:
        said, _, _ = select.select([tracer.stderr], [], [], PATIENCE_SECONDS)
        line = tracer.stderr.readline() if said else b""
        if b"attached" not in line:
            pytest.skip(f"Nothing can be traced here: {line!r}.")
        yield
    finally:
        tracer.terminate()
        tracer.wait(PATIENCE_SECONDS)
        tracer.stderr.close()


def test_the_watchdog_starves_where_the_disk_of_the_queue_hangs(
    tmp_path: Path, session: Path, manager: ServiceManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", WATCHDOG_USEC)
    with running(tmp_path, "--session", str(session)) as daemon:
        daemon.wait_for("session_found")
        manager.wait_for(is_fed)
        with slow_writes(daemon):
            make_dng(session / "Raw" / "A.DNG")
            stood_still = daemon.wait_for("work_stood_still")
            while manager.hear(within_seconds=0.0) is not None:
                continue
            told = manager.hear(within_seconds=2.5)
        daemon.wait_for("item_developed")
        manager.wait_for(is_fed)

    assert stood_still["where"] == "store"
    assert told is None


@pytest.fixture
def activator() -> str:
    found = shutil.which("systemd-socket-activate")
    if found is None:
        pytest.skip("There is no systemd-socket-activate.")
    return found


@contextmanager
def activated(activator: str, folder: Path, *more: str, name: str = "darkroomd") -> Iterator[Daemon]:
    """Have a socket listened at that starts the daemon once somebody calls."""
    variables = [f"--setenv={key}={value}" for key, value in os.environ.items() if key == "PYTHONPATH"]
    command = [activator, f"--fdname={name}", f"--listen={folder / 'd.sock'}", *variables]
    command += [sys.executable, "-m", "darkroomd"]
    with running(folder, *more, command=command, ready=False) as daemon:
        assert daemon.next_line() == {}, "it says where it listens"
        yield daemon


def test_the_call_that_starts_the_daemon_is_answered_and_the_socket_stays(
    tmp_path: Path, session: Path, activator: str
) -> None:
    with activated(activator, tmp_path, "--session", str(session)) as daemon:
        with Client(daemon.socket) as client:
            [known] = client.list_sessions()
            summary = client.get_summary()
        ready = daemon.wait_for("ready")
        before = daemon.socket.stat()
        status = daemon.stop()

    assert (known.name, summary.text) == (session.name, "Nothing to do yet.")
    assert ready["socket"] == str(daemon.socket)
    assert status == 0
    assert daemon.socket.stat() == before


def test_a_second_daemon_is_refused_where_the_first_was_given_its_socket(
    tmp_path: Path, activator: str
) -> None:
    (tmp_path / "second").mkdir()
    with activated(activator, tmp_path) as daemon:
        with Client(daemon.socket) as client:
            client.get_summary()
        with running(tmp_path / "second", "--socket", str(daemon.socket), ready=False) as second:
            refused = second.wait_for("start_refused")
            status = second.ended()

        with Client(daemon.socket) as client:
            client.get_summary()

    assert (refused["code"], status) == ("socket.in_use", 1)


def test_a_socket_of_another_name_is_refused(tmp_path: Path, activator: str) -> None:
    with activated(activator, tmp_path, name="metrics") as daemon:
        with pytest.raises(ConnectionLost), Client(daemon.socket) as client:
            client.get_summary()
        refused = daemon.wait_for("start_refused")
        status = daemon.ended()

    assert (refused["code"], status) == ("socket.activation", 2)
    assert "only metrics" in refused["message"]


ASK = """
import socket, sys
with socket.socket(socket.AF_UNIX) as connection:
    connection.settimeout(30)
    connection.connect(sys.argv[1])
    connection.sendall(b'{"method": "io.darkroomd.Darkroom.GetSummary"}\\n')
    connection.shutdown(socket.SHUT_WR)
    sys.stdout.buffer.write(b"".join(iter(lambda: connection.recv(65536), b"")))
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can call as somebody else")
def test_whom_the_modes_of_a_given_socket_let_in_is_still_asked_who_they_are(
    tmp_path: Path, activator: str
) -> None:
    let_all_in(tmp_path)
    with activated(activator, tmp_path) as daemon:
        daemon.socket.chmod(0o666)
        asked = subprocess.run(
            ["/usr/bin/python3", "-c", ASK, str(daemon.socket)],
            user=54_323,
            group=54_323,
            extra_groups=[],
            capture_output=True,
            timeout=PATIENCE_SECONDS,
            check=True,
        )

    assert json.loads(asked.stdout)["error"] == "org.varlink.service.PermissionDenied"
