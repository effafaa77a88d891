"""Open files that come with a reply."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

import msgspec
import pytest

import sent
from darkroom import Client
from darkroom.errors import NoSuchOutput, ProtocolViolation
from scripted import LONGEST_WAIT_SECONDS, Peer, Script, ScriptedDaemon


@pytest.fixture
def folder() -> Iterator[Path]:
    # The test's own folder has a name that may be too long for a socket.
    with TemporaryDirectory(prefix="dr-") as name:
        (Path(name) / "a.jpg").write_bytes(b"picture")
        (Path(name) / "b.jpg").write_bytes(b"another")
        yield Path(name)


def handing_out(*paths: Path, index: int = 0, done: Event | None = None) -> Script:
    def script(peer: Peer) -> None:
        assert peer.call()["parameters"] == {"outputId": "o1"}
        reply = {"parameters": {"fileDescriptor": index, "output": msgspec.to_builtins(sent.output())}}
        numbers = [os.open(path, os.O_RDONLY) for path in paths]
        try:
            peer.say_with_files(json.dumps(reply).encode() + b"\0", numbers)
        finally:
            for number in numbers:
                os.close(number)
        (done or Event()).set()
        peer.wait_for_the_end()

    return script


def open_files(folder: Path) -> list[str]:
    """Return which files below a folder this process has open."""
    found = []
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            found.append(link.readlink())
    return sorted(path.name for path in found if path.parent == folder)


def test_an_output_is_returned_as_an_open_file(folder: Path) -> None:
    scripts = [handing_out(folder / "a.jpg")]

    with (
        ScriptedDaemon(folder / "s", scripts),
        Client(folder / "s") as client,
        client.open_output("o1") as file,
    ):
        inherited = os.get_inheritable(file.fileno())
        content = file.read()

    assert (content, inherited) == (b"picture", False)


def test_the_index_says_which_file_it_is_and_the_others_are_closed(folder: Path) -> None:
    done = Event()
    scripts = [handing_out(folder / "a.jpg", folder / "b.jpg", index=1, done=done)]

    with (
        ScriptedDaemon(folder / "s", scripts),
        Client(folder / "s") as client,
        client.open_output("o1") as file,
    ):
        content = file.read()
        assert done.wait(LONGEST_WAIT_SECONDS)
        names = open_files(folder)

    assert (content, names) == (b"another", ["b.jpg"])


@pytest.mark.parametrize(
    ("names", "index"),
    [
        pytest.param([], 0, id="none-came"),
        pytest.param(["a.jpg"], 1, id="behind-the-last"),
        pytest.param(["a.jpg"], -1, id="before-the-first"),
        pytest.param(["."], 0, id="a-folder"),
    ],
)
def test_a_reply_without_its_file_is_an_error(folder: Path, names: list[str], index: int) -> None:
    scripts = [handing_out(*(folder / name for name in names), index=index)]

    with (
        ScriptedDaemon(folder / "s", scripts),
        Client(folder / "s") as client,
        pytest.raises(ProtocolViolation, match="file"),
    ):
        client.open_output("o1")


def test_an_output_that_is_gone_is_an_error(folder: Path) -> None:
    def script(peer: Peer) -> None:
        peer.call()
        peer.refuse("io.darkroomd.Darkroom.NoSuchOutput", {"outputId": "o1"})

    with (
        ScriptedDaemon(folder / "s", [script]),
        Client(folder / "s") as client,
        pytest.raises(NoSuchOutput, match="o1"),
    ):
        client.open_output("o1")


def test_files_that_nobody_asked_for_are_let_go(folder: Path) -> None:
    done = Event()

    def script(peer: Peer) -> None:
        peer.call()
        with (folder / "a.jpg").open("rb") as file:
            reply = {"parameters": {"queue": msgspec.to_builtins(sent.queue())}}
            peer.say_with_files(json.dumps(reply).encode() + b"\0", [file.fileno()])
        done.set()
        peer.wait_for_the_end()

    with ScriptedDaemon(folder / "s", [script]), Client(folder / "s") as client:
        queue = client.get_queue()
        assert done.wait(LONGEST_WAIT_SECONDS)
        names = open_files(folder)

    assert queue == sent.queue()
    assert names == []
