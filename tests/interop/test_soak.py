"""A short form of the soak; its measures are taken by hand, with `soak.py`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from interop.soak import soak

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what a process holds is read from /proc")


def test_a_storm_of_clients_holds_no_photo_up_and_leaves_nothing_behind(tmp_path: Path) -> None:
    outcome = soak(tmp_path, photos=4, per_second=60, apart=0.0, width=600, height=400)

    assert len(outcome.storm_seconds) == 4
    assert outcome.clients > 0
    assert not outcome.left_open
    assert outcome.after.memory < outcome.before.memory + (32 << 20)
