"""Killed while it takes an older database over, a darkroomd leaves the old one or the new one, whole."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from darkroomd.store.backup import problem_in_copy
from darkroomd.store.database import open_rescued
from darkroomd.store.statements import load_migrations
from former import make_database, rows_of, version_of
from running import PATIENCE_SECONDS

FORMER: Final = 3
NEWEST: Final = len(load_migrations())
KEPT: Final = f"queue.db.before-{NEWEST}"
VICTIM: Final = Path(__file__).with_name("upgrade_victim.py")
TESTS: Final = Path(__file__).parents[1]
MOST_EFFECTS: Final = 30


def upgrade(folder: Path, *, fatal: int) -> int:
    """Take the database in the folder over, until death; return how many effects that had."""
    subprocess.run(
        [sys.executable, str(VICTIM), str(folder), str(fatal)],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        timeout=PATIENCE_SECONDS,
        check=fatal == 0,
    )
    return int((folder / "effects").read_text() or 0)


def deaths(folder: Path) -> Iterator[Path]:
    """Yield folders in which an upgrade was killed, before each of its effects and after the last."""
    (folder / "0").mkdir()
    make_database(folder / "0" / "queue.db", FORMER)
    effects = upgrade(folder / "0", fatal=0)
    assert 4 < effects < MOST_EFFECTS
    for effect in range(1, effects + 2):
        place = folder / str(effect)
        place.mkdir()
        make_database(place / "queue.db", FORMER)
        upgrade(place, fatal=effect)
        yield place


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return list(deaths(tmp_path_factory.mktemp("killed")))


def test_the_database_is_the_old_one_or_the_new_one(killed: list[Path]) -> None:
    versions = [version_of(place / "queue.db") for place in killed]

    assert set(versions) == {FORMER, NEWEST}
    assert versions == sorted(versions)


def test_it_is_changed_only_once_the_old_one_is_kept_whole(killed: list[Path]) -> None:
    kept = [place / KEPT for place in killed if (place / KEPT).exists()]
    changed = [place for place in killed if version_of(place / "queue.db") == NEWEST]

    assert {place / KEPT for place in changed} <= set(kept)
    assert [problem_in_copy(copy) for copy in kept] == [None] * len(kept)
    assert {version_of(copy) for copy in kept} == {FORMER}


def test_the_next_start_goes_on_and_leaves_nothing_over(killed: list[Path], tmp_path: Path) -> None:
    make_database(tmp_path / "queue.db", FORMER)
    before = rows_of(tmp_path / "queue.db")
    open_rescued(tmp_path / "queue.db")[0].close()
    expected = rows_of(tmp_path / "queue.db")

    for place in killed:
        database, damage = open_rescued(place / "queue.db")
        database.close()

        assert damage is None
        assert rows_of(place / "queue.db") == expected
        assert rows_of(place / KEPT) == before
        assert {file.name for file in place.iterdir()} == {"queue.db", KEPT, "effects"}
