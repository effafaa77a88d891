"""Where the system keeps fewer watches or events than the daemon needs, no photo is missed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from darkroom.client import Client
from make import make_dng
from running import Daemon, running

QUEUED_EVENTS: Final = Path("/proc/sys/fs/inotify/max_queued_events")
DROPS: Final = 150

FEW_WATCHES: Final = """
import pathlib, runpy
pathlib.Path("/proc/sys/user/max_inotify_watches").write_text("1")
runpy.run_module("darkroomd", run_name="__main__")
"""
OWN_LIMITS: Final = ("unshare", "--user", "--map-root-user")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the limits are those of Linux")


@pytest.fixture
def session(tmp_path: Path) -> Path:
    folder = tmp_path / "party"
    (folder / "Raw").mkdir(parents=True)
    return folder


@pytest.fixture
def few_events() -> Iterator[Path]:
    """Have queues of events that are made from now on lose nearly all."""
    if not os.access(QUEUED_EVENTS, os.W_OK):
        pytest.skip(f"{QUEUED_EVENTS} may not be written here")
    before = QUEUED_EVENTS.read_text()
    QUEUED_EVENTS.write_text("4")
    yield QUEUED_EVENTS
    QUEUED_EVENTS.write_text(before)


def count_queued(daemon: Daemon, raw: Path) -> Counter[str]:
    """Read the log until as many photos are queued as were dropped."""
    queued: Counter[str] = Counter()
    while len(queued) < DROPS:
        queued[Path(daemon.wait_for("photo_queued")["raw"]).relative_to(raw).name] += 1
    return queued


def test_photos_whose_events_are_lost_are_found_by_the_next_scan(
    tmp_path: Path, session: Path, few_events: Path
) -> None:
    data = make_dng(tmp_path / "source.bin").read_bytes()
    names = [f"IMG_{number:04}.DNG" for number in range(DROPS)]

    with running(tmp_path, "--session", str(session)) as daemon:
        daemon.wait_for("session_found")
        few_events.write_text("16384")
        with Client(daemon.socket) as client:
            client.pause_queue()
        for name in names:
            (session / "Raw" / name).write_bytes(data)
        queued = count_queued(daemon, session / "Raw")
        assert daemon.stop() == 0

    assert queued == Counter(names)


def test_too_few_watches_are_said_and_photos_are_found_all_the_same(tmp_path: Path, session: Path) -> None:
    refusal = subprocess.run([*OWN_LIMITS, "true"], capture_output=True, text=True, check=False).stderr
    if refusal:
        pytest.skip(f"the limit cannot be lowered for one process here: {refusal}")
    command = [*OWN_LIMITS, sys.executable, "-c", FEW_WATCHES]

    with running(tmp_path, "--session", str(session), command=command) as daemon:
        daemon.wait_for("watch_failed")
        make_dng(session / "Raw" / "IMG_1.DNG")
        daemon.wait_for("item_developed")
        with Client(daemon.socket) as client:
            modes = {one.watch_mode for one in client.list_sessions()}
            checks = {check.name: check for check in client.get_health().checks}
        assert daemon.stop() == 0

    assert modes == {"polling"}
    assert not checks["watching"].ok
    assert "max_user_watches" in checks["watching"].message
