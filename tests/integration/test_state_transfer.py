"""The state as one file: all of it comes over, or nothing changes, whatever is handed in."""

from __future__ import annotations

import io
import os
import shutil
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from darkroom.errors import DarkroomError
from darkroomd.core.faults import StateUnusable
from darkroomd.core.state_faults import (
    ExportExists,
    ExportNotWritten,
    FoldersCollide,
    NoState,
    NothingMoved,
    StateFileInvalid,
    StateFileMissing,
    StateFileTooNew,
    StateNotEmpty,
)
from darkroomd.core.state_file import FolderMove, Manifest
from darkroomd.services.state_export import export_state
from darkroomd.services.state_import import TakenOver, import_state
from darkroomd.state_command import main as state_command
from darkroomd.store.backup import copy_database
from darkroomd.store.database import open_database
from darkroomd.store.rescue import open_rescued
from darkroomd.store.statements import load_migrations
from former import make_database, rows_of, version_of

NEWEST = len(load_migrations())
AT = datetime(2026, 11, 21, 20, 30, 15, tzinfo=UTC)
NOW = 1_800_000_000_000_000


def export(state: Path, target: Path) -> Manifest:
    return export_state(state, target, version="1.2", at=AT)


def take_over(state: Path, file: Path, *moves: tuple[str, str], replace: bool = False) -> TakenOver:
    folders = [FolderMove(Path(old), Path(new)) for old, new in moves]
    return import_state(state, file, moves=folders, replace=replace, now_usec=NOW)


def execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for statement in statements:
            database.execute(statement)


def names_in(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a state folder with rows of every kind, and beside it the same as a file; both stay so."""
    folder = tmp_path_factory.mktemp("made") / "state"
    folder.mkdir()
    make_database(folder / "queue.db", NEWEST)
    open_database(folder / "queue.db").close()
    export(folder, folder.with_name("state.tar"))
    return folder


@pytest.fixture
def state(made: Path, tmp_path: Path) -> Path:
    """Return a state folder with rows of every kind."""
    return Path(shutil.copytree(made, tmp_path / "state"))


@pytest.fixture
def file(made: Path, state: Path) -> Path:
    """Return that state as a file."""
    return Path(shutil.copy(made.with_name("state.tar"), state.parent))


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """Return a state folder in which nothing is known yet."""
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


def test_all_that_was_known_is_known_after_it_was_moved(state: Path, file: Path, empty: Path) -> None:
    before = rows_of(state / "queue.db")

    outcome = take_over(empty, file)

    after = rows_of(empty / "queue.db")
    kept = before.keys() - {"forgotten", "item", "job", "photo", "session", "setting", "tally", "counter"}
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert {name: len(rows) for name, rows in after.items() if name != "setting"} == {
        name: len(rows) for name, rows in before.items() if name != "setting"
    }
    assert len(outcome.contents.sessions) == 3
    assert set(outcome.missing) == {*outcome.contents.sessions, *outcome.contents.roots}
    assert names_in(empty) == {"queue.db"}


def test_an_export_says_what_it_is_and_is_one_tar(file: Path) -> None:
    with tarfile.open(file) as tar:
        members = tar.getmembers()
        content = tar.extractfile(members[0])
        assert content is not None
        manifest = msgspec.json.decode(content.read(), type=Manifest)

    assert [member.name for member in members] == ["manifest.json", "queue.db"]
    assert (manifest.version, manifest.schema, manifest.created_at) == ("1.2", NEWEST, "2026-11-21T20:30:15Z")
    assert file.stat().st_mode & 0o777 == 0o600


def test_what_was_in_work_waits_again_and_watchers_list_anew(file: Path, empty: Path) -> None:
    take_over(empty, file)

    rows = rows_of(empty / "queue.db")
    assert {item["state"] for item in rows["item"] if item["id"] == 6} == {"queued"}
    assert [item["deaths"] for item in rows["item"] if item["id"] == 6] == [0]
    assert "database.identity" not in {row["name"] for row in rows["setting"]}
    assert "queue.pause" in {row["name"] for row in rows["setting"]}


def test_folders_are_followed_wherever_they_are_known(state: Path, tmp_path: Path, empty: Path) -> None:
    database = state / "queue.db"
    execute(
        database,
        "UPDATE root SET folder = CAST('/p' AS BLOB) WHERE id = 'r'",
        "UPDATE archive SET destination = CAST('/p/archive' AS BLOB)",
        "UPDATE session SET identity = '1:7', inode = '7'",
    )
    export(state, tmp_path / "moved.tar")

    take_over(empty, tmp_path / "moved.tar", ("/p", "/new"), ("/p/one", "/elsewhere/two"))

    rows = rows_of(empty / "queue.db")
    sessions = {row["id"]: (row["folder"], row["name"], row["identity"]) for row in rows["session"]}
    assert sessions["one"] == (b"/elsewhere/two", "two", None)
    assert sessions["two"] == (b"/p\xff\n", "p?", "1:7")
    assert sessions["none"] == (b"/new/none", "none", None)
    assert {row["path"] for row in rows["output"]} == {
        b"/elsewhere/two/Jpg/1.jpg",
        b"/elsewhere/two/Jpg/4.jpg",
    }
    assert {row["folder"] for row in rows["root"]} == {b"/new", b"/r\xff"}
    assert {row["folder"]: row["identity"] for row in rows["forgotten"]} == {
        b"/new/old": None,
        b"/p\xff\x0b": None,
    }
    assert [row["destination"] for row in rows["archive"]] == [b"/new/archive"]


def test_sessions_may_change_places(file: Path, empty: Path) -> None:
    take_over(empty, file, ("/p/one", "/p/none"), ("/p/none", "/p/one"))

    rows = rows_of(empty / "queue.db")
    assert {row["id"]: row["folder"] for row in rows["session"] if row["id"] != "two"} == {
        "one": b"/p/none",
        "none": b"/p/one",
    }


@pytest.mark.parametrize(
    ("moves", "error"),
    [
        pytest.param([("/p/one", "/p/none")], FoldersCollide, id="two-in-one-place"),
        pytest.param([("/nowhere", "/new")], NothingMoved, id="nothing-lies-there"),
    ],
)
def test_moves_that_cannot_be_right_change_nothing(
    file: Path, empty: Path, moves: list[tuple[str, str]], error: type[Exception]
) -> None:
    with pytest.raises(error):
        take_over(empty, file, *moves)

    assert names_in(empty) == set()


def rewritten(
    file: Path, *, manifest: dict[str, object] | None = None, database: bytes | None = None
) -> None:
    """Write an exported state anew with another manifest or database, as a whole tar."""
    with tarfile.open(file) as tar:
        contents = [tar.extractfile(member) for member in tar.getmembers()]
        texts = [content.read() for content in contents if content is not None]
    texts[0] = msgspec.json.encode({**msgspec.json.decode(texts[0]), **(manifest or {})})
    texts[1] = texts[1] if database is None else database
    with tarfile.open(file, "w", format=tarfile.GNU_FORMAT) as tar:
        for name, text in zip(("manifest.json", "queue.db"), texts, strict=True):
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text))


def flip(file: Path, at: int) -> None:
    content = bytearray(file.read_bytes())
    content[at] ^= 0x40
    file.write_bytes(content)


def as_link(file: Path) -> None:
    with tarfile.open(file, "w") as tar:
        member = tarfile.TarInfo("manifest.json")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(member)


def as_fifo(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def with_trigger(file: Path) -> None:
    """Make it a database that does something of its own when it is taken over."""
    state = file.parent / "state"
    execute(
        state / "queue.db",
        "CREATE TRIGGER mine AFTER UPDATE ON session BEGIN DELETE FROM photo; END",
        "PRAGMA journal_mode = DELETE",
    )
    file.write_bytes((state / "queue.db").read_bytes())


def with_other_trigger(file: Path) -> None:
    state = file.parent / "state"
    with closing(sqlite3.connect(state / "queue.db", isolation_level=None)) as database:
        (text,) = database.execute("SELECT sql FROM sqlite_master WHERE name = 'photo_changed'").fetchone()
        database.execute("DROP TRIGGER photo_changed")
        database.execute(text.replace("revision + 1", "revision + 2"))
        database.execute("PRAGMA journal_mode = DELETE")
    file.write_bytes((state / "queue.db").read_bytes())


@pytest.mark.parametrize(
    ("harm", "error"),
    [
        pytest.param(lambda file: file.unlink(), StateFileMissing, id="not-there"),
        pytest.param(lambda file: file.write_bytes(b""), StateFileInvalid, id="empty"),
        pytest.param(lambda file: file.write_bytes(os.urandom(9999)), StateFileInvalid, id="noise"),
        pytest.param(lambda file: os.truncate(file, 700), StateFileInvalid, id="cut-in-the-manifest"),
        pytest.param(lambda file: os.truncate(file, 9000), StateFileInvalid, id="cut-in-the-database"),
        pytest.param(lambda file: flip(file, 9000), StateFileInvalid, id="one-bit-of-the-database"),
        pytest.param(lambda file: flip(file, 3), StateFileInvalid, id="one-bit-of-the-header"),
        pytest.param(as_link, StateFileInvalid, id="a-link-instead"),
        pytest.param(as_fifo, StateFileInvalid, id="a-pipe"),
        pytest.param(
            lambda file: rewritten(file, manifest={"schema": NEWEST + 1}), StateFileTooNew, id="too-new"
        ),
        pytest.param(
            lambda file: rewritten(file, manifest={"sha256": "0" * 64}), StateFileInvalid, id="checksum"
        ),
        pytest.param(
            lambda file: rewritten(file, manifest={"sizeBytes": 1 << 60}), StateFileInvalid, id="size"
        ),
        pytest.param(
            lambda file: rewritten(file, manifest={"version": "x" * 70_000}),
            StateFileInvalid,
            id="long-manifest",
        ),
        pytest.param(with_trigger, StateFileInvalid, id="a-trigger-of-its-own"),
        pytest.param(with_other_trigger, StateFileInvalid, id="another-trigger-of-ours"),
    ],
)
def test_a_file_that_cannot_be_taken_over_changes_nothing(
    file: Path, empty: Path, harm: Callable[[Path], object], error: type[DarkroomError]
) -> None:
    harm(file)

    with pytest.raises(error, match=file.name):
        take_over(empty, file)

    assert names_in(empty) == set()


def test_a_state_is_not_taken_over_where_there_is_one(state: Path, file: Path) -> None:
    before = rows_of(state / "queue.db")

    with pytest.raises(StateNotEmpty, match="3 sessions"):
        take_over(state, file)

    assert rows_of(state / "queue.db") == before


def test_a_state_that_is_replaced_is_kept(state: Path, file: Path) -> None:
    execute(state / "queue.db", "UPDATE session SET name = 'newer' WHERE id = 'one'")

    outcome = take_over(state, file, replace=True)

    assert outcome.kept == state / "queue.db.bak"
    assert "newer" in {row["name"] for row in rows_of(outcome.kept)["session"]}
    assert "newer" not in {row["name"] for row in rows_of(state / "queue.db")["session"]}
    assert names_in(state) == {"queue.db", "queue.db.bak"}


def test_a_damaged_state_is_moved_aside_for_another_one(state: Path, file: Path) -> None:
    (state / "queue.db").write_bytes(b"nothing that makes sense" * 500)

    outcome = take_over(state, file)

    assert outcome.kept is not None
    assert outcome.kept.name.startswith("queue.db.damaged-")
    assert open_rescued(state / "queue.db")[1] is None


def test_a_log_without_its_database_does_not_get_into_another_one(
    state: Path, file: Path, empty: Path
) -> None:
    with closing(sqlite3.connect(state / "queue.db", isolation_level=None)) as writer:
        writer.execute("UPDATE session SET name = 'stray' WHERE id = 'one'")
        (empty / "queue.db-wal").write_bytes((state / "queue.db-wal").read_bytes())

    take_over(empty, file)

    database, damage = open_rescued(empty / "queue.db")
    database.close()
    assert damage is None
    assert "stray" not in {row["name"] for row in rows_of(empty / "queue.db")["session"]}


def test_a_state_that_another_program_has_open_is_not_replaced(state: Path, file: Path) -> None:
    with closing(sqlite3.connect(state / "queue.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM session").fetchone()
        with pytest.raises(StateUnusable):
            take_over(state, file, replace=True)

    assert len(rows_of(state / "queue.db")["session"]) == 3


@pytest.mark.parametrize("schema", [1, 3, 7, NEWEST])
def test_a_backup_of_any_schema_can_be_gone_back_to(tmp_path: Path, empty: Path, schema: int) -> None:
    make_database(tmp_path / "former.db", schema)
    copy_database(tmp_path / "former.db", tmp_path / "backup.db")

    outcome = take_over(empty, tmp_path / "backup.db")

    assert version_of(empty / "queue.db") == NEWEST
    assert len(outcome.contents.sessions) == 3
    assert version_of(tmp_path / "backup.db") == schema


def test_an_export_never_replaces_anything(state: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").symlink_to(tmp_path / "nowhere")

    with pytest.raises(ExportExists):
        export(state, tmp_path / "mine")

    assert names_in(tmp_path) == {"state", "mine"}


def test_a_state_that_is_not_there_cannot_be_exported(empty: Path, tmp_path: Path) -> None:
    with pytest.raises(NoState):
        export(empty, tmp_path / "out")

    assert names_in(empty) == set()


def test_a_damaged_state_is_not_exported(state: Path, tmp_path: Path) -> None:
    size = (state / "queue.db").stat().st_size
    with (state / "queue.db").open("r+b") as database:
        database.seek(size // 2)
        database.write(os.urandom(size // 3))

    with pytest.raises((StateFileInvalid, ExportNotWritten)):
        export(state, tmp_path / "out")

    assert names_in(tmp_path) == {"state"}


def test_what_an_export_that_was_killed_left_is_removed_by_the_next_one(state: Path, tmp_path: Path) -> None:
    for leftover in (".out.7.part", ".out.db.7.part"):
        (tmp_path / leftover).write_bytes(b"half")

    export(state, tmp_path / "out")

    assert names_in(tmp_path) == {"state", "out"}


def test_the_folders_that_are_named_may_be_links(state: Path, empty: Path, tmp_path: Path) -> None:
    for name, folder in (("from", state), ("to", empty), ("usb", tmp_path)):
        (tmp_path / name).symlink_to(folder)

    export(tmp_path / "from", tmp_path / "usb" / "out")
    take_over(tmp_path / "to", tmp_path / "usb" / "out")
    outcome = take_over(tmp_path / "to", tmp_path / "usb" / "out", replace=True)

    assert outcome.kept == empty / "queue.db.bak"
    assert names_in(empty) == {"queue.db", "queue.db.bak"}


def test_a_loop_of_links_is_refused_in_words(state: Path, file: Path, tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)

    with pytest.raises(DarkroomError):
        export(state, loop / "out")
    with pytest.raises(DarkroomError):
        take_over(loop, file)


def test_a_folder_cannot_be_said_to_lie_in_two_places(
    empty: Path, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moves = ["--map", "/a=/b", "--map", "/a/=/c"]

    with pytest.raises(SystemExit) as ended:
        state_command(["import", *moves, "--state-dir", str(empty), str(file)])

    assert ended.value.code == 2
    assert "--map: /a cannot lie in two places" in capsys.readouterr().err
    assert not (empty / "queue.db").exists()
