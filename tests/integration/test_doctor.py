"""`darkroom doctor` against real daemons, well and ill, and where there is none."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

import disks
from darkroom import Client
from darkroom.cli.main import main
from darkroom.protocol.types import Check
from make import make_dng
from running import QUICK, Daemon, running

NAMES = (
    "pipeline", "kernel", "worker", "versions", "queue", "failures", "database", "backup", "sessions",
    "folders", "watching", "space", "presets", "inotify", "files", "memory", "clock", "socket",
)  # fmt: skip
NOBODY = 65534
COMMAND = (sys.executable, "-m", "darkroomd")


@pytest.fixture
def session(tmp_path: Path) -> Path:
    folder = tmp_path / "party"
    (folder / "Raw").mkdir(parents=True)
    return folder


@pytest.fixture
def short() -> Iterator[Path]:
    """Give a folder whose name leaves room for a socket's."""
    with TemporaryDirectory(prefix="dr-") as folder:
        yield Path(folder)


def checks_of(daemon: Daemon) -> dict[str, Check]:
    with Client(daemon.socket) as client:
        return {check.name: check for check in client.get_health().checks}


def lines(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    shown = capsys.readouterr().out.splitlines()
    return {line.split()[0]: line for line in shown if line.strip()}


def test_a_daemon_that_is_well_tells_of_every_part(
    tmp_path: Path, session: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(tmp_path, "--session", str(session)) as daemon:
        daemon.wait_for("session_found")
        make_dng(session / "Raw" / "IMG_1.DNG")
        daemon.wait_for("item_developed")
        checks = checks_of(daemon)
        status = main(["--socket", str(daemon.socket), "doctor"])
        assert daemon.stop() == 0

    shown = lines(capsys)
    assert tuple(checks) == NAMES
    assert status == 0
    assert "LibRaw 0." in checks["versions"].message
    assert "was ready" in checks["worker"].message
    assert "1 session can be read and written" in checks["folders"].message
    assert set(NAMES) <= shown.keys()


def test_a_worker_is_started_for_the_report_where_none_was(tmp_path: Path, session: Path) -> None:
    with running(tmp_path, "--session", str(session)) as daemon:
        daemon.wait_for("session_found")
        checks_of(daemon)
        daemon.wait_for("worker_started")
        while "being started" in (message := checks_of(daemon)["worker"].message):
            continue
        assert daemon.stop() == 0

    assert "was ready" in message


def test_a_worker_that_does_not_start_is_bad_before_a_photo_comes(tmp_path: Path, session: Path) -> None:
    config = QUICK.replace("[worker]", "[worker]\nmemory_mb = 60")

    with running(tmp_path, "--session", str(session), config=config) as daemon:
        daemon.wait_for("session_found")
        checks_of(daemon)
        daemon.wait_for("worker_not_started")
        check = checks_of(daemon)["worker"]
        assert daemon.stop() == 0

    assert not check.ok
    assert "No worker could be started" in check.message


def test_a_socket_that_somebody_removed_is_told_to_those_who_are_connected(
    tmp_path: Path, session: Path
) -> None:
    with running(tmp_path, "--session", str(session)) as daemon, Client(daemon.socket) as client:
        client.get_summary()
        daemon.socket.unlink()
        health = client.get_health()

    [check] = [check for check in health.checks if check.name == "socket"]
    assert (health.ok, check.ok) == (False, False)
    assert "Somebody removed the socket" in check.message


def test_a_database_that_somebody_removed_is_told_before_anything_is_lost(
    tmp_path: Path, session: Path
) -> None:
    with running(tmp_path, "--session", str(session)) as daemon:
        daemon.wait_for("session_found")
        (daemon.state / "queue.db").unlink()
        check = checks_of(daemon)["database"]

    assert not check.ok
    assert "Somebody removed the queue database" in check.message


def test_what_failed_is_told_by_its_code(
    tmp_path: Path, session: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(tmp_path, "--session", str(session)) as daemon:
        daemon.wait_for("session_found")
        data = make_dng(tmp_path / "source.bin").read_bytes()
        (session / "Raw" / "IMG_1.DNG").write_bytes(data[:-4000])
        with Client(daemon.socket) as client:
            client.wait_job(daemon.wait_for("item_failed")["job"], timeout_usec=60_000_000)
        lenient = main(["--socket", str(daemon.socket), "doctor"])
        strict = main(["--socket", str(daemon.socket), "doctor", "--strict"])
        assert daemon.stop() == 0

    assert (lenient, strict) == (0, 1)
    assert "raw.truncated (1)" in capsys.readouterr().out


@pytest.mark.skipif(os.geteuid() != 0, reason="a folder is closed to another user, which only root can be")
def test_a_folder_that_may_not_be_written_is_told_before_a_photo_comes(short: Path) -> None:
    session = short / "party"
    (session / "Raw").mkdir(parents=True)
    (session / "Jpg").mkdir()
    for folder in (short, session, session / "Raw"):
        os.chown(folder, NOBODY, NOBODY)
    command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *COMMAND]

    with running(short, "--session", str(session), command=command) as daemon:
        daemon.wait_for("session_found")
        checks = checks_of(daemon)
        assert daemon.stop() == 0

    assert not checks["folders"].ok
    assert f"Outputs cannot be written to {session / 'Jpg'} (Permission denied)" in checks["folders"].message


def test_a_share_that_does_not_answer_is_told_and_holds_up_nothing(tmp_path: Path, session: Path) -> None:
    other = tmp_path / "other"
    (other / "Raw").mkdir(parents=True)

    with running(tmp_path, "--session", str(session), "--session", str(other)) as daemon:
        daemon.wait_for_all("session_found", 2)
        with disks.dead_share(other):
            checks = checks_of(daemon)
        assert daemon.stop() == 0

    for name in ("folders", "space"):
        assert not checks[name].ok
        assert f"No answer in time from the disk {other}." in checks[name].message
    assert tuple(checks) == NAMES


def test_where_there_is_no_daemon_it_is_said_what_is_missing(
    short: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["--socket", str(short / "s"), "doctor"])

    captured = capsys.readouterr()
    assert status == 3
    assert f"There is nothing at {short / 's'}." in captured.out
    assert "cannot be reached" in captured.err


def test_a_socket_that_was_left_over_is_told_and_who_holds_the_lock(
    short: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = short / "s"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with (short / "s.lock").open("w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write(f"pid {os.getpid()}\n")
        lock.flush()
        status = main(["--socket", str(path), "doctor", "--json"])

    [report] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    checks = {check["name"]: check for check in report["checks"]}
    assert (status, report["ok"]) == (3, False)
    assert "has left it" in checks["socket"]["message"]
    assert f"Process {os.getpid()} holds {path}.lock" in checks["process"]["message"]
