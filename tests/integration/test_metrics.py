"""The figures of a real daemon: what is counted, who can read it, and the file for a collector."""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
from structlog.testing import capture_logs

from darkroom.cli.main import main as darkroom
from darkroom.client import Client
from darkroom.errors import NoSuchJob
from darkroomd.core.metrics import METRICS
from darkroomd.files.replacing import remove_file, replace_file
from darkroomd.services.metrics_file import MetricsFile
from make import make_dng
from openmetrics_reader import Samples, read_metrics
from running import QUICK, running

PATIENCE_SECONDS = 30.0


@pytest.fixture
def session(tmp_path: Path) -> Path:
    folder = tmp_path / "wedding"
    (folder / "Raw").mkdir(parents=True)
    return folder


async def nothing() -> str:
    await anyio.lowlevel.checkpoint()
    return "# EOF\n"


async def until(is_so: Callable[[], bool]) -> None:
    with anyio.fail_after(PATIENCE_SECONDS):
        while not is_so():  # noqa: ASYNC110 - a file that appears tells nobody
            await anyio.sleep(0.01)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def only(found: Samples, name: str, **labels: str) -> float:
    return found[name][tuple(labels.items())]


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_what_a_daemon_does_can_be_read_from_its_figures(tmp_path: Path, session: Path) -> None:
    with running(tmp_path, "--session", str(session)) as daemon, Client(daemon.socket) as client:
        daemon.wait_for("session_found")
        raw = make_dng(session / "Raw" / "A.DNG")
        client.wait_job(daemon.wait_for("item_developed")["job"], timeout_usec=30_000_000)
        (session / "Raw" / "B.NEF").write_bytes(b"MM\0*" + bytes(300))
        client.wait_job(daemon.wait_for("item_failed")["job"], timeout_usec=30_000_000)
        client.pause_queue(reason="a test")
        with pytest.raises(NoSuchJob):
            client.get_job(4711)
        found = read_metrics(client.get_metrics())
        daemon.stop()

    assert only(found, "darkroomd_photos_developed_total", kind="develop") == 1
    assert sum(found["darkroomd_failures_total"].values()) == 1
    assert only(found, "darkroomd_read_bytes_total") == raw.stat().st_size
    assert only(found, "darkroomd_written_bytes_total") == (session / "Jpg" / "A.jpg").stat().st_size
    assert only(found, "darkroomd_arrival_to_output_seconds_count") == 1
    assert {dict(labels)["stage"] for labels in found["darkroomd_development_stage_seconds_count"]} >= {
        "unpack",
        "develop",
        "encode",
    }
    assert only(found, "darkroomd_photos", state="developed") == 1
    assert only(found, "darkroomd_photos", state="failed") == 1
    assert only(found, "darkroomd_queue_items", state="queued", priority="normal") == 0
    assert only(found, "darkroomd_queue_waiting", reason="queue.paused") == 1
    assert only(found, "darkroomd_worker_starts_total", outcome="ready") == 1
    assert only(found, "darkroomd_calls_total", method="io.darkroomd.Darkroom.GetJob", error="NoSuchJob") == 1
    assert only(found, "darkroomd_open_connections") == 1
    assert only(found, "darkroomd_resident_memory_bytes", process="daemon") > 10_000_000
    assert only(found, "darkroomd_cpu_seconds_total", process="workers") > 0
    assert only(found, "darkroomd_log_lines_total", level="error") == 1
    assert only(found, "darkroomd_database_bytes", part="database") > 0
    not_yet = {"darkroomd_backup_timestamp_seconds", "darkroomd_worker_ends"}
    told = {name.removesuffix("_total").removesuffix("_count") for name in found}
    assert {family.name for family in METRICS} - told <= not_yet


def test_what_waits_is_counted_after_a_restart_as_well(tmp_path: Path, session: Path) -> None:
    for name in "ABC":
        make_dng(session / "Raw" / f"{name}.DNG")

    with running(tmp_path, "--session", str(session)) as daemon, Client(daemon.socket) as client:
        client.pause_queue(reason="a test")
        daemon.wait_for("backlog_queued")
        daemon.stop()
    with running(tmp_path, "--session", str(session)) as again, Client(again.socket) as client:
        before = read_metrics(client.get_metrics())
        client.resume_queue()
        done = again.wait_for_all("item_developed", 3)
        job_ids = {line["job"] for line in done}
        for job_id in job_ids:
            client.wait_job(job_id, timeout_usec=30_000_000)
        after = read_metrics(client.get_metrics())
        again.stop()

    waiting = {"state": "queued", "priority": "low"}
    assert 0 < only(before, "darkroomd_queue_items", **waiting) <= 3
    assert only(after, "darkroomd_queue_items", **waiting) == 0
    assert only(after, "darkroomd_queue_items", state="running", priority="low") == 0


def test_the_command_prints_them(tmp_path: Path, session: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with running(tmp_path, "--session", str(session)) as daemon:
        status = darkroom(["--socket", str(daemon.socket), "stats", "--openmetrics"])
        plain = capsys.readouterr().out
        as_json = darkroom(["--socket", str(daemon.socket), "stats", "--openmetrics", "--json"])
        in_json = json.loads(capsys.readouterr().out)["text"]
        daemon.stop()

    assert (status, as_json) == (0, 0)
    assert read_metrics(plain).keys() <= read_metrics(in_json).keys()


def test_a_file_is_kept_while_the_daemon_runs(tmp_path: Path, session: Path) -> None:
    file = tmp_path / "collector" / "darkroomd.prom"
    file.parent.mkdir()
    config = f'{QUICK}\n[metrics]\nfile = "{file}"\n'

    with running(tmp_path, "--session", str(session), config=config) as daemon:
        wait_until(file.exists)
        found = read_metrics(file.read_text())
        mode = stat.S_IMODE(file.stat().st_mode)
        daemon.stop()

    assert "darkroomd_start_time_seconds" in found
    assert mode == 0o644
    assert names_in(file.parent) == []


@pytest.mark.anyio
async def test_a_file_that_cannot_be_written_is_told_once_and_tried_again(tmp_path: Path) -> None:
    folder, other = tmp_path / "collector", tmp_path / "other.prom"

    with capture_logs() as logs:
        async with anyio.create_task_group() as group:
            file = MetricsFile(nothing, folder / "a.prom", round_seconds=0.01)
            await group.start(file.run)
            await until(lambda: bool(logs))
            await anyio.sleep(0.1)
            folder.mkdir()
            await until((folder / "a.prom").exists)
            file.adopt(other)
            await until(other.exists)
            left = names_in(folder)
            file.adopt(None)
            await until(lambda: not other.exists())
            group.cancel_scope.cancel()

    assert [log["event"] for log in logs] == ["metrics_not_written", "metrics_written_again"]
    assert left == []


def test_a_reader_sees_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "a.prom"
    (tmp_path / ".a.prom.part").write_bytes(b"what a daemon that was killed has left")

    replace_file(path, b"one", mode=0o644)
    with path.open("rb") as before:
        replace_file(path, b"two", mode=0o644)

        assert before.read() == b"one"
    assert path.read_bytes() == b"two"
    assert names_in(tmp_path) == ["a.prom"]


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(os.mkdir, id="folder"),
        # As little a file as a device is, and nobody has to be root to make one.
        pytest.param(os.mkfifo, id="pipe"),
    ],
)
def test_what_is_no_file_stays_and_nothing_is_left_beside_it(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    path = tmp_path / "a.prom"
    make(path)
    before = path.lstat()

    with pytest.raises(OSError, match=r"directory|permitted"):
        replace_file(path, b"one", mode=0o644)
    with pytest.raises(OSError, match=r"directory|permitted"):
        remove_file(path)

    assert names_in(tmp_path) == ["a.prom"]
    assert path.lstat() == before


def test_the_root_of_the_file_system_is_no_file_to_replace(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"[Bb]usy|[Dd]irectory|denied|Read-only"):
        replace_file(Path(tmp_path.root), b"one", mode=0o644)
