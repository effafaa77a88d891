"""Log lines at their file descriptor: files, full disks, pipes that nobody reads, and the journal."""

from __future__ import annotations

import fcntl
import json
import os
import pty
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
import structlog

from darkroomd.logs import Levels, LogFormat, LogSink, configure
from darkroomd.logs.minder import LogMinder
from darkroomd.logs.sink import MOST_HELD_BYTES

PATIENCE_SECONDS = 30.0


@pytest.fixture(autouse=True)
def fresh_structlog() -> Iterator[None]:
    yield
    structlog.reset_defaults()


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)
    os.close(writing)


def said(lost: int) -> str:
    return f"lost {lost}"


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    shown, its = pty.openpty()
    yield shown, its
    os.close(shown)
    os.close(its)


def drained(reading: int) -> bytes:
    """Return all that is in a pipe at this moment."""
    os.set_blocking(reading, False)
    found = b""
    try:
        while chunk := os.read(reading, 1 << 20):
            found += chunk
    except BlockingIOError:
        return found
    return found


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_a_line_is_one_json_object_whatever_the_name(tmp_path: Path) -> None:
    path = tmp_path / "log"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    configure(LogFormat.JSON, Levels(), descriptor=descriptor)

    structlog.get_logger().info("photo_detected", raw="a\udcff\nb\u00e9\x85.NEF")
    structlog.get_logger().debug("file_ignored")
    os.close(descriptor)

    assert [line["raw"] for line in read_lines(path)] == ["a\udcff\nb\u00e9\x85.NEF"]


def test_a_line_that_cannot_be_written_is_counted_and_stops_nothing() -> None:
    descriptor = os.open("/dev/full", os.O_WRONLY)
    sink = LogSink(descriptor, tell_loss=said)

    sink.write("x" * 100)
    sink.write("y")
    os.close(descriptor)

    assert sink.lost_lines == 2


@pytest.mark.skipif(not hasattr(fcntl, "F_SETPIPE_SZ"), reason="The size of a pipe cannot be set.")
def test_a_loss_is_told_of_also_where_the_last_line_held_fills_the_pipe(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    size = fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    sink = LogSink(writing, tell_loss=said)
    for _ in range(MOST_HELD_BYTES // size + 9):
        sink.write("x" * (size - 1))
    received = b""

    while not sink.flush():
        received += drained(reading)

    assert (received + drained(reading)).decode().splitlines()[-1] == f"lost {sink.lost_lines}"


def test_a_pipe_that_nobody_reads_holds_nobody_up(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    sink = LogSink(writing, tell_loss=said)
    lines = [f"{number}:".ljust(1000, "x") for number in range(3 * MOST_HELD_BYTES // 1000)]

    for line in lines:
        sink.write(line)
    received = b""
    while not sink.flush():
        received += drained(reading)
    received += drained(reading)
    sink.write("after")

    *told, last = received.decode().splitlines()
    assert told == lines[: len(told)]
    assert last == f"lost {len(lines) - len(told)}"
    assert drained(reading) == b"after\n"


def test_a_terminal_that_shows_nothing_any_more_holds_nobody_up(terminal: tuple[int, int]) -> None:
    shown, its = terminal
    sink = LogSink(its, tell_loss=said)
    lines = [f"{number}:".ljust(997, "x") for number in range(100)]

    for line in lines:
        sink.write(line)
    held = sink.is_holding
    received = b""
    while not sink.flush():
        received += os.read(shown, 1 << 20)
    while received.count(b"\n") < len(lines):
        received += os.read(shown, 1 << 20)
    os.close(sink.descriptor)

    assert held
    assert received.decode().splitlines() == lines


@pytest.mark.anyio
async def test_what_was_held_is_written_as_soon_as_somebody_reads(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    log = configure(LogFormat.JSON, Levels(), descriptor=writing)
    count = 100

    async with anyio.create_task_group() as group:
        await group.start(LogMinder(log).run)
        for number in range(count):
            structlog.get_logger().info("photo_detected", raw="x" * 2000, number=number)
        held = log.sink.is_holding
        received = drained(reading)
        with anyio.fail_after(PATIENCE_SECONDS):
            while log.sink.is_holding:
                await anyio.wait_readable(reading)
                received += drained(reading)
        received += drained(reading)
        group.cancel_scope.cancel()

    assert held
    assert [json.loads(line)["number"] for line in received.splitlines()] == list(range(count))


def test_a_line_that_was_cut_short_by_a_full_disk_spoils_no_other(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    sink = LogSink(writing, tell_loss=said)

    sink._is_torn = True
    sink.write("whole")

    assert drained(reading) == b"\nwhole\n"


@pytest.mark.parametrize(
    ("log_format", "level", "mark"),
    [
        pytest.param(LogFormat.JSON, "info", "<6>{", id="info"),
        pytest.param(LogFormat.JSON, "error", "<3>{", id="error"),
        pytest.param(LogFormat.CONSOLE, "warning", "<4>", id="for-people"),
    ],
)
def test_lines_for_the_journal_begin_with_their_priority(
    tmp_path: Path, log_format: LogFormat, level: str, mark: str
) -> None:
    path = tmp_path / "journal"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    found = os.fstat(descriptor)
    stream = f"{found.st_dev}:{found.st_ino}"
    configure(log_format, Levels(), descriptor=descriptor, environment={"JOURNAL_STREAM": stream})

    getattr(structlog.get_logger(), level)("photo_detected")
    os.close(descriptor)

    assert path.read_text().startswith(mark)


@pytest.mark.parametrize("stream", ["", "1:2", "1", "x:y", "99999999999999999999:1"])
def test_elsewhere_they_do_not(tmp_path: Path, stream: str) -> None:
    path = tmp_path / "file"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    configure(LogFormat.JSON, Levels(), descriptor=descriptor, environment={"JOURNAL_STREAM": stream})

    structlog.get_logger().info("photo_detected")
    os.close(descriptor)

    assert path.read_text().startswith("{")


def test_no_local_variable_of_a_bug_is_written(tmp_path: Path) -> None:
    path = tmp_path / "log"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    configure(LogFormat.JSON, Levels(), descriptor=descriptor)
    secret = "hunter" + str(2)

    try:
        int(f"{secret[0]}!")
    except ValueError:
        structlog.get_logger().exception("call_failed")
    os.close(descriptor)

    assert "call_failed" in path.read_text()
    assert "hunter2" not in path.read_text()
