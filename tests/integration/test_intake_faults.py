"""A disk that fills up, turns read-only, or goes away under a session."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import anyio
import pytest
from structlog.testing import capture_logs

from darkroomd.core.model import PhotoState
from darkroomd.core.session_names import session_id
from darkroomd.files.folders import is_folder
from darkroomd.services.disks import Disks
from intake_house import at_work

pytestmark = pytest.mark.anyio

Result = TypeVar("Result")

RAW = b"II*\0" + b"x" * 100


class Failing(Disks):
    """Disks that take folders away in the middle of a look, and do not answer when asked about them."""

    failing = False

    async def do(
        self, place: Path, work: Callable[[], Result], *, patience_seconds: float | None = None
    ) -> Result:
        name = work.func.__name__ if isinstance(work, partial) else ""
        if self.failing and name == "differences":
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        if self.failing and name == is_folder.__name__:
            self.failing = False
            raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        return await super().do(place, work, patience_seconds=patience_seconds)


def mount(*arguments: str) -> str:
    """Return what the system says against it."""
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)  # noqa: S607 - where it stands differs
    return done.stderr


def unmount(folder: Path) -> None:
    subprocess.run(["umount", "--lazy", folder], check=True)  # noqa: S607 - where it stands differs


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A session on a disk of its own, of 64 KiB."""
    folder = tmp_path / "party"
    folder.mkdir()
    refusal = mount("-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder))
    if refusal:
        pytest.skip(f"no disk can be mounted here: {refusal}")
    (folder / "Raw").mkdir()
    yield folder
    unmount(folder)


def fill(disk: Path) -> None:
    """Leave no room for another byte."""
    with (disk / "filler").open("wb", buffering=0) as filler:
        room = os.statvfs(disk)
        filler.write(b"x" * room.f_bavail * room.f_frsize)


async def until_logged(logs: Sequence[Mapping[str, object]], event: str) -> None:
    with anyio.fail_after(20):
        while not any(log["event"] == event for log in logs):  # noqa: ASYNC110 - a log is no event
            await anyio.sleep(0.01)


FEW_WATCHES = """
import pathlib, sys
LIMIT = pathlib.Path("/proc/sys/user/max_inotify_watches")
LIMIT.write_text("1")
import anyio
from intake_house import at_work

async def main(folder):
    sessions = [folder / name for name in ("a", "b", "c")]
    for session in sessions:
        (session / "Raw").mkdir(parents=True)
    async with at_work(folder, sessions=sessions) as house:
        await house.until(lambda: len([one for one in house.told if one.kind == "session.added"]) == 3)
        for number in range(2):
            for session in sessions:
                (session / "Raw" / f"{session.name}{number}.nef").write_bytes(b"x" * 100)
                await house.until_told("photo.added", f"{session.name}{number}.nef")
        LIMIT.write_text("1000")
        for session in sessions:
            await house.until_watched(session)

anyio.run(main, pathlib.Path(sys.argv[1]))
print("all found, then watched")
"""


def test_photos_are_found_where_the_system_grants_too_few_watches(tmp_path: Path) -> None:
    unshare = ["unshare", "--user", "--map-root-user"]
    refusal = subprocess.run([*unshare, "true"], capture_output=True, text=True, check=False).stderr
    if refusal:
        pytest.skip(f"the limit cannot be lowered for one process here: {refusal}")

    done = subprocess.run(
        [*unshare, sys.executable, "-c", FEW_WATCHES, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )

    assert "all found, then watched" in done.stdout, done.stderr
    assert done.stdout.count("watch_failed") == 1


async def test_a_full_disk_holds_photos_up_and_loses_none(tmp_path: Path, disk: Path) -> None:
    with capture_logs() as logs:
        async with at_work(tmp_path, sessions=[disk]) as house:
            await house.until_watched(disk)
            (disk / "Raw" / "a.nef").write_bytes(RAW)
            fill(disk)
            await until_logged(logs, "preset_not_frozen")
            (disk / "filler").unlink()
            await house.until_told("photo.added", "a.nef")

    assert (disk / "Raw" / "a.nef.rrdata").stat().st_size > 0
    assert not list((disk / "Raw").glob(".*"))
    said = [log for log in logs if log["event"] == "preset_not_frozen" and log["log_level"] == "warning"]
    assert len(said) == 1
    assert "No space" in str(said[0]["problem"])


async def test_a_disk_that_turned_read_only_is_waited_for(tmp_path: Path, disk: Path) -> None:
    (disk / "Raw" / "a.nef").write_bytes(RAW)
    mount("-o", "remount,ro", str(disk))

    with capture_logs() as logs:
        async with at_work(tmp_path, sessions=[disk]) as house:
            await until_logged(logs, "preset_not_frozen")
            mount("-o", "remount,rw", str(disk))
            await house.until_told("photo.added", "a.nef")

    assert "Read-only" in str(next(log["problem"] for log in logs if log["event"] == "preset_not_frozen"))


async def test_a_disk_that_is_pulled_out_takes_no_photo_with_it(tmp_path: Path, disk: Path) -> None:
    with capture_logs() as logs:
        async with at_work(tmp_path, sessions=[disk], scan_seconds=0.3) as house:
            await house.until_watched(disk)
            (disk / "Raw" / "a.nef").write_bytes(RAW)
            await house.until_told("photo.added", "a.nef")
            await house.develop_all()
            mount("-t", "tmpfs", "tmpfs", str(disk))
            await until_logged(logs, "session_waits_for_raw")
            unmount(disk)
            (disk / "Raw" / "b.nef").write_bytes(RAW)
            await house.until_told("photo.added", "b.nef")
            photos = await house.store.known_photos(session_id(disk))

    assert photos["a.nef"].state is PhotoState.DEVELOPED
    assert house.of("photo.missing", "a.nef") == []


async def test_a_disk_that_is_gone_and_then_does_not_answer_ends_nothing(tmp_path: Path) -> None:
    session, disks = tmp_path / "party", Failing()
    (session / "Raw").mkdir(parents=True)

    with capture_logs() as logs:
        async with at_work(tmp_path, sessions=[session]) as house:
            await house.until_watched(session)
            disks.failing, house.around.disks = True, disks
            house.intake.adopt(replace(house.around.options, extensions=frozenset({"nef"})))
            await until_logged(logs, "session_lost")
            (session / "Raw" / "a.nef").write_bytes(RAW)
            await house.until_told("photo.added", "a.nef")

    assert not disks.failing
