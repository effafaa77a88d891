"""A damaged database is moved aside and begun anew; one that merely cannot be used is not touched."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest

from darkroomd.core.faults import StateCorrupt, StateTooNew, StateUnusable
from darkroomd.core.model import JobKind, SessionId
from darkroomd.store import soundness
from darkroomd.store.aside import mark_damaged, move_marked
from darkroomd.store.database import open_database
from darkroomd.store.history import History
from darkroomd.store.rescue import open_rescued
from darkroomd.store.statements import load_migrations
from darkroomd.store.store import open_store
from standing import arrival

pytestmark = pytest.mark.anyio

PAGE = 4096
MANY_LOG_LINES = """
WITH RECURSIVE line(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM line LIMIT 100)
INSERT INTO log_line (at_usec, level, event, fields) SELECT number, 20, hex(zeroblob(400)), '{}' FROM line
"""
NOW = 1_700_000_000_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a database that was in use and closed."""
    path = tmp_path / "queue.db"
    database = open_database(path)
    with database.transaction():
        for number in range(200):
            database.run("put_setting", name=f"{number}", value='"' + "x" * 400 + '"')
    database.close()
    return path


def files_of(folder: Path) -> dict[str, bytes]:
    """Return what files hold, without the index of a log and a log that holds nothing."""
    contents = {file.name: file.read_bytes() for file in folder.iterdir() if not file.name.endswith("-shm")}
    return {name: content for name, content in contents.items() if content or not name.endswith("-wal")}


def overwrite(path: Path, start: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(content)


def execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for statement in statements:
            database.execute(statement)


def migrate(path: Path, version: int) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for script in load_migrations()[:version]:
            database.executescript(script)
        database.execute(f"PRAGMA user_version = {version}")


def zero_pages(path: Path) -> None:
    overwrite(path, 3 * PAGE, bytes(path.stat().st_size - 3 * PAGE))


def drop_table(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("DROP TABLE journal")
    connection.close()


def drop_column(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("ALTER TABLE log_line DROP COLUMN fields")
    connection.close()


def become_foreign(path: Path) -> None:
    path.unlink()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("CREATE TABLE notes (text)")
    connection.close()


def lose_all_but_the_log(path: Path) -> None:
    path.with_name("queue.db-wal").write_bytes(b"what was written last")
    path.write_bytes(b"")


def corrupt_schema(path: Path) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute("UPDATE sqlite_master SET sql = 'CREATE TABLE photo (\xe4' WHERE name = 'photo'")
    connection.close()


DAMAGES = [
    pytest.param(lambda path: path.write_bytes(b"this is no database" * 100), id="no-database"),
    pytest.param(lambda path: path.write_bytes(b"x"), id="one-byte"),
    pytest.param(lambda path: overwrite(path, 0, os.urandom(100)), id="garbage-in-the-header"),
    pytest.param(lambda path: overwrite(path, 0, bytes(PAGE)), id="first-page-zeroed"),
    pytest.param(lambda path: overwrite(path, 18, b"\x07\x01"), id="format-that-cannot-be-written"),
    pytest.param(lambda path: overwrite(path, 60, b"\xff" * 4), id="negative-schema"),
    pytest.param(lambda path: overwrite(path, 60, b"\x7f\x00\x00\x00"), id="schema-that-nobody-numbers-so"),
    pytest.param(lambda path: overwrite(path, 60, bytes(4)), id="schema-number-lost"),
    pytest.param(zero_pages, id="zeroed-pages"),
    pytest.param(lambda path: overwrite(path, 3 * PAGE, os.urandom(9 * PAGE)), id="overwritten-pages"),
    pytest.param(lambda path: os.truncate(path, path.stat().st_size // 2), id="truncated"),
    pytest.param(lambda path: os.truncate(path, 700), id="truncated-in-the-first-page"),
    pytest.param(lose_all_but_the_log, id="empty-beside-its-log"),
    pytest.param(drop_table, id="table-missing"),
    pytest.param(drop_column, id="column-missing"),
    pytest.param(corrupt_schema, id="schema-unreadable"),
    pytest.param(lambda path: execute(path, "DELETE FROM counter"), id="counters-lost"),
    pytest.param(
        lambda path: execute(path, "DELETE FROM counter WHERE name = 'turn.2'"), id="one-counter-lost"
    ),
    pytest.param(lambda path: execute(path, "DELETE FROM tally"), id="tally-lost"),
    pytest.param(lambda path: execute(path, "DELETE FROM setting"), id="settings-lost"),
    pytest.param(lambda path: execute(path, "UPDATE setting SET value = ''"), id="settings-emptied"),
    pytest.param(lambda path: execute(path, "INSERT INTO bulk VALUES (1)"), id="rows-left-uncounted"),
    pytest.param(become_foreign, id="of-another-program"),
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_database_is_moved_aside_whole_and_begun_anew(
    path: Path, damage: Callable[[Path], object]
) -> None:
    damage(path)
    before = files_of(path.parent)

    database, found = open_rescued(path)

    database.close()
    assert found is not None
    after = files_of(path.parent)
    kept = {name: content for name, content in after.items() if name != "queue.db"}
    assert kept == {name.replace("queue.db", found.kept.name): content for name, content in before.items()}
    assert all(word in found.message for word in (str(path), str(found.kept), found.problem))
    open_database(path).close()


@pytest.mark.parametrize("damage", DAMAGES)
def test_looking_for_damage_changes_nothing(path: Path, damage: Callable[[Path], object]) -> None:
    damage(path)
    before = files_of(path.parent)

    with pytest.raises(StateCorrupt) as caught:
        open_database(path)

    assert str(path) in caught.value.message
    assert files_of(path.parent) == before


def test_a_database_that_is_sound_is_no_damage(path: Path) -> None:
    database, found = open_rescued(path)

    database.close()
    assert found is None
    assert [file.name for file in path.parent.iterdir()] == ["queue.db"]


def test_a_log_that_was_not_folded_in_is_taken_over(tmp_path: Path) -> None:
    path, copy = tmp_path / "queue.db", tmp_path / "copy" / "queue.db"
    database = open_database(path)
    database.run("put_setting", name="a", value='"b"')
    copy.parent.mkdir()
    for name in ("queue.db", "queue.db-wal"):
        (copy.parent / name).write_bytes((tmp_path / name).read_bytes())
    database.close()

    survivor, found = open_rescued(copy)

    assert found is None
    assert [row["value"] for row in survivor.all("setting", name="a")] == ['"b"']
    survivor.close()


def test_a_log_that_is_garbage_loses_no_more_than_what_stands_in_it(path: Path) -> None:
    path.with_name("queue.db-wal").write_bytes(os.urandom(9 * PAGE))

    database, found = open_rescued(path)

    assert found is None
    assert len(database.all("setting", name="7")) == 1
    database.close()


def test_two_damaged_databases_of_one_second_are_both_kept(path: Path) -> None:
    contents = []
    for number in range(3):
        contents.append(f"damaged {number}".encode() * 99)
        path.write_bytes(contents[-1])
        database, _ = open_rescued(path)
        database.close()

    kept = [file.read_bytes() for file in path.parent.glob("queue.db.damaged-*")]

    assert sorted(kept) == contents


@pytest.mark.parametrize("moved", [(), ("-shm",), ("-shm", "-wal"), ("-shm", "-wal", "")])
def test_a_move_that_was_cut_short_is_carried_on(path: Path, moved: tuple[str, ...]) -> None:
    for part in ("-shm", "-wal"):
        path.with_name(path.name + part).write_bytes(part.encode())
    content = path.read_bytes()
    mark_damaged(path, "it was found out")
    [mark] = path.parent.glob("*.moving")
    kept = mark.with_suffix("")
    for part in moved:
        path.with_name(path.name + part).rename(kept.with_name(kept.name + part))

    damage = move_marked(path)

    assert damage is not None
    assert (damage.kept, damage.problem) == (kept, "it was found out")
    assert files_of(path.parent) == {
        kept.name: content,
        f"{kept.name}-wal": b"-wal",
    }
    assert kept.with_name(f"{kept.name}-shm").read_bytes() == b"-shm"


def test_a_database_of_a_newer_daemon_is_refused_and_left_alone(path: Path) -> None:
    overwrite(path, 60, (99).to_bytes(4, "big"))
    before = files_of(path.parent)

    with pytest.raises(StateTooNew):
        open_rescued(path)

    assert files_of(path.parent) == before


def test_a_locked_database_is_not_damaged(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soundness, "BUSY_SECONDS", 0.01)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA locking_mode = EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    other.execute("DELETE FROM setting WHERE name = '1'")

    with pytest.raises(StateUnusable, match="locked"):
        open_rescued(path)

    other.close()
    assert list(path.parent.glob("*.damaged*")) == []


def test_what_cannot_be_opened_is_not_damaged(tmp_path: Path) -> None:
    (tmp_path / "queue.db").mkdir()

    with pytest.raises(StateUnusable):
        open_rescued(tmp_path / "queue.db")

    assert [file.name for file in tmp_path.iterdir()] == ["queue.db"]


def test_a_check_of_a_large_file_ends_in_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(soundness, "CHECK_SECONDS", -1.0)
    monkeypatch.setattr(soundness, "STEPS_BETWEEN_LOOKS", 1)
    execute(path, MANY_LOG_LINES)
    overwrite(path, path.stat().st_size - PAGE, bytes(PAGE))

    database, found = open_rescued(path)

    database.close()
    assert found is None


async def test_damage_that_is_met_in_use_ends_the_use_and_is_repaired_by_the_next_start(path: Path) -> None:
    async with open_store(path, lambda _: None) as store:
        # Nothing is in the cache yet, and nobody looks at the whole file again.
        zero_pages(path)
        with pytest.raises(StateCorrupt):
            await store.add_session(Path("/s"), name="s", session_id=SessionId("s-1"), now_usec=NOW)
        told = await store.front.damage()
        with pytest.raises(StateCorrupt):
            await store.totals.get()

    async with open_store(path, lambda _: None) as fresh:
        sessions = await fresh.sessions(cursor=None, limit=9)
        damage = fresh.damage

    assert damage is not None
    assert damage.problem == told.problem
    assert damage.kept.exists()
    assert sessions.entries == ()
    assert list(path.parent.glob("*.moving")) == []


@pytest.mark.parametrize(
    "nonsense",
    [
        pytest.param("UPDATE photo SET state = 'zzz'", id="state"),
        pytest.param("UPDATE photo SET failure = '{{{'", id="failure"),
        pytest.param("UPDATE photo SET failure = '{}'", id="half-a-failure"),
        pytest.param("UPDATE photo SET fingerprint = '1:2'", id="fingerprint"),
        pytest.param("UPDATE photo SET warnings = ''", id="warnings"),
    ],
)
async def test_a_row_that_makes_no_sense_is_damage_like_a_page_that_makes_none(
    path: Path, nonsense: str
) -> None:
    async with open_store(path, lambda _: None) as store:
        await store.add_session(Path("/s"), name="s", session_id=arrival("A.NEF").session_id, now_usec=NOW)
        await store.arrive(arrival("A.NEF"), kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW)
        execute(path, "PRAGMA ignore_check_constraints = ON", nonsense)
        with pytest.raises(StateCorrupt):
            await store.known_photos(arrival("A.NEF").session_id)

    async with open_store(path, lambda _: None) as fresh:
        damage = fresh.damage

    assert damage is not None
    assert damage.kept.exists()


@pytest.mark.parametrize(
    ("name", "read"),
    [
        pytest.param("queue.pause", History.pause, id="pause"),
        pytest.param("database.identity", lambda history: history.identity(otherwise="1"), id="identity"),
    ],
)
async def test_a_setting_that_makes_no_sense_is_damage(
    path: Path, name: str, read: Callable[[History], Awaitable[object]]
) -> None:
    execute(path, f"INSERT INTO setting (name, value) VALUES ('{name}', '[7]')")  # noqa: S608 - literals
    async with open_store(path, lambda _: None) as store:
        with pytest.raises(StateCorrupt):
            await read(History(store.front))

    async with open_store(path, lambda _: None) as fresh:
        damage = fresh.damage

    assert damage is not None
    assert "setting" in damage.problem


@pytest.mark.parametrize("version", range(1, len(load_migrations()) + 1))
def test_a_database_of_any_former_schema_is_no_damage(tmp_path: Path, version: int) -> None:
    path = tmp_path / "queue.db"
    migrate(path, version)

    database, found = open_rescued(path)

    database.close()
    assert found is None


def test_damage_is_remembered_however_the_daemon_ends(path: Path) -> None:
    database = open_database(path)
    error = sqlite3.DatabaseError("database disk image is malformed")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT_INDEX

    fault = database.damage_in(error)

    database.close()
    assert fault is not None
    # By itself the file looks sound.
    fresh, damage = open_rescued(path)
    fresh.close()
    assert damage is not None
    assert damage.problem == "database disk image is malformed"
