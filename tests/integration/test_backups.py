"""Backups of a database in use: whole and sound, and in nobody's way."""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest

from darkroomd.core.backups import backup_name
from darkroomd.core.model import JobKind
from darkroomd.core.state_faults import BackupNotMade
from darkroomd.sections import BackupSection
from darkroomd.services import backups as made_by
from darkroomd.services.backups import Backups
from darkroomd.services.disks import Disks
from darkroomd.store import backup
from darkroomd.store.backup import Stop, copy_database, problem_in_copy
from darkroomd.store.database import open_database
from darkroomd.store.soundness import examine
from darkroomd.store.store import Store, open_store
from standing import arrival

pytestmark = pytest.mark.anyio

NOW = 1_800_000_000_000_000
DAY = 86_400_000_000
PATIENCE_SECONDS = 20.0


class Clock:
    """A clock that is set by hand, and tells when it was looked at so often."""

    def __init__(self) -> None:
        self.usec = NOW
        self.looks_left = 0
        self.looked_at = anyio.Event()

    def __call__(self) -> int:
        self.looks_left -= 1
        if self.looks_left == 0:
            self.looked_at.set()
        return self.usec


def named(usec: int) -> str:
    return backup_name(datetime.fromtimestamp(usec // 1_000_000, UTC))


def count(path: Path, table: str) -> int:
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as database:
        (number,) = database.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - of the test
        return int(number)


def fill(path: Path, rows: int) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute(
            "WITH RECURSIVE line(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM line LIMIT ?) "
            "INSERT INTO log_line (at_usec, level, event, fields) "
            "SELECT number, 20, hex(zeroblob(200)), '{}' FROM line",
            [rows],
        )


def damage(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(os.urandom(20_000))


async def arrive(store: Store, *names: str) -> None:
    await store.add_session(Path("/s"), name="s", session_id=arrival("").session_id, now_usec=NOW)
    for name in names:
        await store.arrive(arrival(name), kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a database of a few megabytes."""
    path = tmp_path / "queue.db"
    open_database(path).close()
    fill(path, 5000)
    return path


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(path: Path, clock: Clock) -> Backups:
    return Backups(path, BackupSection(keep=3), Disks(), now_usec=clock, start_seconds=0, retry_seconds=7)


def test_a_copy_is_one_file_that_holds_what_was_committed_when_it_was_begun(path: Path) -> None:
    seen: list[int] = []

    def change() -> None:
        # A writer of its own, as the queue is: it neither waits for the copy nor begins it anew.
        fill(path, 100)
        seen.append(len(seen))

    copy_database(path, path.with_name("copy"), on_step=change)

    assert len(seen) >= 3
    assert count(path.with_name("copy"), "log_line") == 5000
    assert problem_in_copy(path.with_name("copy")) is None
    examine(path.with_name("copy"))
    assert {file.name for file in path.parent.iterdir()} - {"queue.db-wal", "queue.db-shm"} == {
        "queue.db",
        "copy",
    }
    assert stat.S_IMODE(path.with_name("copy").stat().st_mode) == 0o600


def test_a_copy_never_replaces_anything(path: Path) -> None:
    path.with_name("copy").write_text("mine")

    with pytest.raises(FileExistsError):
        copy_database(path, path.with_name("copy"))

    assert path.with_name("copy").read_text() == "mine"


def test_a_copy_of_nothing_is_refused_and_makes_no_database(tmp_path: Path) -> None:
    with pytest.raises(BackupNotMade):
        copy_database(tmp_path / "queue.db", tmp_path / "copy")

    assert not (tmp_path / "queue.db").exists()


def test_copying_and_checking_can_be_stopped(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup, "STEPS_BETWEEN_LOOKS", 1)

    def stop() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        copy_database(path, path.with_name("copy"), on_step=stop)
    with pytest.raises(InterruptedError):
        problem_in_copy(path, on_step=stop)


def test_a_check_is_ended_at_once_from_another_thread_and_before_it_has_begun(path: Path) -> None:
    fill(path, 200_000)
    ended: list[str] = []
    stop = Stop()

    def check() -> None:
        try:
            problem_in_copy(path, on_step=begun.set, stop=stop)
        except InterruptedError:
            ended.append("interrupted")

    begun = threading.Event()
    thread = threading.Thread(target=check)
    thread.start()
    assert begun.wait(PATIENCE_SECONDS)
    stop()
    thread.join(PATIENCE_SECONDS)
    check()

    assert ended == ["interrupted", "interrupted"]


async def test_a_backup_of_a_queue_in_use_is_made_and_is_all_there(
    path: Path, service: Backups, clock: Clock
) -> None:
    async with open_store(path, lambda _: None) as store:
        await arrive(store, "A.NEF")
        made = await service.make()
        await arrive(store, "B.NEF")

    assert made == path.parent / "backups" / named(clock.usec)
    assert count(made, "photo") == 1
    assert service.standing.newest_at == datetime.fromtimestamp(NOW // 1_000_000, UTC)
    assert [file.name for file in made.parent.iterdir()] == [made.name]


async def test_a_backup_is_made_once_a_day_and_the_newest_stay(
    path: Path, service: Backups, clock: Clock
) -> None:
    waits = []
    for _ in range(6):
        waits.append(await service.attend())
        clock.usec += DAY // 2

    made = sorted(file.name for file in (path.parent / "backups").iterdir())
    await service.attend()
    clock.usec += 30 * DAY
    await service.attend()
    later = sorted(file.name for file in (path.parent / "backups").iterdir())

    assert set(waits) == {made_by.LOOK_SECONDS}
    assert made == [named(NOW + day * DAY) for day in range(3)]
    assert later == [named(NOW + 2 * DAY), named(NOW + 3 * DAY), named(NOW + 33 * DAY)]


async def test_a_clock_that_is_set_back_loses_no_backup(path: Path, service: Backups, clock: Clock) -> None:
    clock.usec += 9999 * DAY
    await service.attend()
    clock.usec = NOW
    await service.attend()
    clock.usec += DAY
    await service.attend()
    clock.usec += DAY
    await service.attend()

    made = sorted(file.name for file in (path.parent / "backups").iterdir())

    assert made == [named(NOW), named(NOW + DAY), named(NOW + 2 * DAY)]


async def test_no_backup_is_made_where_none_is_wanted(path: Path, service: Backups) -> None:
    service.adopt(BackupSection(keep=0))

    await service.attend()

    assert not (path.parent / "backups").exists()


async def test_a_full_disk_is_said_and_the_backup_made_once_there_is_space(
    path: Path, service: Backups, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(made_by, "SPARE_BYTES", 1 << 60)
    wait = await service.attend()
    problem = service.standing.problem
    monkeypatch.setattr(made_by, "SPARE_BYTES", 0)

    await service.attend()

    assert wait == 7
    assert problem is not None
    assert "No space left" in problem
    assert service.standing.problem is None
    assert len(list((path.parent / "backups").iterdir())) == 1


@pytest.fixture
def limited_files(path: Path) -> Iterator[None]:
    """Let no file of this process grow beyond a megabyte, as if the disk were full of the database."""
    assert path.stat().st_size > 1 << 20
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.usefixtures("limited_files")
async def test_a_disk_that_fills_up_meanwhile_leaves_no_part_behind_and_every_backup(
    path: Path, service: Backups
) -> None:
    (path.parent / "backups").mkdir()
    (path.parent / "backups" / named(NOW - 9 * DAY)).write_bytes(b"an older one")

    wait = await service.attend()

    assert wait == 7
    assert service.standing.problem is not None
    assert [file.name for file in (path.parent / "backups").iterdir()] == [named(NOW - 9 * DAY)]


async def test_a_damaged_database_drives_out_no_good_backup(
    path: Path, service: Backups, clock: Clock
) -> None:
    for _ in range(3):
        await service.attend()
        clock.usec += DAY
    good = {file.name for file in (path.parent / "backups").iterdir()}
    damage(path)

    await service.attend()

    assert service.standing.problem is not None
    assert "damaged" in service.standing.problem
    assert {file.name for file in (path.parent / "backups").iterdir()} == good
    assert len(good) == 3


async def test_a_folder_that_should_be_mounted_is_not_made_up(path: Path, service: Backups) -> None:
    service.adopt(BackupSection(folder=str(path.parent / "usb" / "backups")))

    wait = await service.attend()

    assert wait == 7
    assert not (path.parent / "usb").exists()


async def test_what_a_killed_daemon_left_of_backups_is_swept_and_the_backup_made(
    path: Path, service: Backups, clock: Clock
) -> None:
    folder = path.parent / "backups"
    folder.mkdir()
    # When one is due, when it is made, and when the next one is due.
    clock.looks_left = 3
    leftovers = [folder / f".{named(NOW)}.7.part", path.with_name(".queue.db.9.part")]
    for leftover in leftovers:
        leftover.write_bytes(b"half")

    async with anyio.create_task_group() as group:
        await group.start(service.run)
        with anyio.fail_after(PATIENCE_SECONDS):
            await clock.looked_at.wait()
        group.cancel_scope.cancel()

    assert [leftover.exists() for leftover in leftovers] == [False, False]
    assert [file.name for file in folder.iterdir()] == [named(NOW)]


async def test_a_state_folder_may_be_a_link(path: Path, clock: Clock) -> None:
    link = path.parent.with_name(f"{path.parent.name}-link")
    link.symlink_to(path.parent)
    service = Backups(link / "queue.db", BackupSection(), Disks(), now_usec=clock)

    await service.attend()

    assert service.standing.problem is None
    assert [file.name for file in (path.parent / "backups").iterdir()] == [named(NOW)]


async def test_a_folder_that_is_a_loop_of_links_is_told_of_and_ends_nothing(path: Path, clock: Clock) -> None:
    loop = path.with_name("loop")
    loop.symlink_to(loop)
    # When a backup is due is found out once what was left has been swept.
    clock.looks_left = 1
    service = Backups(path, BackupSection(folder=str(loop)), Disks(), now_usec=clock, start_seconds=0)

    async with anyio.create_task_group() as group:
        await group.start(service.run)
        with anyio.fail_after(PATIENCE_SECONDS):
            await clock.looked_at.wait()
        group.cancel_scope.cancel()
    await service.attend()

    assert os.strerror(errno.ELOOP) in str(service.standing.problem)
