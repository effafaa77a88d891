"""The short form of `power_cuts.py`, which is to be run by hand with its fifty boots."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from systemd.power_cuts import NOT_HERE

SCRIPT = Path(__file__).with_name("power_cuts.py")
MOST_SECONDS = 300.0


@pytest.fixture
def played(why_not_bootable: str) -> subprocess.CompletedProcess[str]:
    """What comes of three cuts; in a process of its own, as that keeps its mounts to itself."""
    if why_not_bootable:
        pytest.skip(why_not_bootable)
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--boots=3", "--seconds=60"],
        capture_output=True,
        text=True,
        timeout=MOST_SECONDS,
        check=False,
    )
    if done.returncode == NOT_HERE:
        pytest.skip(done.stdout)
    return done


def test_photos_outlive_power_cuts_at_random_moments(played: subprocess.CompletedProcess[str]) -> None:
    assert played.returncode == 0, played.stdout + played.stderr
    assert played.stdout.endswith("All is well.\n")
