"""A database that is begun anew takes over from a backup what the session folders do not know."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from darkroomd.core.backups import former_name
from darkroomd.store.aside import mark_damaged, move_marked
from darkroomd.store.backup import copy_database
from darkroomd.store.database import open_database
from darkroomd.store.rescue import open_rescued
from darkroomd.store.statements import load_migrations
from former import make_database, rows_of

NEWEST = len(load_migrations())
NAME = "queue-20261121T203015Z.db"
OLDER = "queue-20261120T203015Z.db"


def harm(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(path.stat().st_size - 4096))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a damaged database, and in `backups` beside it how it was a day ago."""
    path = tmp_path / "queue.db"
    make_database(path, NEWEST)
    (tmp_path / "backups").mkdir()
    copy_database(path, tmp_path / "backups" / NAME)
    harm(path)
    return path


def rescue(path: Path) -> Path | None:
    """Open the database as a start does; return the backup that was of use."""
    database, damage = open_rescued(path, backups=path.with_name("backups"))
    database.close()
    assert damage is not None
    assert damage.kept.exists()
    return damage.backup


def test_where_photos_are_looked_for_and_statistics_are_taken_over(path: Path) -> None:
    known = rows_of(path.with_name("backups") / NAME)

    assert rescue(path) == path.with_name("backups") / NAME

    rows = rows_of(path)
    assert [(row["id"], row["folder"], row["added"], row["identity"]) for row in rows["session"]] == [
        ("one", b"/p/one", 1, "1:7")
    ]
    assert {name: rows[name] for name in ("root", "forgotten", "sample")} == {
        name: known[name] for name in ("root", "forgotten", "sample")
    }


def test_what_the_session_folders_know_better_is_left_to_them(path: Path) -> None:
    rescue(path)

    rows = rows_of(path)
    left_out = ("photo", "output", "job", "item", "journal", "log_line", "archive", "asked", "lane")
    assert {name: rows[name] for name in left_out} == {name: [] for name in left_out}
    assert [row["name"] for row in rows["setting"]] == ["settings.kept"]
    assert [(row["photos"], row["developed"], row["pending"]) for row in rows["session"]] == [(0, 0, 0)]


def test_no_job_gets_a_number_that_another_one_had(path: Path) -> None:
    rescue(path)

    with closing(sqlite3.connect(path)) as database:
        database.execute(
            "INSERT INTO job (kind, priority, label, correlation_id, created_at_usec) "
            "VALUES ('export', 0, 'x', 'c', 1)"
        )
        (number,) = database.execute("SELECT max(id) FROM job").fetchone()
    assert number > 30


def test_the_next_older_backup_does_where_the_newest_is_damaged_as_well(path: Path) -> None:
    folder = path.with_name("backups")
    copy_database(folder / NAME, folder / OLDER)
    harm(folder / NAME)

    assert rescue(path) == folder / OLDER


@pytest.mark.parametrize("schema", [1, 6])
def test_a_backup_of_a_time_when_none_could_be_added_is_no_use(tmp_path: Path, schema: int) -> None:
    (tmp_path / "backups").mkdir()
    make_database(tmp_path / "former.db", schema)
    copy_database(tmp_path / "former.db", tmp_path / "backups" / NAME)
    (tmp_path / "queue.db").write_bytes(b"no database at all" * 99)

    assert rescue(tmp_path / "queue.db") is None


def test_without_a_backup_the_database_is_begun_with_nothing(path: Path) -> None:
    (path.with_name("backups") / NAME).unlink()
    (path.with_name("backups") / "queue-20261119T203015Z.db").mkdir()

    assert rescue(path) is None

    assert rows_of(path)["session"] == []


def test_a_start_that_is_killed_meanwhile_is_gone_on_with_by_the_next(path: Path) -> None:
    mark_damaged(path, "page 3")
    part = path.with_name(".queue.db.0.part")
    part.write_bytes(b"half of one")

    def die() -> Path | None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        move_marked(path, rebuild=die)

    assert rescue(path) is not None
    assert not part.exists()
    assert len(rows_of(path)["root"]) == 2


def test_a_database_that_was_begun_is_not_begun_twice(path: Path) -> None:
    mark_damaged(path, "page 3")
    kept = path.with_name(next(path.parent.glob("*.moving")).name.removesuffix(".moving"))
    path.rename(kept)
    open_database(path).close()

    # Killed just before the mark was removed.
    rescue(path)

    assert rows_of(path)["root"] == []
    assert not (path.parent / former_name("queue.db", NEWEST)).exists()
