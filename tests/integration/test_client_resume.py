"""Streams of the clients that break off in earnest: nothing is lost, and nothing is told twice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import pytest

from api_server import PATIENCE_SECONDS, serving
from darkroom import Client
from darkroom.aio import AsyncClient
from darkroom.client import EventStream
from darkroom.errors import ConsumerTooSlow
from make import make_dng
from running import running

PHOTOS = 400
"""More events than a watcher may be behind, together with what the system holds of its socket."""


@pytest.fixture
def folder() -> Iterator[Path]:
    # The test's own folder has a name that may be too long for a socket.
    with TemporaryDirectory(prefix="dr-") as name:
        yield Path(name).resolve()


@pytest.mark.anyio
async def test_a_slow_reader_is_told_everything_once_and_in_order(folder: Path) -> None:
    names = [f"{number:03}.NEF" for number in range(PHOTOS)]
    told: list[str] = []
    too_slow = 0

    with anyio.fail_after(PATIENCE_SECONDS):
        async with serving(folder) as daemon, AsyncClient(daemon.path) as client:
            raw = client.stream("Watch")
            async with client.watch(progress_interval_usec=0) as events:
                assert (await anext(events)).kind == "ready"
                await anext(raw)
                session = await daemon.add_session()
                for name in names:
                    await daemon.add_photo(session, name)
                while len(told) < PHOTOS:
                    event = await anext(events)
                    if event.kind == "photo.added" and event.photo is not None:
                        told.append((event.photo.original.path or "").rpartition("/")[2])
            try:
                async for _ in raw:
                    continue
            except ConsumerTooSlow:
                too_slow += 1

    assert told == names
    assert too_slow == 1


def developed(events: EventStream, count: int) -> list[str]:
    """Return the names of the next photos that are developed."""
    names: list[str] = []
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(names) < count:
        event = events.next_within(deadline - time.monotonic())
        assert event is not None, names
        if event.photo is not None and event.photo.state == "developed":
            names.append((event.photo.original.path or "").rpartition("/")[2])
    return names


def test_a_watcher_is_told_of_every_photo_however_often_the_daemon_is_killed(folder: Path) -> None:
    raw = folder / "party" / "Raw"
    raw.mkdir(parents=True)
    told: list[str] = []

    with Client(folder / "d.sock") as client, client.watch(patience=PATIENCE_SECONDS) as events:
        for life in range(3):
            with ExitStack() as lives:
                daemon = lives.enter_context(running(folder, "--session", str(raw.parent)))
                make_dng(folder / "coming").rename(raw / f"{life}.DNG")
                told += developed(events, 1)
                # What comes now may be half done when the daemon dies.
                make_dng(folder / "coming").rename(raw / f"{life}-later.DNG")
                daemon.wait_for("item_started")
                daemon.kill()
        with running(folder, "--session", str(raw.parent)):
            told += developed(events, 3)

    assert sorted(told) == sorted(f"{life}{later}.DNG" for life in range(3) for later in ("", "-later"))
