"""Damaged files through real workers, a few of each kind; `tests/fuzz_raws.py` runs thousands."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fuzz_raws import TROUBLE, damaged, generated, run_cases

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform != "linux", reason="finds workers by /proc"),
]

COUNT = 60


async def test_damaged_files_become_pictures_or_failures_that_say_why(tmp_path: Path) -> None:
    origins = generated(tmp_path)

    tally = await run_cases((damaged(origins, seed=3, number=number) for number in range(COUNT)), tmp_path)

    assert tally.wrong == []
    assert tally.shown == []
    assert tally.outcomes.total() == COUNT
    assert tally.outcomes["developed"] > 0
    assert not tally.outcomes.keys() & set(TROUBLE)
