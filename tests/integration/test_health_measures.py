"""What is measured for the health report, on real disks, databases and tables."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import anyio
import pytest

from darkroom.protocol.types import ItemState
from darkroomd.core.checks.folders import Need
from darkroomd.core.checks.machine import Inotify, Memory
from darkroomd.core.faults import StateUnreadable
from darkroomd.core.status import Check
from darkroomd.files.machine import files_allowed, files_open, inotify_granted, memory_in_use
from darkroomd.files.rights import obstacles_in
from darkroomd.files.volumes import Volume, room_in, volumes_of
from darkroomd.services import health_records
from darkroomd.services.health_probes import Probe
from darkroomd.services.health_records import Records
from darkroomd.services.health_round import Examination, HealthRound
from darkroomd.store.database import open_database
from darkroomd.store.inspection import Inspection, Scan, scan_pages, sizes_of
from darkroomd.store.store import open_store
from standing import FAILURE, Standing

PATIENCE_SECONDS = 30.0
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")


@pytest.fixture
def session(tmp_path: Path) -> Path:
    for folder in ("Raw", "Jpg"):
        (tmp_path / "party" / folder).mkdir(parents=True)
    return tmp_path / "party"


@pytest.fixture
def read_only(session: Path) -> Iterator[Path]:
    mounted = subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", "ro", "none", str(session / "Jpg")],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"nothing can be mounted here: {mounted.stderr.decode()}")
    yield session
    subprocess.run(["/bin/umount", str(session / "Jpg")], check=True)


def test_nothing_is_in_the_way_where_all_is_allowed(session: Path) -> None:
    assert obstacles_in([session], outputs=[Path("Jpg"), Path("web")], seconds=9.0) == [()]


def test_folders_that_are_not_there_are_not_in_the_way(tmp_path: Path) -> None:
    assert obstacles_in([tmp_path / "gone"], outputs=[Path("Jpg")], seconds=9.0) == [()]


def test_the_look_ends_when_its_time_is_up(session: Path) -> None:
    found = obstacles_in([session] * 100, outputs=[Path("Jpg")], seconds=-1.0)

    assert found == [()]


@ROOT_ONLY
def test_a_read_only_mount_is_seen_through_whatever_modes_say(read_only: Path) -> None:
    [[obstacle]] = obstacles_in([read_only], outputs=[Path("Jpg")], seconds=9.0)

    assert (obstacle.folder, obstacle.need) == (read_only / "Jpg", Need.OUTPUTS)
    assert obstacle.reason == "Read-only file system"


NOT_ALLOWED = """
import os, sys
from pathlib import Path
from darkroomd.files.rights import obstacles_in
os.setgroups([]); os.setgid(65534); os.setuid(65534)
[found] = obstacles_in([Path(sys.argv[1])], outputs=[Path("Jpg")], seconds=9.0)
print(*sorted(f"{one.folder.name} {one.need}" for one in found), sep="\\n")
"""


@ROOT_ONLY
@pytest.mark.parametrize(
    ("modes", "expected"),
    [
        pytest.param((0o777, 0o777, 0o777), "", id="all-open"),
        pytest.param((0o700, 0o777, 0o777), "Raw read", id="raw-closed"),
        pytest.param((0o744, 0o777, 0o777), "Raw read", id="raw-listed-and-not-entered"),
        pytest.param((0o755, 0o777, 0o777), "Raw sidecars", id="raw-read-only"),
        pytest.param((0o777, 0o755, 0o777), "Jpg outputs", id="outputs-read-only"),
        pytest.param((0o777, 0o777, 0o755), "party record", id="record-read-only"),
    ],
)
def test_another_user_is_refused_as_the_system_refuses(
    tmp_path: Path, session: Path, modes: tuple[int, int, int], expected: str
) -> None:
    common = Path(tempfile.gettempdir())
    for folder in (tmp_path, *(parent for parent in tmp_path.parents if common in parent.parents)):
        folder.chmod(0o755)
    for folder, mode in zip((session / "Raw", session / "Jpg", session), modes, strict=True):
        folder.chmod(mode)

    done = subprocess.run(
        [sys.executable, "-c", NOT_ALLOWED, str(session)], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == expected


def test_room_is_what_may_still_be_written(tmp_path: Path) -> None:
    room = room_in(tmp_path)

    assert 0 < room.free_bytes < 1 << 60
    with pytest.raises(FileNotFoundError):
        room_in(tmp_path / "gone")


@pytest.mark.skipif(sys.platform != "linux", reason="the table of mounts is Linux's")
def test_folders_on_one_disk_have_one_volume(tmp_path: Path) -> None:
    found = volumes_of([tmp_path / "a", tmp_path / "b", Path("/proc/self")])

    assert found[tmp_path / "a"] == found[tmp_path / "b"]
    assert found[Path("/proc/self")] == Volume(Path("/proc"), "proc")


def tables(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_a_container_s_own_bound_on_watches_counts(tmp_path: Path) -> None:
    folder = tables(
        tmp_path,
        sys__fs__inotify__max_user_watches="65536\n",
        sys__user__max_inotify_watches="1000\n",
        sys__fs__inotify__max_user_instances="128\n",
        sys__fs__inotify__max_queued_events="16384\n",
    )

    granted = inotify_granted(wanted=3, tables=folder)

    assert granted == Inotify(wanted=3, watches=1000, instances=128, queued_events=16384)


def test_memory_is_read_with_the_least_bound_of_all_groups(tmp_path: Path) -> None:
    folder = tables(
        tmp_path / "proc",
        self__status="Name:\tx\nVmRSS:\t   40 kB\n",
        meminfo="MemTotal: 9 kB\nMemAvailable:    100 kB\n",
        self__cgroup="0::/system.slice/darkroomd.service\n",
    )
    groups = tmp_path / "groups"
    service = groups / "system.slice" / "darkroomd.service"
    service.mkdir(parents=True)
    (service / "memory.max").write_text("max\n")
    (service.parent / "memory.max").write_text("5000\n")

    assert memory_in_use(tables=folder, groups=groups) == Memory(40 * 1024, 100 * 1024, 5000)


def test_a_system_without_tables_tells_nothing(tmp_path: Path) -> None:
    assert inotify_granted(wanted=3, tables=tmp_path) == Inotify(wanted=3)
    assert memory_in_use(tables=tmp_path, groups=tmp_path) == Memory()


def test_open_files_are_counted(tmp_path: Path) -> None:
    before = files_open()
    with (tmp_path / "a").open("w"):
        during = files_open()

    assert None not in {before, during, files_allowed()}
    assert during == (before or 0) + 1


@pytest.mark.anyio
async def test_a_sound_database_is_looked_through_while_it_is_open(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    async with open_store(path, lambda _: None) as store:
        scan = scan_pages(path, seconds=9.0)
        sizes = sizes_of(path)
        inspection = Inspection(store.front)

        assert (scan.problem, scan.complete) == (None, True)
        assert sizes is not None
        assert sizes.database > 0
        assert await inspection.failures(since_usec=0) == {}
        assert await inspection.newest_usec() is None
        assert await inspection.photos_ahead(of_usec=0) == 0


@pytest.mark.anyio
async def test_a_photo_that_failed_twice_is_one_photo(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    with closing(open_database(path)) as database:
        standing = Standing(database)
        standing.open()
        for _ in range(2):
            standing.arrive("A.NEF")
            standing.start()
            assert standing.end(ItemState.FAILED)
    async with open_store(path, lambda _: None) as store:
        failed = await Inspection(store.front).failures(since_usec=0)

    assert failed == {FAILURE.code: 1}


def test_a_file_that_cannot_be_read_through_is_not_taken_for_damaged(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("CREATE TABLE t (a TEXT)")
        database.execute("BEGIN EXCLUSIVE")
        scan = scan_pages(path, seconds=9.0)

    assert scan == Scan(problem=None, complete=False)
    assert sizes_of(tmp_path / "gone.db") is None


def test_damage_in_the_middle_of_a_database_is_found(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE t (a TEXT)")
        database.executemany("INSERT INTO t VALUES (?)", (("x" * 500,) for _ in range(500)))
        database.commit()
    with path.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * 4096)

    scan = scan_pages(path, seconds=9.0)

    assert scan.problem is not None


def test_a_look_at_pages_ends_when_its_time_is_up(tmp_path: Path) -> None:
    path = tmp_path / "queue.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE t (a TEXT)")
        database.executemany("INSERT INTO t VALUES (?)", (("x" * 500,) for _ in range(5000)))
        database.commit()

    scan = scan_pages(path, seconds=-1.0)

    assert (scan.problem, scan.complete) == (None, False)


@pytest.mark.anyio
async def test_what_cannot_be_looked_at_is_told_and_holds_up_nothing_else() -> None:
    async def refused() -> tuple[Check, ...]:
        raise StateUnreadable("locked")

    async def failing() -> tuple[Check, ...]:
        raise PermissionError(errno.EACCES, "no")

    async def well() -> tuple[Check, ...]:
        return (Check("b", ok=True, message="Well."), Check("c", ok=True, message="Well."))

    checks = await HealthRound(
        [Examination("a", refused), Examination("b", well), Examination("d", failing)]
    )()

    assert [(check.name, check.ok) for check in checks] == [
        ("a", False),
        ("b", True),
        ("c", True),
        ("d", False),
    ]
    assert checks[-1].message == "This could not be looked at: Permission denied."
    assert "locked" in checks[0].message


@pytest.mark.anyio
async def test_an_answer_that_takes_long_is_given_to_who_asks_later() -> None:
    go, asked = anyio.Event(), 0

    async def ask() -> int:
        nonlocal asked
        asked += 1
        await go.wait()
        return asked

    probe = Probe(ask, keep_seconds=1000.0)
    async with anyio.create_task_group() as group:
        await group.start(probe.run)
        first = await probe.newest(within_seconds=0.0)
        go.set()
        second = await probe.newest(within_seconds=30.0)
        third = await probe.newest(within_seconds=0.0)
        group.cancel_scope.cancel()

    assert first is None
    assert second is not None
    assert third == second
    assert asked == 1


@pytest.mark.anyio
async def test_a_state_folder_whose_disk_does_not_answer_holds_nobody_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = threading.Event()
    monkeypatch.setattr(health_records, "DISK_SECONDS", 0.01)
    monkeypatch.setattr(health_records, "sizes_of", lambda _: answers.wait(PATIENCE_SECONDS))
    async with open_store(tmp_path / "queue.db", lambda _: None) as store:
        records = Records(store, Inspection(store.front), tmp_path / "queue.db", now_usec=lambda: 0)

        try:
            with pytest.raises(TimeoutError):
                await records.examine()
        finally:
            answers.set()
