"""What the next photo needs is ready before its turn."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from darkroom.client import Client
from darkroom.protocol.types import Priority
from darkroomd.core.model import CorrelationId, JobKind, SessionId
from darkroomd.files.read_ahead import read_ahead
from darkroomd.store.arrivals import NewJob
from darkroomd.store.line import Line
from darkroomd.store.store import Store, open_store
from make import make_arrival, make_dng
from running import PATIENCE_SECONDS, running

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel what is in memory")
NOW = 1_700_000_000_000_000
SESSION = SessionId("s")


def is_in_memory(path: Path) -> bool:
    """Tell whether all of a file can be read without waiting for a disk."""
    with path.open("rb", buffering=0) as file:
        content = bytearray(path.stat().st_size)
        try:
            return os.preadv(file.fileno(), [content], 0, os.RWF_NOWAIT) == len(content)
        except BlockingIOError:
            return False


def forgotten(path: Path) -> Path:
    """Have the kernel drop a file from memory, if its file system can."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return path


@LINUX
def test_a_file_that_was_read_ahead_comes_into_memory(tmp_path: Path) -> None:
    source = tmp_path / "a.dng"
    # More than any disk reads ahead at once.
    source.write_bytes(bytes(48 << 20))
    forgotten(source)

    read_ahead(source)

    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_in_memory(source):
        assert time.monotonic() < deadline


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_what_is_no_file_is_left_alone(tmp_path: Path, kind: str) -> None:
    {"folder": os.mkdir, "pipe": os.mkfifo}[kind](tmp_path / "a")

    read_ahead(tmp_path / "a")


@pytest.mark.parametrize("name", ["gone", "link"])
def test_what_is_gone_or_a_link_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "link").symlink_to(make_dng(tmp_path / "a.dng"))

    with pytest.raises(OSError, match=name):
        read_ahead(tmp_path / name)


async def queue_photos(store: Store, folder: Path, names: list[str]) -> None:
    await store.add_session(folder, name="s", session_id=SESSION, now_usec=NOW)
    arrivals = [make_arrival(name, session_id=SESSION) for name in names]
    job = NewJob(JobKind.BACKFILL, SESSION, "found", CorrelationId("c"))
    await store.arrive_many(arrivals, job=job, recipe="jpg", now_usec=NOW)


@pytest.mark.anyio
async def test_the_next_in_line_is_the_one_that_is_claimed_next(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(b"/\xff odd"))
    async with open_store(tmp_path / "queue.db", lambda _happening: None) as store:
        line = Line(store.front)
        assert await line.next_raw(least_priority=Priority.LOW) is None
        await queue_photos(store, folder, ["1.dng", "2.dng"])

        for name in ("1.dng", "2.dng"):
            foreseen = await line.next_raw(least_priority=Priority.LOW)
            claim = await store.claim(
                boot="b", least_priority=Priority.LOW, waiting_sessions=(), now_usec=NOW
            )
            assert claim is not None
            assert foreseen == claim.photo.raw == folder / "Raw" / name

        assert await line.next_raw(least_priority=Priority.LOW) is None


@pytest.fixture
def session(tmp_path: Path) -> Path:
    folder = tmp_path / "wedding"
    (folder / "Raw").mkdir(parents=True)
    return folder


def test_a_worker_is_started_while_the_photo_still_arrives(tmp_path: Path, session: Path) -> None:
    source = make_dng(tmp_path / "a.dng").read_bytes()
    with running(tmp_path, "--session", str(session)) as daemon:
        daemon.wait_for("session_found")
        with (session / "Raw" / "IMG_1.DNG").open("wb", buffering=0) as upload:
            upload.write(source[:2_000])
            started = daemon.wait_for("worker_started")
            upload.write(source[2_000:])
        daemon.wait_for("item_developed")
        events = [line.get("event") for line in daemon.lines]

    assert started["pid"] > 0
    assert events.index("worker_started") < events.index("photo_settled")
    assert events.count("worker_started") == 1


def test_no_worker_is_started_while_nothing_may_be_developed(tmp_path: Path, session: Path) -> None:
    with running(tmp_path, "--session", str(session)) as daemon:
        daemon.wait_for("session_found")
        with Client(daemon.socket) as client:
            client.pause_queue()
        make_dng(session / "Raw" / "IMG_1.DNG")
        daemon.wait_for("photo_settled")
        daemon.stop()

    assert "worker_started" not in [line.get("event") for line in daemon.lines]


def test_the_next_photo_is_read_while_another_is_developed(tmp_path: Path, session: Path) -> None:
    for number in range(3):
        make_dng(session / "Raw" / f"IMG_{number}.DNG")

    with running(tmp_path, "--session", str(session)) as daemon:
        daemon.wait_for_all("item_developed", 3)
        read = [line["raw"] for line in daemon.lines if line.get("event") == "read_ahead"]

    assert set(read) <= {str(session / "Raw" / f"IMG_{number}.DNG") for number in (1, 2)}
    assert read
