"""The log of a real daemon and its workers: for the journal, through jq as documented, and read by nobody."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from darkroom.client import Client
from darkroom.errors import DarkroomError
from make import make_dng
from running import arguments

PATIENCE_SECONDS = 60.0
PAGE = Path(__file__).parents[2] / "docs" / "logs.md"
MARK = re.compile(r"^<([0-7])>(.*)$")

PRIORITIES = {"debug": "7", "info": "6", "warning": "4", "error": "3", "critical": "2"}


@pytest.fixture
def session(tmp_path: Path) -> Path:
    folder = tmp_path / "wedding"
    (folder / "Raw").mkdir(parents=True)
    return folder


@contextmanager
def logging_to(descriptor: int, folder: Path, session: Path, **more: str) -> Iterator[Client]:
    """Run a daemon whose standard error is this descriptor, and end it with SIGTERM."""
    command = [sys.executable, "-m", "darkroomd", *arguments(folder, "--session", str(session))]
    environment = {**os.environ, **more}
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=descriptor, env=environment)
    try:
        with Client(folder / "d.sock") as client:
            until_ready(client)
            yield client
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 0
    finally:
        process.kill()
        process.wait(PATIENCE_SECONDS)


def until_ready(client: Client) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            client.get_summary()
        except DarkroomError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return


def develop(client: Client, session: Path, name: str) -> None:
    """Have a photo arrive, and wait until its JPEG is there."""
    make_dng(session / "Raw" / name)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not any(photo.state == "developed" for photo in photos_named(client, name)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def photos_named(client: Client, name: str) -> list[Any]:
    return [
        photo
        for session in client.list_sessions()
        for photo in client.list_photos(session.id)
        if photo.original.path.endswith(name)
    ]


def test_the_journal_gets_priorities_and_its_queries_follow_a_photo(tmp_path: Path, session: Path) -> None:
    journal = tmp_path / "journal"
    with journal.open("ab") as file:
        found = os.fstat(file.fileno())
        stream = f"{found.st_dev}:{found.st_ino}"
        with logging_to(file.fileno(), tmp_path, session, JOURNAL_STREAM=stream) as client:
            develop(client, session, "A.DNG")

    marked = [MARK.match(line) for line in journal.read_text().splitlines()]
    lines = [json.loads(mark[2]) for mark in marked if mark is not None]
    assert len(lines) == len(marked)
    assert [mark[1] for mark in marked if mark is not None] == [PRIORITIES[line["level"]] for line in lines]
    assert any("worker" in line for line in lines)
    [story] = {line["correlation_id"] for line in lines if line["event"] == "item_developed"}
    assert story_by_jq(lines, story) == [
        line["event"] for line in lines if line.get("correlation_id") == story
    ]


def story_by_jq(lines: list[dict[str, Any]], story: str) -> list[str]:
    """Return the events that the documented query finds in what the journal has."""
    jq = shutil.which("jq")
    if jq is None:
        pytest.skip("there is no jq")
    queries = re.findall(r"jq -Rr '([^']*correlation_id[^']*)'", PAGE.read_text(encoding="utf-8"))
    query = queries[0].replace("4f0c", story)
    journal = "\n".join([*map(json.dumps, lines), "Fatal Python error: not JSON"])
    told = subprocess.run([jq, "-Rr", query], input=journal, capture_output=True, text=True, check=True)
    return [line.split("\t")[2] for line in told.stdout.splitlines()]


@pytest.mark.skipif(not hasattr(fcntl, "F_SETPIPE_SZ"), reason="pipes have one size here")
def test_a_reader_of_the_log_that_has_stopped_reading_stops_nothing(tmp_path: Path, session: Path) -> None:
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    received: list[bytes] = []

    def read_all() -> None:
        while chunk := os.read(reading, 1 << 16):
            received.append(chunk)

    reader = threading.Thread(target=read_all)
    with logging_to(writing, tmp_path, session) as client:
        develop(client, session, "A.DNG")
        develop(client, session, "B.DNG")
        os.close(writing)
        reader.start()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while b"".join(received).count(b'"event":"item_developed"') < 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    reader.join(PATIENCE_SECONDS)
    os.close(reading)

    events = [json.loads(line)["event"] for line in b"".join(received).splitlines()]
    assert events.count("item_developed") == 2
    assert events[-1] == "stopped"
    assert "log_lines_lost" not in events


def test_the_page_names_only_events_that_there_are() -> None:
    daemon = Path(__file__).parents[2] / "daemon"
    source = "\n".join(path.read_text(encoding="utf-8") for path in daemon.rglob("*.py"))
    named = re.findall(r"^\| `([a-z_]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)

    assert len(named) > 20
    assert [event for event in named if f'"{event}"' not in source] == []
