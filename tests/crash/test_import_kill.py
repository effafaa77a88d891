"""Killed while it takes a state over, a darkroomd leaves the one that was there or the other one, whole."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from crash.effects import effects_of
from darkroomd.services.state_export import export_state
from darkroomd.services.state_import import import_state
from darkroomd.store.database import open_database
from darkroomd.store.rescue import open_rescued
from darkroomd.store.statements import load_migrations
from former import make_database, rows_of

VICTIM: Final = Path(__file__).with_name("import_victim.py")
MOST_EFFECTS: Final = 40
OLD: Final = {"s-old"}
NEW: Final = {"one", "two", "none"}


def sessions_of(database: Path) -> set[object]:
    return {row["id"] for row in rows_of(database)["session"]}


def make(folder: Path) -> Path:
    """Make a folder with a state that is in force, and another one as a file."""
    for name in ("state", "other"):
        (folder / name).mkdir(parents=True)
    make_database(folder / "other" / "queue.db", len(load_migrations()))
    export_state(folder / "other", folder / "file", version="1", at=datetime.now(UTC))
    database = open_database(folder / "state" / "queue.db")
    with database.transaction():
        database.run("insert_session", id="s-old", folder=b"/old", name="old", preset_id=None, now=1)
    database.close()
    return folder


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return folders in which it was killed, before each of its effects and after the last."""
    top = tmp_path_factory.mktemp("killed")
    whole = make(top / "made")
    shutil.copytree(whole, top / "0")
    [effects] = effects_of(VICTIM, top, [0])
    assert 4 < effects < MOST_EFFECTS
    numbers = range(1, effects + 2)
    places = [Path(shutil.copytree(whole, top / str(number))) for number in numbers]
    effects_of(VICTIM, top, numbers)
    return places


def test_the_state_is_the_one_that_was_there_or_the_other_one(killed: list[Path]) -> None:
    for place in killed:
        database, damage = open_rescued(place / "state" / "queue.db")
        database.close()

        assert damage is None
        assert sessions_of(place / "state" / "queue.db") in (OLD, NEW)


def test_the_one_that_was_there_is_lost_at_no_time(killed: list[Path]) -> None:
    for place in killed:
        candidates = [place / "state" / name for name in ("queue.db", "queue.db.bak")]

        assert OLD in [sessions_of(path) for path in candidates if path.exists()]


def test_it_can_be_taken_over_once_more_and_nothing_is_left_over(killed: list[Path]) -> None:
    for place in killed:
        import_state(place / "state", place / "file", moves=[], replace=True, now_usec=1)

        assert sessions_of(place / "state" / "queue.db") == NEW
        assert [path.name for path in (place / "state").iterdir() if path.name.endswith(".part")] == []
