"""The main job, end to end, with the real daemon in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from darkroom.client import Client
from darkroomd.app import NOTHING_TO_WATCH
from make import make_dng
from running import QUICK, Daemon, arguments, children_of, running


@pytest.fixture
def session(tmp_path: Path) -> Path:
    folder = tmp_path / "wedding"
    (folder / "Raw").mkdir(parents=True)
    return folder


def record_of(session: Path) -> dict[str, dict[str, object]]:
    document = json.loads((session / "boothy.session.json").read_bytes())
    assert document["schemaVersion"] == 1
    return {photo["rawFilename"]: photo for photo in document["photos"]}


def call(daemon: Daemon, method: str, parameters: dict[str, object] | None = None) -> dict[str, object]:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(daemon.socket))
        request = {"method": f"io.darkroomd.Darkroom.{method}", "parameters": parameters or {}}
        connection.sendall(json.dumps(request).encode() + b"\0")
        reply = b""
        while not reply.endswith(b"\0"):
            reply += connection.recv(65536)
    answer: dict[str, object] = json.loads(reply[:-1])
    return answer


def start_refused(*given: str) -> tuple[int, dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-m", "darkroomd", "--log-format", "json", *given],
        capture_output=True,
        check=False,
        timeout=30,
    )
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    return done.returncode, json.loads(lines[0])


def test_a_photo_dropped_into_a_session_becomes_a_jpeg_with_its_record(tmp_path: Path, session: Path) -> None:
    with running(tmp_path, "--session", str(session)) as daemon:
        make_dng(session / "Raw" / "IMG_1.DNG")

        developed = daemon.wait_for("item_developed")
        written = daemon.wait_for("session_record_written")
        assert daemon.stop() == 0

    photo = record_of(session)["IMG_1.DNG"]
    assert developed["output"] == str(session / "Jpg" / "IMG_1.jpg")
    assert (session / "Jpg" / "IMG_1.jpg").read_bytes()[:3] == b"\xff\xd8\xff"
    assert (photo["backgroundExportCompleted"], photo["attemptCount"], photo["lastError"]) == (True, 1, None)
    assert photo["correlationId"] == developed["correlation_id"]
    assert written["session"] == developed["session"]
    assert json.loads((session / "Raw" / "IMG_1.DNG.rrdata").read_bytes())["version"] == 1


def test_one_correlation_id_goes_from_detection_to_publishing_through_both_processes(
    tmp_path: Path, session: Path
) -> None:
    with running(tmp_path, "--session", str(session)) as daemon:
        make_dng(session / "Raw" / "IMG_1.DNG")
        end = daemon.wait_for("item_developed")
        daemon.stop()

    events = [line["event"] for line in daemon.lines if line.get("correlation_id") == end["correlation_id"]]
    from_worker = [line for line in daemon.lines if line.get("event") == "part_written"]
    assert events[0] == "photo_detected"
    assert {"photo_settled", "preset_frozen", "item_started", "item_developed"} <= set(events)
    assert [line["correlation_id"] for line in from_worker] == [end["correlation_id"]]
    assert daemon.other_output == []


def test_a_session_below_a_root_is_found_also_while_the_daemon_runs(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    with running(tmp_path, "--root", str(root)) as daemon:
        (root / "later" / "Raw").mkdir(parents=True)
        make_dng(root / "later" / "Raw" / "A.DNG")

        daemon.wait_for("item_developed")

    assert (root / "later" / "Jpg" / "A.jpg").is_file()


def test_what_is_up_to_date_is_not_developed_again(tmp_path: Path, session: Path) -> None:
    make_dng(session / "Raw" / "A.DNG")
    with running(tmp_path, "--session", str(session)) as daemon:
        daemon.wait_for("item_developed")
        daemon.wait_for("session_record_written")
        daemon.stop()
    before = (session / "Jpg" / "A.jpg").stat()

    with running(tmp_path, "--session", str(session)) as again:
        again.wait_for("session_found")
        summary = call(again, "GetSummary")
        again.stop()

    after = (session / "Jpg" / "A.jpg").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert "item_started" not in [line["event"] for line in again.lines]
    assert summary["parameters"]["summary"]["queue"]["queuedItems"] == 0  # type: ignore[index] # a reply


def test_a_lost_database_is_rebuilt_without_developing_again(tmp_path: Path, session: Path) -> None:
    make_dng(session / "Raw" / "A.DNG")
    with running(tmp_path, "--session", str(session)) as daemon:
        daemon.wait_for("item_developed")
        daemon.wait_for("session_record_written")
        daemon.stop()
    for file in (tmp_path / "state").glob("queue.db*"):
        file.unlink()

    with running(tmp_path, "--session", str(session)) as again:
        session_id = again.wait_for("output_adopted")["session"]
        photos = call(again, "ListPhotos", {"sessionId": session_id})
        again.stop()

    assert [photo["state"] for photo in photos["parameters"]["photos"]] == ["developed"]  # type: ignore[index, attr-defined] # a reply
    assert record_of(session)["A.DNG"]["attemptCount"] == 1
    assert record_of(session)["A.DNG"]["lastAttemptAt"] is not None
    assert "item_started" not in [line["event"] for line in again.lines]


def test_photos_found_at_the_start_are_one_backfill_job(tmp_path: Path, session: Path) -> None:
    for name in ("A.DNG", "B.DNG"):
        make_dng(session / "Raw" / name)

    with running(tmp_path, "--session", str(session)) as daemon:
        daemon.wait_for_all("item_developed", 2)
        jobs = call(daemon, "ListJobs")["parameters"]["jobs"]  # type: ignore[index] # a reply
        daemon.stop()

    assert [(job["kind"], job["priority"], job["progress"]["total"]) for job in jobs] == [
        ("backfill", "low", 2)
    ]


def test_a_broken_file_fails_alone_and_is_shown_everywhere(tmp_path: Path, session: Path) -> None:
    with running(tmp_path, "--session", str(session)) as daemon:
        (session / "Raw" / "A.NEF").write_bytes(b"MM\0*" + bytes(300))
        failed = daemon.wait_for("item_failed")
        make_dng(session / "Raw" / "B.DNG")
        daemon.wait_for("item_developed")
        daemon.wait_for("session_record_written")
        photos = call(daemon, "ListPhotos", {"sessionId": failed["session"], "states": ["failed"]})
        daemon.stop()

    error = record_of(session)["A.NEF"]["lastError"]
    assert failed["code"] == "raw.unsupported"
    assert isinstance(error, dict)
    assert error["code"] == "raw.unsupported"
    assert [photo["failure"]["code"] for photo in photos["parameters"]["photos"]] == ["raw.unsupported"]  # type: ignore[index, attr-defined] # a reply
    assert sorted(path.name for path in (session / "Jpg").iterdir()) == ["B.jpg"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_leaves_no_part_file_no_socket_and_no_process(
    tmp_path: Path, session: Path, number: signal.Signals
) -> None:
    for index in range(20):
        make_dng(session / "Raw" / f"{index}.DNG")
    with running(tmp_path, "--session", str(session)) as daemon:
        daemon.wait_for("worker_started")
        workers = children_of(daemon.process.pid)
        daemon.process.send_signal(number)

        assert daemon.ended() == 0

    assert workers != []
    assert [pid for pid in workers if Path(f"/proc/{pid}").exists()] == []
    assert not daemon.socket.exists()
    assert list((session / "Jpg").glob(".*")) == []


def test_a_photo_replaced_by_another_is_developed_anew(tmp_path: Path, session: Path) -> None:
    raw = session / "Raw" / "A.DNG"
    make_dng(raw)
    with running(tmp_path, "--session", str(session)) as daemon:
        daemon.wait_for("item_developed")
        first = (session / "Jpg" / "A.jpg").read_bytes()
        make_dng(session / "other.tmp", width=64, height=48)
        (session / "other.tmp").replace(raw)

        daemon.wait_for("item_developed")
        daemon.stop()

    assert (session / "Jpg" / "A.jpg").read_bytes() != first
    assert sorted(path.name for path in (session / "Jpg").iterdir()) == ["A.jpg"]


def test_a_foreign_file_in_the_place_of_an_output_is_kept(tmp_path: Path, session: Path) -> None:
    (session / "Jpg").mkdir()
    (session / "Jpg" / "A.jpg").write_bytes(b"somebody's work")
    make_dng(session / "Raw" / "A.DNG")

    with running(tmp_path, "--session", str(session)) as daemon:
        daemon.wait_for("item_developed")
        daemon.stop()

    assert (session / "Jpg" / "A.jpg.bak").read_bytes() == b"somebody's work"
    assert (session / "Jpg" / "A.jpg").read_bytes()[:2] == b"\xff\xd8"


def test_a_folder_that_cannot_be_written_is_a_wait_reason_wherever_state_is_shown(
    tmp_path: Path, session: Path
) -> None:
    (session / "Jpg").write_bytes(b"a file where a folder belongs")
    patient = QUICK.replace("environment_wait_seconds = 0.2", "environment_wait_seconds = 2")
    with (
        running(tmp_path, "--session", str(session), config=patient) as daemon,
        Client(daemon.socket) as client,
    ):
        with client.watch(kinds=["photo.changed"]) as events:
            make_dng(session / "Raw" / "A.DNG")
            photos = (event.photo for event in events if event.photo is not None)
            photo = next(photo for photo in photos if photo.failure is not None)
        summary = client.get_summary()
        [job] = client.list_jobs()

        (session / "Jpg").unlink()

        daemon.wait_for("item_developed")
        daemon.stop()

    assert summary.queue.wait_reasons == ("session.gone",)
    assert (job.state, job.state_reasons) == ("queued", ("session.gone",))
    assert (photo.state, photo.failure and photo.failure.code) == ("waiting", "session.gone")


def test_a_name_that_is_not_utf_8_fails_its_photo_and_nothing_else(tmp_path: Path, session: Path) -> None:
    odd = os.fsdecode(b"IMG_\xff")
    (session / "Jpg" / f"{odd}.jpg").mkdir(parents=True)
    make_dng(session / "Raw" / f"{odd}.dng")
    with running(tmp_path, "--session", str(session), ready=False) as daemon:
        failed = daemon.wait_for("item_failed")
        make_dng(session / "Raw" / "B.DNG")
        daemon.wait_for("item_developed", output=str(session / "Jpg" / "B.jpg"))
        (session / "Raw" / f"{odd}.dng").unlink()
        daemon.wait_for("raw_missing")
        assert daemon.stop() == 0

    assert failed["code"] == "output.is_a_folder"


def test_sessions_that_cannot_be_worked_in_do_not_starve_the_others(tmp_path: Path, session: Path) -> None:
    root = tmp_path / "root"
    for number in range(6):
        lost = root / f"lost{number}"
        (lost / "Raw").mkdir(parents=True)
        (lost / "Jpg").write_bytes(b"a file where a folder belongs")
        make_dng(lost / "Raw" / "A.DNG")
    for number in range(5):
        make_dng(session / "Raw" / f"{number}.DNG")

    with running(tmp_path, "--root", str(root), "--session", str(session), ready=False) as daemon:
        daemon.wait_for_all("item_developed", 5)
        daemon.stop()

    assert len(list((session / "Jpg").iterdir())) == 5


def test_a_second_daemon_is_refused(tmp_path: Path, session: Path) -> None:
    with running(tmp_path, "--session", str(session)) as daemon:
        other = tmp_path / "other"
        other.mkdir()
        same_state = start_refused(
            "--session", str(session), "--state-dir", str(daemon.state), "--socket", str(other / "x.sock")
        )
        same_socket = start_refused(
            "--session", str(session), "--state-dir", str(other / "state"), "--socket", str(daemon.socket)
        )
        summary = call(daemon, "GetSummary")
        daemon.stop()

    assert same_state[1]["code"] == "state.in_use"
    assert same_socket[1]["code"] == "socket.in_use"
    assert 0 not in (same_state[0], same_socket[0])
    assert "parameters" in summary
    assert not (other / "state" / "queue.db").exists()


def test_a_start_that_cannot_work_is_refused_in_one_line_and_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "good").mkdir()
    (tmp_path / "bad.toml").write_text("[intake]\nquiet_second = 1\n")
    newer = tmp_path / "newer" / "queue.db"
    newer.parent.mkdir()
    with closing(sqlite3.connect(newer)) as database:
        database.execute("PRAGMA user_version = 99")
    content = newer.read_bytes()
    good = ["--session", str(tmp_path / "good"), "--socket", str(tmp_path / "s.sock")]
    before = sorted(tmp_path.rglob("*"))

    refusals = [
        start_refused("--session", str(tmp_path / "none"), *arguments(tmp_path)[:4]),
        start_refused("--session", str(tmp_path / "file"), *arguments(tmp_path)[:4]),
        start_refused("--root", str(tmp_path / "none"), *arguments(tmp_path)[:4]),
        start_refused(*good, "--config", str(tmp_path / "bad.toml"), "--state-dir", str(tmp_path / "state")),
        start_refused(*good, "--state-dir", str(newer.parent)),
        start_refused(
            *good[:2], "--socket", str(tmp_path / ("x" * 120)), "--state-dir", str(tmp_path / "st")
        ),
    ]

    assert [refusal["code"] for _, refusal in refusals] == [
        "session.not_found",
        "session.not_a_folder",
        "session.not_found",
        "config.invalid",
        "state.too_new",
        "socket.path_too_long",
    ]
    assert 0 not in [status for status, _ in refusals]
    assert newer.read_bytes() == content
    left = set(tmp_path.rglob("*")) - set(before)
    assert {path.name for path in left} <= {"config.toml", "darkroomd.lock", "s.sock.lock", "state"}


def test_the_configuration_can_be_checked_alone(tmp_path: Path, session: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "darkroomd",
            *arguments(tmp_path, "--session", str(session), "--check-config"),
        ],
        check=False,
        timeout=30,
    )

    assert done.returncode == 0
    assert not (tmp_path / "state").exists()


def test_a_daemon_that_was_told_of_no_folder_starts_says_so_and_takes_one_at_the_socket(
    tmp_path: Path, session: Path
) -> None:
    with running(tmp_path) as daemon:
        with Client(daemon.socket) as client:
            added = client.add_session(session)
        daemon.stop()

    assert [line["message"] for line in daemon.lines if line["event"] == "nothing_to_watch"] == [
        NOTHING_TO_WATCH
    ]
    assert added.created
