"""The daemon beside a share that does not answer: a mount whose server never says a word."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from make import make_dng
from running import running

MNT_DETACH = 2


@pytest.fixture
def dead_share(tmp_path: Path) -> Iterator[Path]:
    """A folder in which every call hangs until the end of the test."""
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        server = os.open("/dev/fuse", os.O_RDWR)
    except OSError:
        pytest.skip("There is no /dev/fuse.")
    folder = tmp_path / "share"
    folder.mkdir()
    options = f"fd={server},rootmode=40000,user_id=0,group_id=0".encode()
    if libc.mount(b"nobody", os.fsencode(folder), b"fuse", 0, options) != 0:
        os.close(server)
        pytest.skip(f"Nothing can be mounted here: {os.strerror(ctypes.get_errno())}.")
    try:
        yield folder
    finally:
        # Without its server the mount answers with errors, and whoever hangs in it goes on.
        os.close(server)
        with suppress(OSError):
            libc.umount2(os.fsencode(folder), MNT_DETACH)


def test_dead_shares_keep_neither_the_start_nor_other_sessions_nor_the_end_waiting(
    tmp_path: Path, dead_share: Path
) -> None:
    alive, share = tmp_path / "alive", tmp_path / "then"
    for folder in (alive, share):
        (folder / "Raw").mkdir(parents=True)
    arguments = ("--session", str(alive), "--session", str(share))
    with running(tmp_path, *arguments) as daemon:
        daemon.wait_for_all("session_found", 2)
        make_dng(share / "Raw" / "a.dng")
        daemon.wait_for("item_developed")
        daemon.kill()
    bound = ctypes.CDLL(None, use_errno=True).mount(
        os.fsencode(dead_share), os.fsencode(share), None, 4096, None
    )
    assert bound == 0

    try:
        with running(tmp_path, *arguments, "--root", str(dead_share)) as daemon:
            daemon.wait_for("session_found")
            make_dng(alive / "Raw" / "b.dng")
            daemon.wait_for("item_developed")
            status = daemon.stop()
    finally:
        ctypes.CDLL(None).umount2(os.fsencode(share), MNT_DETACH)

    assert status == 0
    assert (alive / "Jpg" / "b.jpg").exists()
