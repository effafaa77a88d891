"""The real daemon with a damaged database: nothing is developed twice, and nothing is forgotten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from darkroom.client import Client
from darkroomd.store.backup import copy_database
from make import make_dng
from running import Daemon, running


@pytest.fixture
def session(tmp_path: Path) -> Path:
    folder = tmp_path / "wedding"
    (folder / "Raw").mkdir(parents=True)
    return folder


def entries_of(session: Path) -> dict[str, dict[str, object]]:
    document = json.loads((session / "boothy.session.json").read_bytes())
    return {photo["rawFilename"]: photo for photo in document["photos"]}


def events_of(daemon: Daemon) -> set[str]:
    return {line["event"] for line in daemon.lines if "event" in line}


def work_in(tmp_path: Path, session: Path) -> None:
    """Have one photo developed and another one fail."""
    with running(tmp_path, "--session", str(session)) as daemon:
        daemon.wait_for("session_found")
        make_dng(session / "Raw" / "A.DNG")
        (session / "Raw" / "B.NEF").write_bytes(b"MM\0*" + bytes(300))
        daemon.wait_for_all("item_started", 2)
        daemon.wait_for("session_record_written")
        assert daemon.stop() == 0


def damage(state: Path) -> None:
    """Overwrite everything but the first page, which says that it is a database."""
    size = (state / "queue.db").stat().st_size
    with (state / "queue.db").open("r+b") as file:
        file.seek(4096)
        file.write(b"\xaa" * (size - 4096))


def test_a_damaged_database_is_rebuilt_from_the_sessions_on_disk(tmp_path: Path, session: Path) -> None:
    work_in(tmp_path, session)
    before = entries_of(session)
    jpeg = (session / "Jpg" / "A.jpg").stat()
    damage(tmp_path / "state")

    with running(tmp_path, "--session", str(session), ready=False) as daemon:
        moved = daemon.wait_for("database_moved_aside")
        daemon.wait_for("session_record_written", photos=2)
        with Client(daemon.socket) as client:
            [known] = client.list_sessions()
            photos = {Path(one.original.path or "").name: one for one in client.list_photos(known.id)}
            jobs = list(client.list_jobs())
            health = client.get_health()
        assert daemon.stop() == 0

    assert (moved["code"], moved["level"]) == ("state.corrupt", "error")
    assert Path(moved["kept"]).is_file()
    assert moved["kept"] in moved["message"]
    assert {name: photo.state for name, photo in photos.items()} == {"A.DNG": "developed", "B.NEF": "failed"}
    assert photos["B.NEF"].failure is not None
    assert photos["B.NEF"].failure.code == "raw.unsupported"
    assert jobs == []
    assert "item_started" not in events_of(daemon)
    assert [check.message for check in health.checks if check.name == "database"] == [moved["message"]]
    assert not health.ok
    after = (session / "Jpg" / "A.jpg").stat()
    assert (after.st_ino, after.st_mtime_ns) == (jpeg.st_ino, jpeg.st_mtime_ns)
    kept = ("attemptCount", "lastAttemptAt", "lastError", "outputs", "backgroundExportCompleted")
    assert {name: [entry[key] for key in kept] for name, entry in entries_of(session).items()} == {
        name: [entry[key] for key in kept] for name, entry in before.items()
    }


def test_a_rebuilt_database_is_one_like_any_other(tmp_path: Path, session: Path) -> None:
    work_in(tmp_path, session)
    damage(tmp_path / "state")
    with running(tmp_path, "--session", str(session), ready=False) as daemon:
        daemon.wait_for("session_record_written", photos=2)
        daemon.kill()

    with running(tmp_path, "--session", str(session)) as again:
        again.wait_for("session_found")
        make_dng(session / "Raw" / "C.DNG")
        again.wait_for("item_developed")
        with Client(again.socket) as client:
            health = client.get_health()
        assert again.stop() == 0

    assert {name: entry["backgroundExportCompleted"] for name, entry in entries_of(session).items()} == {
        "A.DNG": True,
        "B.NEF": False,
        "C.DNG": True,
    }
    assert [check.ok for check in health.checks if check.name == "database"] == [True]
    assert "database_moved_aside" not in events_of(again)
    assert len(list((tmp_path / "state").glob("queue.db.damaged-*Z"))) == 1


def test_damage_met_at_work_ends_the_daemon_and_the_next_start_repairs_it(
    tmp_path: Path, session: Path
) -> None:
    work_in(tmp_path, session)
    with running(tmp_path, "--session", str(session)) as daemon:
        daemon.wait_for("session_found")
        damage(tmp_path / "state")
        (tmp_path / "state" / "queue.db-wal").write_bytes(b"")
        make_dng(session / "Raw" / "C.DNG")
        stopped = daemon.wait_for("stopped_by_damage")
        status = daemon.ended()

    with running(tmp_path, "--session", str(session), ready=False) as again:
        again.wait_for("database_moved_aside")
        again.wait_for("item_developed", output=str(session / "Jpg" / "C.jpg"))
        again.wait_for("session_record_written", photos=3)
        assert again.stop() == 0

    assert (stopped["code"], status) == ("state.corrupt", 1)
    assert sorted(file.name for file in (session / "Jpg").iterdir()) == ["A.jpg", "C.jpg"]
    assert [line["raw"] for line in again.lines if line.get("event") == "item_started"] == [
        str(session / "Raw" / "C.DNG")
    ]


def test_a_session_that_was_added_is_watched_again_where_a_backup_knows_of_it(
    tmp_path: Path, session: Path
) -> None:
    with running(tmp_path) as daemon, Client(daemon.socket) as client:
        client.add_session(session)
        daemon.wait_for("session_found")
        make_dng(session / "Raw" / "A.DNG")
        daemon.wait_for("item_developed")
        assert daemon.stop() == 0
    (tmp_path / "state" / "backups").mkdir()
    backup = tmp_path / "state" / "backups" / "queue-20261121T203015Z.db"
    copy_database(tmp_path / "state" / "queue.db", backup)
    damage(tmp_path / "state")

    with running(tmp_path) as daemon:
        daemon.wait_for("output_adopted")
        make_dng(session / "Raw" / "B.DNG")
        daemon.wait_for("item_developed", output=str(session / "Jpg" / "B.jpg"))
        assert daemon.stop() == 0

    [moved] = [line for line in daemon.lines if line.get("event") == "database_moved_aside"]
    assert str(backup) in moved["message"]
    assert len([line for line in daemon.lines if line.get("event") == "item_developed"]) == 1
