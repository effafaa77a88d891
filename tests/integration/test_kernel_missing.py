"""A daemon that was installed where there was no compiler."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from darkroom import Client
from darkroom.protocol.severity import as_warning
from darkroomd.imaging.version import kernel_is_built
from running import running

NOTHING_COMPILED = """
import runpy, sys
sys.modules["darkroomd.imaging._kernel"] = None
runpy.run_module("darkroomd", run_name="__main__")
"""


@pytest.fixture
def session(tmp_path: Path) -> Path:
    folder = tmp_path / "party"
    (folder / "Raw").mkdir(parents=True)
    return folder


def test_the_daemon_says_that_its_kernel_is_missing_and_does_without(tmp_path: Path, session: Path) -> None:
    command = [sys.executable, "-c", NOTHING_COMPILED]

    with running(tmp_path, "--session", str(session), command=command) as daemon:
        daemon.wait_for("session_found")
        with Client(daemon.socket) as client:
            health = client.get_health()
        assert daemon.stop() == 0

    checks = {check.name: check for check in health.checks}
    warnings = [line["message"] for line in daemon.lines if line["event"] == "kernel_was_missing"]
    assert [as_warning(message) for message in warnings] == [checks["kernel"].message]
    assert checks["kernel"].ok
    assert "libraw-" in checks["pipeline"].message


@pytest.mark.skipif(not kernel_is_built(), reason="the kernel is not built: there was no compiler")
def test_a_daemon_with_its_kernel_says_so(tmp_path: Path, session: Path) -> None:
    with running(tmp_path, "--session", str(session)) as daemon:
        daemon.wait_for("session_found")
        with Client(daemon.socket) as client:
            checks = {check.name: check for check in client.get_health().checks}
        assert daemon.stop() == 0

    assert checks["kernel"].ok
    assert "kernel-" in checks["pipeline"].message
    assert "kernel_was_missing" not in {line["event"] for line in daemon.lines}
