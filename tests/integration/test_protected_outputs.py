"""Outputs that may not be replaced, through the real daemon: locked files among others that are not."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from darkroom.client import Client
from make import make_dng
from running import PATIENCE_SECONDS, running


@contextmanager
def immutable(path: Path) -> Generator[None]:
    """Keep everybody from changing a file until the block is left; skip where that cannot be done."""
    chattr = shutil.which("chattr")
    if chattr is None:
        pytest.skip("chattr is not installed")
    done = subprocess.run(
        [chattr, "+i", str(path)], check=False, capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )
    if done.returncode != 0:
        pytest.skip(f"no file can be locked here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run([chattr, "-i", str(path)], check=True, timeout=PATIENCE_SECONDS)


def test_an_output_that_is_locked_fails_its_photo_alone_until_it_is_let_go(tmp_path: Path) -> None:
    session = tmp_path / "party"
    locked = session / "Jpg" / "A.jpg"
    for folder in ("Raw", "Jpg"):
        (session / folder).mkdir(parents=True)
    locked.write_bytes(b"theirs")
    for name in ("A", "B"):
        make_dng(session / "Raw" / f"{name}.DNG")

    with running(tmp_path, "--session", str(session), ready=False) as daemon, Client(daemon.socket) as client:
        with immutable(locked):
            daemon.wait_for("item_developed", output=str(session / "Jpg" / "B.jpg"))
            failed = daemon.wait_for("item_failed")
            left = sorted(path.name for path in (session / "Jpg").iterdir())
            reasons = client.get_summary().queue.wait_reasons
        client.wait_job(failed["job"])
        client.retry_jobs([failed["job"]])
        daemon.wait_for("item_developed", output=str(locked))
        assert daemon.stop() == 0

    assert (failed["code"], failed["context"]["path"]) == ("output.protected", str(locked))
    assert left == ["A.jpg", "B.jpg"]
    assert reasons == ()
    assert locked.with_name("A.jpg.bak").read_bytes() == b"theirs"
