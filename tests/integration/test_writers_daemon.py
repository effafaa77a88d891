"""Whatever way a RAW file is written, its JPEG is of the whole file."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

import writers
from forked import running
from make import make_dng
from running import QUICK, Daemon

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux tells who has a file open for writing"
)

# Long enough that a writer on a busy machine comes back within it, and shorter than a stall.
CONFIG = QUICK.replace("quiet_seconds = 0.05", "quiet_seconds = 0.3")


@dataclass(frozen=True)
class Life:
    """What became of one writer's file.

    Attributes:
        whole: its JPEG is that of the whole RAW file.
        detected: how often it was taken for a new or changed file.
        developed: how often it was developed.
        failed: whether its development ever failed.
    """

    whole: bool
    detected: int
    developed: int
    failed: bool


def follow(daemon: Daemon, session: Path, expected: bytes) -> dict[str, Life]:
    """Read the log until every writer's JPEG is whole."""
    outputs = {name: session / "Jpg" / f"{name}.jpg" for name in writers.WRITERS}
    waited_for = set(outputs)
    while waited_for:
        daemon.wait_for("item_developed")
        waited_for -= {
            name for name in waited_for if outputs[name].exists() and outputs[name].read_bytes() == expected
        }
    while sum(line.get("event") == "raw_unchanged" for line in daemon.lines) < len(writers.SAME):
        assert daemon.next_line() is not None
    return {name: life_of(daemon, session, name, expected) for name in outputs}


def life_of(daemon: Daemon, session: Path, name: str, expected: bytes) -> Life:
    raw, output = str(session / "Raw" / f"{name}.dng"), session / "Jpg" / f"{name}.jpg"

    def count(event: str, key: str, value: str) -> int:
        return sum(line.get("event") == event and line.get(key) == value for line in daemon.lines)

    return Life(
        whole=output.read_bytes() == expected,
        detected=count("photo_detected", "raw", raw),
        developed=count("item_developed", "output", str(output)),
        failed=count("item_failed", "raw", raw) > 0,
    )


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Life]:
    folder = tmp_path_factory.mktemp("writers")
    session = folder / "party"
    (session / "Raw").mkdir(parents=True)
    source = make_dng(folder / "source.bin")
    with running(folder, "--session", str(session), config=CONFIG) as daemon:
        daemon.wait_for("session_found")
        (session / "Raw" / "first.dng").write_bytes(source.read_bytes())
        daemon.wait_for("item_developed")
        expected = (session / "Jpg" / "first.jpg").read_bytes()
        with subprocess.Popen([sys.executable, writers.__file__, source, session / "Raw"]) as process:
            # The log has to be read meanwhile, or the daemon waits for whoever does.
            found = follow(daemon, session, expected)
        assert process.returncode == 0
        assert daemon.stop() == 0
    return found


@pytest.mark.parametrize("name", sorted(writers.WRITERS.keys() - writers.HASTY - writers.SAME))
def test_a_file_is_developed_once_and_whole(lives: Mapping[str, Life], name: str) -> None:
    assert lives[name] == Life(whole=True, detected=1, developed=1, failed=False)


@pytest.mark.parametrize("name", sorted(writers.HASTY))
def test_a_file_that_seemed_complete_too_early_is_whole_in_the_end(
    lives: Mapping[str, Life], name: str
) -> None:
    assert lives[name].whole


@pytest.mark.parametrize("name", sorted(writers.SAME))
def test_the_same_file_written_again_is_the_same_photo(lives: Mapping[str, Life], name: str) -> None:
    assert lives[name] == Life(whole=True, detected=2, developed=1, failed=False)
