"""Programs that wait for their photos, with the real daemon."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import pytest

from darkroom import Client
from darkroom.aio import AsyncClient
from darkroom.client.paths import exact_path
from darkroom.errors import DevelopmentFailed, NoSuchOutput, TimedOut
from darkroom.protocol.types import Photo
from forked import running
from make import make_dng
from running import PATIENCE_SECONDS, Daemon

PATIENCE_USEC = int(PATIENCE_SECONDS * 1_000_000)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    # A folder of the tests' own has a name that may be too long for a socket.
    with TemporaryDirectory(prefix="dr-") as name:
        yield Path(name).resolve()


@pytest.fixture
def other() -> Iterator[Path]:
    with TemporaryDirectory(prefix="dr-") as name:
        yield Path(name).resolve()


@pytest.fixture(scope="module")
def daemon(folder: Path) -> Iterator[Daemon]:
    (folder / "party" / "Raw").mkdir(parents=True)
    with running(folder, "--session", str(folder / "party")) as daemon:
        daemon.wait_for("session_found")
        yield daemon


@pytest.fixture
def client(daemon: Daemon) -> Iterator[Client]:
    with Client(daemon.socket) as client:
        yield client


def drop(folder: Path, name: str, *, content: bytes | None = None) -> Path:
    """Let a whole file come in one go."""
    source = folder / "coming"
    make_dng(source)
    source.write_bytes(source.read_bytes() if content is None else content)
    return source.rename(folder / "party" / "Raw" / name)


def wait(client: Client, path: str | Path) -> Photo:
    return client.wait_until_developed(path, timeout_usec=PATIENCE_USEC)


@pytest.mark.parametrize("name", ["A.DNG", os.fsdecode(b"\xff\n b.dng")], ids=["plain", "odd"])
def test_a_photo_is_waited_for_and_its_output_can_be_opened(folder: Path, client: Client, name: str) -> None:
    raw = drop(folder, name)

    arrived = wait(client, raw)
    again = wait(client, raw)

    with client.open_output(arrived.outputs[0].id) as file:
        content = file.read()
    assert exact_path(arrived.original) == str(raw)
    assert content == Path(exact_path(arrived.outputs[0].file)).read_bytes()
    assert again == arrived


def test_a_photo_is_found_by_every_way_to_its_folder(
    folder: Path, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(folder, "B.DNG")
    (folder / "link").symlink_to(folder / "party" / "Raw")
    monkeypatch.chdir(folder / "party")

    photos = {
        wait(client, path).id for path in ("Raw/B.DNG", "../link/B.DNG", str(folder / "link" / "B.DNG"))
    }

    assert len(photos) == 1


def test_a_photo_that_cannot_be_developed_says_why(folder: Path, client: Client) -> None:
    whole = make_dng(folder / "whole").read_bytes()
    raw = drop(folder, "C.DNG", content=whole[: len(whole) // 2])

    with pytest.raises(DevelopmentFailed, match=r"\.$") as raised:
        wait(client, raw)

    assert raised.value.context == {"path": str(raw), "failure": "raw.truncated"}


def test_a_photo_that_was_discarded_is_not_waited_for(folder: Path, client: Client) -> None:
    client.pause_queue()
    with client.watch(kinds=["photo.added"]) as events:
        assert next(events).kind == "ready"
        raw = drop(folder, "D.DNG")
        added = next(event.photo for event in events if event.photo)
    client.set_discarded([added.id], discarded=True)
    client.resume_queue()

    with pytest.raises(DevelopmentFailed, match="discarded"):
        wait(client, raw)


@pytest.mark.parametrize("path", ["/nowhere/Raw/E.DNG", "{folder}/party/Raw/E.DNG", "", "\0"])
def test_a_photo_that_does_not_come_is_not_waited_for_for_ever(
    folder: Path, client: Client, path: str
) -> None:
    with pytest.raises(TimedOut):
        client.wait_until_developed(path.format(folder=folder), timeout_usec=50_000)


def test_a_stream_can_be_asked_without_waiting_for_long(folder: Path, client: Client) -> None:
    with client.watch(kinds=["photo.changed"]) as events:
        first = events.next_within(PATIENCE_SECONDS)
        began = time.monotonic()
        nothing = [events.next_within(0), events.next_within(-1), events.next_within(0.05)]
        seconds = time.monotonic() - began
        wait(client, drop(folder, "F.DNG"))
        told = events.next_within(0)

    assert first is not None
    assert nothing == [None, None, None]
    assert 0.05 <= seconds < PATIENCE_SECONDS
    assert told is not None
    assert told.kind == "photo.changed"


def test_a_summary_is_told_upon_each_change(client: Client) -> None:
    with closing(client.watch_summary(interval_usec=1000)) as summaries:
        before = next(summaries)
        client.pause_queue(reason="dinner")
        paused = next(summary for summary in summaries if summary.queue.paused)
    client.resume_queue()

    assert (before.queue.paused, paused.queue.paused_reason) == (False, "dinner")


def test_an_output_that_does_not_exist_cannot_be_opened(client: Client) -> None:
    with pytest.raises(NoSuchOutput):
        client.open_output("nobody")


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_many_photos_are_waited_for_before_they_are_there(
    folder: Path, daemon: Daemon, anyio_backend: str
) -> None:
    names = [f"{anyio_backend}{number}.DNG" for number in range(3)]
    states = {}

    with anyio.fail_after(PATIENCE_SECONDS):
        async with AsyncClient(daemon.socket) as client, anyio.create_task_group() as group:

            async def wait_for(name: str) -> None:
                photo = await client.wait_until_developed(folder / "party" / "Raw" / name)
                states[name] = photo.state

            for name in names:
                group.start_soon(wait_for, name)
            await anyio.wait_all_tasks_blocked()
            for name in names:
                drop(folder, name)

    assert states == dict.fromkeys(names, "developed")


@pytest.mark.anyio
async def test_a_photo_is_waited_for_across_a_restart_of_the_daemon(other: Path) -> None:
    folder, raw = other, other / "party" / "Raw" / "A.DNG"
    raw.parent.mkdir(parents=True)
    photos = []

    with ExitStack() as lives:
        first = lives.enter_context(running(folder, "--session", str(raw.parents[1])))
        async with AsyncClient(first.socket) as client, anyio.create_task_group() as group:

            async def wait_for() -> None:
                photos.append(await client.wait_until_developed(raw, timeout_usec=PATIENCE_USEC))

            group.start_soon(wait_for)
            async with client.watch() as events:
                assert (await anext(events)).kind == "ready"
            first.kill()
            lives.enter_context(running(folder, "--session", str(raw.parents[1])))
            drop(folder, "A.DNG")

    assert [exact_path(photo.original) for photo in photos] == [str(raw)]
