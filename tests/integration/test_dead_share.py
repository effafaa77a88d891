"""The daemon beside a share that does not answer: a mount whose server never says a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from disks import bound
from make import make_dng
from running import running
from service_manager import service_manager


def test_dead_shares_keep_neither_the_start_nor_other_sessions_nor_the_watchdog_nor_the_end_waiting(
    tmp_path: Path, dead_share: Path, monkeypatch: pytest.MonkeyPatch
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

    with bound(dead_share, share), service_manager(tmp_path) as manager:
        monkeypatch.setenv("NOTIFY_SOCKET", manager.address)
        monkeypatch.setenv("WATCHDOG_USEC", "600000")
        with running(tmp_path, *arguments, "--root", str(dead_share)) as daemon:
            daemon.wait_for("session_found")
            make_dng(alive / "Raw" / "b.dng")
            daemon.wait_for("item_developed")
            for _ in range(3):
                manager.wait_for_key("WATCHDOG")
            status = daemon.stop()

    assert status == 0
    assert (alive / "Jpg" / "b.jpg").exists()
