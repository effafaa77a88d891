"""`darkroom fetch` and completion in a real shell, against the real daemon."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from darkroom import Client
from darkroom.cli.main import main
from make import make_dng
from running import Daemon, running


@dataclass(frozen=True, slots=True)
class World:
    """A daemon with one developed photo in a session with a space in its name."""

    daemon: Daemon
    jpeg: Path


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    session = folder / "My Party"
    (session / "Raw").mkdir(parents=True)
    raw = make_dng(session / "Raw" / "IMG_1.DNG")
    with running(folder, "--session", str(session)) as daemon:
        with Client(daemon.socket) as client:
            client.wait_until_developed(raw, timeout_usec=30_000_000)
        yield World(daemon, session / "Jpg" / "IMG_1.jpg")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fetch(world: World, *words: str) -> int:
    return main(["--socket", str(world.daemon.socket), "fetch", *words])


@pytest.mark.parametrize(
    ("words", "name"),
    [
        pytest.param(["IMG_1.DNG"], "IMG_1.jpg", id="its-own-name"),
        pytest.param(["IMG_1", "-o", "a.jpg"], "a.jpg", id="another-name"),
        pytest.param(["My Party/IMG_1.DNG", "-o", "folder"], "folder/IMG_1.jpg", id="in-a-folder"),
        pytest.param(["IMG_1.jpg", "--output=old"], "old", id="in-the-place-of-a-file"),
    ],
)
def test_a_jpeg_is_copied_to_where_it_is_wanted(
    world: World, here: Path, *, words: list[str], name: str
) -> None:
    (here / "folder").mkdir()
    (here / "old").write_text("old")

    status = fetch(world, *words)

    assert status == 0
    assert (here / name).read_bytes() == world.jpeg.read_bytes()
    assert list(here.rglob("*.part")) == []


def test_nothing_takes_the_place_of_a_file_unasked(
    world: World, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "IMG_1.jpg").symlink_to("nowhere")

    status = fetch(world, "IMG_1.DNG")

    assert status == 2
    assert "say with -o FILE where to put it" in capsys.readouterr().err


@pytest.mark.parametrize("target", ["nowhere/a.jpg", "/dev/full"])
def test_what_cannot_be_written_is_said_to_be_so(
    world: World, here: Path, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = fetch(world, "IMG_1.DNG", "-o", target)

    assert status == 1
    assert f"{target} cannot be written" in capsys.readouterr().err
    assert list(here.iterdir()) == []


def test_an_output_of_an_unknown_recipe_is_not_there(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    status = fetch(world, "IMG_1.DNG", "--recipe", "jpeg")

    assert status == 5
    assert "Did you mean jpg?" in capsys.readouterr().err


def test_a_jpeg_goes_to_standard_output_as_it_is(world: World) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "darkroom.cli.main", "fetch", "IMG_1", "-o", "-"],
        env={**os.environ, "DARKROOM_SOCKET": str(world.daemon.socket)},
        capture_output=True,
        check=True,
    )

    assert (ended.stdout, ended.stderr) == (world.jpeg.read_bytes(), b"")


_BASH = """
darkroom() { "$PYTHON" -m darkroom.cli.main "$@"; }
source <(darkroom completion bash)
COMP_LINE=$1 COMP_POINT=${#1}
_darkroom darkroom
(( ${#COMPREPLY[@]} )) && printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("line", "words"),
    [
        pytest.param("darkroom stat", ["status", "stats", "state"], id="command"),
        pytest.param("darkroom photos M", ["My\\ Party"], id="session"),
        pytest.param('darkroom photos "My P', ["My Party"], id="session-in-quotes"),
        pytest.param("darkroom fetch I", ["IMG_1.DNG"], id="photo"),
        pytest.param("darkroom --socket /none fetch I", [], id="no-daemon"),
        pytest.param("darkroom session preset My\\ Party viv", ["vivid"], id="preset"),
        pytest.param("darkroom export My\\ Party I", ["IMG_1.DNG"], id="photo-of-a-session"),
        pytest.param("darkroom export My\\ Party --recipe ", ["jpg"], id="recipe"),
        pytest.param("darkroom archive My\\ Party --contents o", ["outputs", "originals"], id="contents"),
    ],
)
def test_bash_completes_what_the_daemon_knows(world: World, line: str, words: list[str]) -> None:
    ended = subprocess.run(
        ["bash", "--norc", "-c", _BASH, "bash", line],  # noqa: S607 - where it stands differs
        env={**os.environ, "DARKROOM_SOCKET": str(world.daemon.socket), "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.stdout.splitlines(), ended.stderr) == (words, "")
