"""The random kills of `kill_rounds.py`, a few of them, the same each time."""

from __future__ import annotations

import os

import pytest

from crash.kill_rounds import play
from running import PATIENCE_SECONDS

KILLS = 3


@pytest.mark.parametrize(
    "workers",
    [
        1,
        pytest.param(
            2,
            marks=pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="there is a single core"),
        ),
    ],
)
def test_nothing_is_lost_doubled_or_left_over_after_random_kills_under_load(workers: int) -> None:
    wrong, rounds = play(count=KILLS, seed=7, seconds=PATIENCE_SECONDS, workers=workers)

    assert wrong == []
    assert rounds.done["kill the daemon"] == KILLS
