from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from darkroomd.logs import LogFormat, LogSink, configure


@pytest.fixture(autouse=True)
def fresh_structlog() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_a_line_is_one_json_object_whatever_the_name(tmp_path: Path) -> None:
    path = tmp_path / "log"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    configure(LogFormat.JSON, "info", descriptor=descriptor)

    structlog.get_logger().info("photo_detected", raw="a\udcff\nb\u00e9.NEF")
    structlog.get_logger().debug("file_ignored")
    os.close(descriptor)

    lines = path.read_bytes().splitlines()
    assert [json.loads(line)["raw"] for line in lines] == ["a\udcff\nb\u00e9.NEF"]


def test_a_line_that_cannot_be_written_is_counted_and_stops_nothing() -> None:
    descriptor = os.open("/dev/full", os.O_WRONLY)
    sink = LogSink(descriptor)

    sink.info("x" * 100)
    os.close(descriptor)

    assert sink.lost_lines == 1
