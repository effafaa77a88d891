"""The random kills of `kill_rounds.py`, a few of them, the same each time."""

from __future__ import annotations

from crash.kill_rounds import play


def test_nothing_is_lost_doubled_or_left_over_after_random_kills_under_load() -> None:
    wrong, rounds = play(count=6, seed=7, seconds=4.0)

    assert wrong == []
    assert rounds.done["kill the daemon"] >= 2
