"""Killed while it takes an older database over, a darkroomd leaves the old one or the new one, whole."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from crash.effects import effects_of
from darkroomd.store.backup import problem_in_copy
from darkroomd.store.rescue import open_rescued
from darkroomd.store.statements import load_migrations
from former import make_database, rows_of, version_of

FORMER: Final = 3
NEWEST: Final = len(load_migrations())
KEPT: Final = f"queue.db.before-{NEWEST}"
VICTIM: Final = Path(__file__).with_name("upgrade_victim.py")
MOST_EFFECTS: Final = 30


def make(folder: Path) -> Path:
    folder.mkdir()
    make_database(folder / "queue.db", FORMER)
    return folder


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return folders in which an upgrade was killed, before each of its effects and after the last."""
    top = tmp_path_factory.mktemp("killed")
    make(top / "0")
    [effects] = effects_of(VICTIM, top, [0])
    assert 4 < effects < MOST_EFFECTS
    numbers = range(1, effects + 2)
    places = [make(top / str(number)) for number in numbers]
    effects_of(VICTIM, top, numbers)
    return places


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
