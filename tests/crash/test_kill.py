"""Real kills of the daemon and of its worker in the middle of a photo."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

from make import make_dng
from running import children_of, has_ended, running

LARGE = {"width": 3000, "height": 2000}
"""Takes a good part of a second to develop: there is a middle to be killed in."""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_dng(tmp_path_factory.mktemp("large") / "large.dng", **LARGE)


@pytest.fixture
def session(tmp_path: Path, large: Path) -> Path:
    folder = tmp_path / "session"
    (folder / "Raw").mkdir(parents=True)
    shutil.copyfile(large, folder / "Raw" / "A.DNG")
    return folder


def test_a_photo_survives_the_daemon_that_developed_it(tmp_path: Path, session: Path) -> None:
    for round_ in range(3):
        with running(tmp_path, "--session", str(session)) as daemon:
            daemon.wait_for("stage_entered", stage="develop")
            workers = children_of(daemon.process.pid)
            daemon.kill()
        assert [pid for pid in workers if not has_ended(pid)] == [], round_
        (session / "Raw" / "A.DNG").touch()

    with running(tmp_path, "--session", str(session)) as daemon:
        daemon.wait_for("item_developed")
        daemon.stop()

    assert sorted(path.name for path in (session / "Jpg").iterdir()) == ["A.jpg"]


def test_a_photo_that_is_there_each_time_the_daemon_dies_is_failed_and_the_next_one_runs(
    tmp_path: Path, session: Path
) -> None:
    for _ in range(3):
        with running(tmp_path, "--session", str(session)) as daemon:
            daemon.wait_for("stage_entered", stage="develop")
            daemon.kill()

    with running(tmp_path, "--session", str(session), ready=False) as daemon:
        recovered = daemon.wait_for("item_recovered")
        make_dng(session / "Raw" / "B.DNG")
        daemon.wait_for("item_developed", output=str(session / "Jpg" / "B.jpg"))
        daemon.stop()

    assert recovered["decision"] == "abandon"
    assert sorted(path.name for path in (session / "Jpg").iterdir()) == ["B.jpg"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_worker_that_dies_costs_one_attempt(tmp_path: Path, session: Path, number: signal.Signals) -> None:
    with running(tmp_path, "--session", str(session)) as daemon:
        worker = daemon.wait_for("stage_entered", stage="develop")["worker"]
        os.kill(worker, number)

        retried = daemon.wait_for("item_will_be_retried")
        again = daemon.wait_for("item_started")
        daemon.wait_for("item_developed")
        daemon.stop()

    assert retried["code"] == "worker.crashed"
    assert again["attempt"] == 2
    assert sorted(path.name for path in (session / "Jpg").iterdir()) == ["A.jpg"]


def test_a_photo_that_kills_its_worker_each_time_is_failed_and_the_next_one_runs(
    tmp_path: Path, session: Path
) -> None:
    with running(tmp_path, "--session", str(session)) as daemon:
        for _ in range(3):
            os.kill(daemon.wait_for("stage_entered", stage="develop")["worker"], signal.SIGKILL)
        failed = daemon.wait_for("item_failed")
        make_dng(session / "Raw" / "B.DNG")
        daemon.wait_for("item_developed")
        daemon.stop()

    assert failed["code"] == "worker.crashed"
    assert sorted(path.name for path in (session / "Jpg").iterdir()) == ["B.jpg"]


def test_a_daemon_that_is_stopped_while_it_develops_puts_the_photo_back(
    tmp_path: Path, session: Path
) -> None:
    with running(tmp_path, "--session", str(session)) as daemon:
        os.kill(daemon.wait_for("stage_entered", stage="develop")["worker"], signal.SIGSTOP)
        daemon.process.send_signal(signal.SIGTERM)
        daemon.wait_for("stop_requested")
        daemon.process.send_signal(signal.SIGTERM)
        interrupted = daemon.wait_for("item_interrupted")

        assert daemon.ended() == 0

    assert list((session / "Jpg").iterdir()) == []
    with running(tmp_path, "--session", str(session), ready=False) as again:
        started = again.wait_for("item_started", item=interrupted["item"])
        again.wait_for("item_developed")
        again.stop()
    assert started["attempt"] == 1
