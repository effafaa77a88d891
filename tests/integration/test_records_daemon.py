"""The record of a session while the real daemon works: true when it counts, shared with other programs."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from darkroom.client import Client
from forked import running
from make import make_dng
from running import PATIENCE_SECONDS, Daemon

PHOTOS = 100

FOREIGN_PROGRAM = """
import json, os, pathlib, sys, time
path, stop, atomic = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3] == "atomic"
number = 0
while not stop.exists():
    number += 1
    try:
        document = json.loads(path.read_text())
    except FileNotFoundError:
        document = {"photos": []}
    document["guest"] = "Ada"
    entries = document["photos"]
    if not any(entry.get("raw_filename") == "theirs.NEF" for entry in entries):
        entries.append({"raw_filename": "theirs.NEF", "mood": "good"})
    for entry in entries:
        entry["stars"] = 5
    entries[0]["attemptCount"] = 77
    text = json.dumps(document)
    if atomic:
        other = path.with_name("theirs.tmp")
        other.write_text(text)
        os.rename(other, path)
    else:
        with path.open("w") as file:
            file.write(text[: len(text) // 2])
            file.flush()
            time.sleep(0.003)
            file.write(text[len(text) // 2 :])
    time.sleep(0.02)
"""
"""Reads the record, adds its own and writes it back, again and again; resets what is not its own, too."""


@pytest.fixture
def session(tmp_path: Path) -> Path:
    folder = tmp_path / "party"
    (folder / "Raw").mkdir(parents=True)
    return folder


def record_of(session: Path) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((session / "boothy.session.json").read_bytes())
    return record


def completed(record: dict[str, Any]) -> set[str]:
    return {
        entry["rawFilename"]
        for entry in record["photos"]
        if entry.get("backgroundExportCompleted") and entry["attemptCount"] == 1
    }


def drop_many(session: Path, count: int) -> set[str]:
    data = make_dng(session / "first.dng", width=48, height=32).read_bytes()
    (session / "first.dng").unlink()
    names = {f"{number:03}.DNG" for number in range(count)}
    for name in names:
        (session / "Raw" / name).write_bytes(data)
    return names


def until_idle(client: Client) -> None:
    """Wait until the status line says that everything is developed."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    for reply in client.stream("io.darkroomd.Darkroom.GetSummary", {"intervalUsec": 10_000}):
        summary = reply["summary"]
        if summary["text"] == "Everything is developed." or time.monotonic() > deadline:
            return


@contextmanager
def foreign_program(session: Path, folder: Path, how: str) -> Iterator[None]:
    stop = folder / "stop"
    command = [sys.executable, "-c", FOREIGN_PROGRAM, session / "boothy.session.json", stop, how]
    with subprocess.Popen(command) as process:
        yield
        stop.touch()
        assert process.wait(PATIENCE_SECONDS) == 0


def writes(daemon: Daemon) -> int:
    return sum(line.get("event") == "session_record_written" and line["changed"] for line in daemon.lines)


def test_who_sees_that_all_is_done_reads_that_all_is_done(tmp_path: Path, session: Path) -> None:
    with running(tmp_path, "--session", str(session)) as daemon, Client(daemon.socket) as client:
        daemon.wait_for("session_found")
        names = drop_many(session, PHOTOS)
        began = time.monotonic()
        # The log has to be read meanwhile, or the daemon waits for whoever does.
        daemon.wait_for_all("item_developed", PHOTOS - 1)
        until_idle(client)
        record, seconds = record_of(session), time.monotonic() - began
        assert daemon.stop() == 0

    assert completed(record) == names
    assert writes(daemon) <= 4 * (seconds + 2) + 2


def test_who_is_told_of_a_photos_end_reads_of_it(tmp_path: Path, session: Path) -> None:
    seen: list[set[str]] = []
    with (
        running(tmp_path, "--session", str(session)) as daemon,
        Client(daemon.socket) as client,
        client.watch(kinds=["ready", "job.completed", "job.failed"]) as events,
    ):
        daemon.wait_for("session_found")
        next(events)
        for number in range(4):
            make_dng(session / "Raw" / f"{number}.DNG")
            next(events)
            seen.append(completed(record_of(session)))
        (session / "Raw" / "broken.NEF").write_bytes(b"MM\0*" + bytes(300))
        next(events)
        last = record_of(session)["photos"][-1]
        assert daemon.stop() == 0

    assert seen == [{f"{number}.DNG" for number in range(upto)} for upto in range(1, 5)]
    assert (last["rawFilename"], last["backgroundExportFailed"]) == ("broken.NEF", True)


@pytest.mark.parametrize("how", ["atomic", "in-place"])
def test_a_program_that_writes_the_record_all_the_time_loses_nothing_and_breaks_nothing(
    tmp_path: Path, session: Path, how: str
) -> None:
    with running(tmp_path, "--session", str(session)) as daemon:
        daemon.wait_for("session_found")
        began = time.monotonic()
        with foreign_program(session, tmp_path, how):
            names = drop_many(session, PHOTOS)
            daemon.wait_for_all("item_developed", PHOTOS)
        # The program may have put back what it had read before; that is noticed a little later.
        deadline = time.monotonic() + PATIENCE_SECONDS
        while completed(record_of(session)) != names and time.monotonic() < deadline:
            daemon.wait_for("session_record_written")
        seconds = time.monotonic() - began
        assert daemon.stop() == 0

    record = record_of(session)
    assert completed(record) == names
    assert record["guest"] == "Ada"
    assert [entry["mood"] for entry in record["photos"] if "mood" in entry] == ["good"]
    assert len(record["photos"]) == PHOTOS + 1
    assert not list(session.glob("*.bak*"))
    assert writes(daemon) <= 4 * (seconds + 2) + 2
