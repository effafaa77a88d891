"""The real daemon with two worker processes, beside the same daemon with one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from make import make_dng
from running import QUICK, Daemon, running

pytestmark = pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="there is a single core")

SIZES = [1_600, 96, 900, 96, 1_200, 96]
"""Widths of the photos: large ones first, so that small ones are developed before them."""


@dataclass(frozen=True)
class Round:
    """What one daemon made of the photos, and how."""

    started: list[int]
    developed: list[int]
    pictures: dict[str, bytes]
    workers: set[int]


def develop_all(folder: Path, *, workers: int) -> Round:
    session = folder / "session"
    (session / "Raw").mkdir(parents=True)
    for number, width in enumerate(SIZES):
        make_dng(session / "Raw" / f"{number}.DNG", width=width, height=width * 2 // 3)
    config = f"workers = {workers}\n{QUICK}"
    with running(folder, "--session", str(session), config=config) as daemon:
        developed = items_of(daemon, "item_developed", len(SIZES))
        daemon.stop()
    started = [line["item"] for line in daemon.lines if line.get("event") == "item_started"]
    stages = [line["worker"] for line in daemon.lines if line.get("event") == "stage_entered"]
    pictures = {path.name: path.read_bytes() for path in (session / "Jpg").iterdir()}
    return Round(started, developed, pictures, set(stages))


def items_of(daemon: Daemon, event: str, count: int) -> list[int]:
    return [line["item"] for line in daemon.wait_for_all(event, count)]


def test_two_workers_make_the_same_files_in_the_same_order(tmp_path: Path) -> None:
    one = develop_all(tmp_path / "one", workers=1)

    two = develop_all(tmp_path / "two", workers=2)

    assert (len(one.workers), len(two.workers)) == (1, 2)
    assert two.started == two.developed
    assert two.pictures == one.pictures
