"""The random kills of `kill_rounds.py`, a few of them, the same each time."""

from __future__ import annotations

from crash.kill_rounds import play
from running import PATIENCE_SECONDS

KILLS = 3


def test_nothing_is_lost_doubled_or_left_over_after_random_kills_under_load() -> None:
    wrong, rounds = play(count=KILLS, seed=7, seconds=PATIENCE_SECONDS)

    assert wrong == []
    assert rounds.done["kill the daemon"] == KILLS
