from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

COMMAND = (sys.executable, "-m", "darkroomd", "demo")
PATIENCE_SECONDS = 60


@pytest.fixture
def folder() -> Iterator[Path]:
    # The test's own folder has a name that may be too long for a socket.
    with TemporaryDirectory(prefix="dr-") as name:
        yield Path(name)


def environment(folder: Path) -> dict[str, str]:
    """Return an environment in which nothing but the demo's own folder can be written."""
    return {
        "TMPDIR": str(folder),
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "PYTHONUNBUFFERED": "1",
    }


def is_running(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_the_demo_develops_three_photos_and_leaves_nothing_running(folder: Path) -> None:
    ended = subprocess.run(
        COMMAND,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )

    (made,) = folder.iterdir()
    jpegs = sorted((made / "Party" / "Jpg").iterdir())
    assert (ended.returncode, ended.stderr) == (0, "")
    assert [jpeg.name for jpeg in jpegs] == ["chart.jpg", "gradient.jpg", "rotated.jpg"]
    assert [jpeg.read_bytes()[:3] for jpeg in jpegs] == [b"\xff\xd8\xff"] * 3
    assert [str(jpeg) in ended.stdout for jpeg in jpegs] == [True] * 3
    assert f"rm -r {made}" in ended.stdout
    assert "--root DIR" in ended.stdout
    assert not is_running(daemon_of(ended.stdout))
    assert not (made / "darkroomd.sock").exists()


def test_ctrl_c_ends_the_demo_and_its_daemon(folder: Path) -> None:
    with subprocess.Popen(
        COMMAND, env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        told = "".join(next(process.stdout) for _ in range(2))
        process.send_signal(signal.SIGINT)
        rest, complaints = process.communicate(timeout=PATIENCE_SECONDS)

    assert (process.returncode, complaints) == (1, "Interrupted. The daemon was stopped.\n")
    assert "rm -r " in rest
    assert not is_running(daemon_of(told))


def test_a_demo_whose_reader_goes_away_leaves_nothing_running(folder: Path) -> None:
    with subprocess.Popen(
        COMMAND, env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        told = "".join(next(process.stdout) for _ in range(2))
        process.stdout.close()
        assert process.stderr is not None
        complaints = process.stderr.read()

    assert process.returncode == 0
    assert "Traceback" not in complaints
    assert not is_running(daemon_of(told))


def test_a_demo_that_cannot_work_says_so(folder: Path) -> None:
    too_deep = folder / ("d" * 100)
    too_deep.mkdir()

    ended = subprocess.run(
        COMMAND,
        env=environment(too_deep),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )

    assert ended.returncode == 1
    assert ended.stderr.startswith("The demo failed: The socket path")
    shutil.rmtree(too_deep)


def daemon_of(told: str) -> int:
    found = re.search(r"runs as process (\d+)", told)
    assert found is not None
    return int(found[1])
