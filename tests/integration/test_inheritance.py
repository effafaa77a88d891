"""What a real daemon has from whoever started it: an encoding for names, blocked signals."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

import pytest

from make import make_dng
from running import running

BLOCKING: Final = """
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGCHLD})
os.execv(sys.executable, [sys.executable, "-m", "darkroomd", *sys.argv[1:]])
"""


def test_names_are_read_as_utf_8_whatever_the_locale_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}.items():
        monkeypatch.setenv(name, value)
    session = tmp_path / "f\u00eate"
    (session / "Raw").mkdir(parents=True)

    with running(tmp_path, "--session", str(session), ready=False) as daemon:
        daemon.wait_for("session_found", folder=str(session))
        make_dng(session / "Raw" / "\u2603.dng")
        developed = daemon.wait_for("item_developed")
        assert daemon.stop() == 0

    assert developed["output"] == str(session / "Jpg" / "\u2603.jpg")
    assert [line for line in daemon.lines if line.get("level") == "error"] == []


def test_signals_that_were_blocked_by_whoever_started_it_reach_the_daemon(tmp_path: Path) -> None:
    (tmp_path / "party" / "Raw").mkdir(parents=True)
    command = (sys.executable, "-c", BLOCKING)

    with running(tmp_path, "--session", str(tmp_path / "party"), command=command) as daemon:
        assert daemon.stop() == 0
