from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import anyio
import pytest
from structlog.testing import capture_logs

from darkroom.errors import DarkroomError
from darkroomd.core.faults import StateUnwritable
from darkroomd.core.model import Arrival, Happening, JobKind, PhotoState, WatchMode
from darkroomd.core.session_names import session_id
from darkroomd.files import mounts
from darkroomd.store.arrivals import Queued
from darkroomd.store.store import Store
from intake_house import BLIND_SECONDS, PATIENCE_SECONDS, House, at_work

pytestmark = pytest.mark.anyio

RAW = b"II*\0" + b"x" * 100


@pytest.fixture
def session(tmp_path: Path) -> Path:
    folder = tmp_path / "party"
    (folder / "Raw").mkdir(parents=True)
    return folder


def drop(session: Path, *names: str, content: bytes = RAW) -> None:
    for name in names:
        (session / "Raw" / name).write_bytes(content)


def lose_database(folder: Path) -> None:
    for path in folder.glob("queue.db*"):
        path.unlink()


def names_in(folder: Path, pattern: str = "*") -> list[str]:
    return sorted(path.name for path in folder.rglob(pattern))


def edit(session: Path, what: str) -> None:
    """Do to a developed session what people do while nobody watches."""
    raw, jpg = session / "Raw" / "a.nef", session / "Jpg" / "a.jpg"
    match what:
        case "output-deleted":
            jpg.unlink()
        case "output-altered":
            jpg.write_text("retouched by hand")
        case "output-emptied":
            jpg.write_bytes(b"")
        case "output-cut":
            jpg.write_bytes(b"\xff\xd8'a")
        case "output-cropped":
            jpg.write_bytes(b"\xff\xd8'\xff\xd9")
        case "raw-rewritten":
            raw.write_bytes(RAW + b"!")
        case "raw-touched":
            os.utime(raw, (1, 1))
        case "sidecar-edited":
            raw.with_name("a.nef.rrdata").write_text('{"adjustments": {"exposure": 1}}')
        case _:
            drop(session, "a.arw")


async def run_once(folder: Path, session: Path, expected: int) -> None:
    """Develop all that is there, and stop."""
    async with at_work(folder, sessions=[session]) as house:
        await house.until(lambda: sum(count for _, count in house.jobs()) == expected)
        await house.develop_all()


async def settled(house: House, session: Path) -> None:
    """Wait until a photo that came last was handed over: everything before it was looked at by then."""
    await house.until_watched(session)
    drop(session, "last.nef")
    await house.until_told("photo.added", "last.nef")


async def test_photos_that_were_there_become_one_job(tmp_path: Path, session: Path) -> None:
    drop(session, *(f"{number}.nef" for number in range(50)))

    async with at_work(tmp_path, sessions=[session]) as house:
        await house.until(lambda: len(house.jobs()) > 0)
        await settled(house, session)

    assert house.jobs() == [(JobKind.BACKFILL, 50), (JobKind.DEVELOP, 1)]


async def test_the_preset_is_frozen_on_disk_before_the_photo_is_queued(tmp_path: Path, session: Path) -> None:
    seen: list[tuple[str, str]] = []

    def look(happening: Happening) -> None:
        if happening.kind == "photo.added" and happening.photo is not None:
            sidecar = session / "Raw" / f"{happening.photo.name}.rrdata"
            block = json.loads(sidecar.read_text())["adjustments"]["darkroomd"]
            seen.append((happening.photo.correlation_id, block["correlationId"]))

    drop(session, "old.nef")
    async with at_work(tmp_path, sessions=[session]) as house:
        house.on_told = look
        await settled(house, session)

    assert len(seen) == 2
    assert all(photo == sidecar for photo, sidecar in seen)


async def test_one_story_runs_from_the_first_sight_to_the_queue(tmp_path: Path, session: Path) -> None:
    with capture_logs() as logs:
        async with at_work(tmp_path, sessions=[session]) as house:
            await settled(house, session)

    (arriving,) = house.of("photo.arriving", "last.nef")
    (added,) = house.of("photo.added", "last.nef")
    assert arriving.photo is not None
    assert added.photo is not None
    assert arriving.photo.state is PhotoState.ARRIVING
    assert (arriving.photo.id, arriving.photo.correlation_id) == (added.photo.id, added.photo.correlation_id)
    events = [log["event"] for log in logs if str(log.get("raw", "")).endswith("last.nef")]
    assert events == ["photo_detected", "photo_settled", "preset_frozen", "photo_queued"]


async def test_nothing_that_is_up_to_date_is_queued_again(tmp_path: Path, session: Path) -> None:
    drop(session, "a.nef", "a.dng", "b.nef")
    await run_once(tmp_path, session, 3)

    async with at_work(tmp_path, sessions=[session]) as house:
        await settled(house, session)

    assert house.jobs() == [(JobKind.DEVELOP, 1)]


async def test_a_lost_database_is_rebuilt_from_the_sessions_record(tmp_path: Path, session: Path) -> None:
    drop(session, "a.nef", "a.dng", os.fsdecode(b"\xff\n.nef"))
    await run_once(tmp_path, session, 3)
    lose_database(tmp_path)

    async with at_work(tmp_path, sessions=[session]) as house:
        await house.until(lambda: len([one for one in house.told if one.kind == "photo.added"]) == 3)
        photos = await house.store.known_photos(session_id(session))

    assert {photo.state for photo in photos.values()} == {PhotoState.DEVELOPED}
    assert house.jobs() == []


async def test_a_record_that_lies_about_a_raw_file_is_not_believed(tmp_path: Path, session: Path) -> None:
    drop(session, "a.nef", "b.nef")
    await run_once(tmp_path, session, 2)
    lose_database(tmp_path)
    drop(session, "b.nef", content=RAW[::-1])

    async with at_work(tmp_path, sessions=[session]) as house:
        await house.until(lambda: len([one for one in house.told if one.kind == "photo.added"]) == 2)

        developed = await house.develop_all()

    assert [photo.name for photo in developed] == ["b.nef"]


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("output-deleted", ["a.nef"]),
        ("output-altered", []),
        ("output-emptied", ["a.nef"]),
        ("output-cut", ["a.nef"]),
        ("output-cropped", []),
        ("raw-rewritten", ["a.nef"]),
        ("raw-touched", []),
        ("sidecar-edited", ["a.nef"]),
        ("sibling-came-before-it", ["a.arw", "a.nef"]),
    ],
)
async def test_after_a_restart_only_what_is_outdated_is_queued(
    tmp_path: Path, session: Path, what: str, expected: list[str]
) -> None:
    drop(session, "a.nef", "other.nef")
    await run_once(tmp_path, session, 2)
    edit(session, what)

    async with at_work(tmp_path, sessions=[session]) as house:
        await settled(house, session)
        await house.until(lambda: sum(count for _, count in house.jobs()) == len(expected) + 1)
        developed = await house.develop_all()

    assert sorted(photo.name for photo in developed) == [*expected, "last.nef"]


async def test_a_sibling_that_comes_later_takes_over_the_plain_name(tmp_path: Path, session: Path) -> None:
    async with at_work(tmp_path, sessions=[session]) as house:
        await house.until_watched(session)
        drop(session, "a.nef")
        await house.until_told("photo.added", "a.nef")
        await house.develop_all()
        drop(session, "a.arw")
        await house.until_told("photo.added", "a.arw")
        await house.until(lambda: len(house.jobs()) == 3)
        await house.develop_all()

    assert names_in(session / "Jpg") == ["a.jpg", "a.nef.jpg"]
    assert (session / "Jpg" / "a.jpg").read_text() == "'a.arw'"
    assert (session / "Jpg" / "a.nef.jpg").read_text() == "'a.nef'"


async def test_a_photo_that_is_written_again_is_queued_again(tmp_path: Path, session: Path) -> None:
    async with at_work(tmp_path, sessions=[session]) as house:
        await house.until_watched(session)
        drop(session, "a.nef")
        first = await house.until_told("photo.added", "a.nef")
        await house.develop_all()
        drop(session, "a.nef", content=RAW + b"more")
        await house.until(lambda: len(house.jobs()) == 2)
        developed = await house.develop_all()

    assert first.photo is not None
    assert [photo.fingerprint.size_bytes for photo in developed] == [len(RAW) + 4]
    assert developed[0].correlation_id != first.photo.correlation_id


async def test_a_photo_that_was_only_touched_is_not_developed_again(tmp_path: Path, session: Path) -> None:
    async with at_work(tmp_path, sessions=[session]) as house:
        await house.until_watched(session)
        drop(session, "a.nef")
        await house.until_told("photo.added", "a.nef")
        await house.develop_all()
        (session / "Raw" / "a.nef").chmod(0o600)
        await house.until_told("photo.arriving", "a.nef", times=2)
        await settled(house, session)
        photos = await house.store.known_photos(session_id(session))

    found = (session / "Raw" / "a.nef").stat()
    assert photos["a.nef"].state is PhotoState.DEVELOPED
    assert photos["a.nef"].fingerprint.ctime_ns == found.st_ctime_ns
    assert house.jobs() == [(JobKind.DEVELOP, 1), (JobKind.DEVELOP, 1)]


async def test_a_photo_that_goes_is_missing_and_welcome_back(tmp_path: Path, session: Path) -> None:
    raw = session / "Raw" / "a.nef"

    async with at_work(tmp_path, sessions=[session]) as house:
        await house.until_watched(session)
        drop(session, "a.nef")
        await house.until_told("photo.added", "a.nef")
        await house.develop_all()
        raw.rename(tmp_path / "a.nef")
        missing = await house.until_told("photo.missing", "a.nef")
        (tmp_path / "a.nef").rename(raw)
        await settled(house, session)
        photos = await house.store.known_photos(session_id(session))

    assert missing.photo is not None
    assert missing.photo.outputs
    assert photos["a.nef"].state is PhotoState.DEVELOPED
    assert (session / "Jpg" / "a.jpg").exists()
    assert len(house.jobs()) == 2


async def test_what_is_no_photo_is_left_alone_with_a_reason(tmp_path: Path, session: Path) -> None:
    drop(session, "picture.NEF", content=b"\xff\xd8\xff\xe0JFIF")
    drop(session, "a.jpg", "a.xmp", ".hidden.nef", "notes.txt")
    os.mkfifo(session / "Raw" / "pipe.nef")
    (session / "Raw" / "link.nef").symlink_to("/dev/zero")

    with capture_logs() as logs:
        async with at_work(tmp_path, sessions=[session]) as house:
            await settled(house, session)

    ignored = {Path(log["raw"]).name: str(log["reason"]) for log in logs if log["event"] == "file_ignored"}
    assert ignored == {
        "picture.NEF": "no_raw_content",
        "a.jpg": "finished_picture",
        "a.xmp": "sidecar",
        ".hidden.nef": "temporary_name",
        "notes.txt": "no_raw_extension",
        "pipe.nef": "no_regular_file",
        "link.nef": "symbolic_link",
    }
    assert [one.photo.name for one in house.told if one.kind == "photo.added" and one.photo] == ["last.nef"]
    assert not (session / "Raw" / "picture.NEF.rrdata").exists()


async def test_nobody_misses_a_file_that_was_no_photo(tmp_path: Path, session: Path) -> None:
    drop(session, "picture.NEF", content=b"\xff\xd8\xff\xe0JFIF")

    with capture_logs() as logs:
        async with at_work(tmp_path, sessions=[session]) as house:
            await house.until_watched(session)
            drop(session, "first.nef")
            await house.until_told("photo.added", "first.nef")
            (session / "Raw" / "picture.NEF").unlink()
            await settled(house, session)

    assert [log["event"] for log in logs if log["log_level"] != "debug" and "picture" in str(log)] == [
        "photo_detected",
        "photo_settled",
    ]
    assert not [log for log in logs if log["event"] in {"intake_interrupted", "raw_missing"}]


async def test_sessions_are_found_below_a_root_now_and_later(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "one" / "Raw").mkdir(parents=True)
    (root / "two").mkdir()
    drop(root / "one", "a.nef")

    async with at_work(tmp_path, roots=[root]) as house:
        await house.until_told("photo.added", "a.nef")
        await house.until_watched(root / "one")
        (root / "two" / "Raw").mkdir()
        drop(root / "two", "b.nef")
        (root / "three" / "Raw").mkdir(parents=True)
        drop(root / "three", "c.nef")
        await house.until_told("photo.added", "b.nef")
        await house.until_told("photo.added", "c.nef")

    assert house.jobs() == [(JobKind.BACKFILL, 1), (JobKind.DEVELOP, 1), (JobKind.DEVELOP, 1)]


async def test_a_root_that_was_deleted_and_made_anew_is_watched_again(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "one" / "Raw").mkdir(parents=True)

    async with at_work(tmp_path, roots=[root], scan_seconds=0.3) as house:
        await house.until_watched(root / "one")
        shutil.rmtree(root)
        (root / "one" / "Raw").mkdir(parents=True)
        (root / "two" / "Raw").mkdir(parents=True)
        drop(root / "one", "a.nef")
        drop(root / "two", "b.nef")
        await house.until_told("photo.added", "a.nef")
        await house.until_told("photo.added", "b.nef")
        await house.until_watched(root / "one")


async def test_a_root_that_is_replaced_by_a_link_is_away_until_it_is_a_folder_again(tmp_path: Path) -> None:
    root, kept, outside = tmp_path / "root", tmp_path / "kept", tmp_path / "outside"
    for folder in (root / "ours", outside / "theirs"):
        (folder / "Raw").mkdir(parents=True)
    drop(outside / "theirs", "a.nef")

    async with at_work(tmp_path, roots=[root], scan_seconds=0.3) as house:
        await house.until_watched(root / "ours")
        root.rename(kept)
        root.symlink_to(outside)
        with anyio.fail_after(PATIENCE_SECONDS):
            while house.intake.roots[0].mode is not WatchMode.UNAVAILABLE:  # noqa: ASYNC110 - nothing is told
                await anyio.sleep(0.01)
        sessions = set(house.intake.sessions)
        root.unlink()
        kept.rename(root)
        await house.until_watched(root / "ours")

    assert sessions == {root / "ours"}
    assert sorted(outside.rglob("*.rrdata")) == []


async def test_a_session_without_raw_is_waited_for(tmp_path: Path) -> None:
    session = tmp_path / "party"
    session.mkdir()

    async with at_work(tmp_path, sessions=[session]) as house:
        await house.until_watched(session)
        (session / "Raw").mkdir()
        drop(session, "a.nef")
        await house.until_told("photo.added", "a.nef")

    assert names_in(session) == ["Raw", "a.nef", "a.nef.rrdata"]


async def test_a_session_that_vanishes_loses_no_photo_and_comes_back(tmp_path: Path, session: Path) -> None:
    with capture_logs() as logs:
        async with at_work(tmp_path, sessions=[session], scan_seconds=0.5) as house:
            await settled(house, session)
            await house.develop_all()
            session.rename(tmp_path / "away")  # noqa: ASYNC240 - instant
            await until_mode(house, session, WatchMode.UNAVAILABLE)
            (tmp_path / "away").rename(session)
            await house.until_watched(session)
            drop(session, "after.nef")
            await house.until_told("photo.added", "after.nef")
            photos = await house.store.known_photos(session_id(session))

    assert photos["last.nef"].state is PhotoState.DEVELOPED
    assert [log["event"] for log in logs].count("session_lost") == 1
    assert house.of("photo.missing", "last.nef") == []


async def until_mode(house: House, session: Path, mode: WatchMode) -> None:
    while house.intake.watch_mode(session_id(session)) is not mode:  # noqa: ASYNC110 - nothing is told of it
        await anyio.sleep(0.01)


async def test_a_raw_folder_that_is_a_link_is_refused_in_words(tmp_path: Path) -> None:
    session = tmp_path / "party"
    session.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (session / "Raw").symlink_to(tmp_path / "elsewhere")

    with capture_logs() as logs:
        async with at_work(tmp_path, sessions=[session]) as house:
            await until_mode(house, session, WatchMode.UNAVAILABLE)

    (lost,) = [log for log in logs if log["event"] == "session_lost"]
    assert "symbolic link" in lost["problem"]


class RefusingStore(Store):
    """Refuses the first photos, as on a full disk."""

    refusals = 3

    async def arrive(self, arrival: Arrival, *, kind: JobKind, recipe: str, now_usec: int) -> Queued:
        """Refuse, then accept."""
        if self.refusals:
            self.refusals -= 1
            raise StateUnwritable("database or disk is full")
        return await super().arrive(arrival, kind=kind, recipe=recipe, now_usec=now_usec)


async def test_a_photo_that_the_store_refuses_is_tried_again(tmp_path: Path, session: Path) -> None:
    def refusing(store: Store) -> Store:
        store.__class__ = RefusingStore
        return store

    with capture_logs() as logs:
        async with at_work(tmp_path, sessions=[session], wrap=refusing) as house:
            await settled(house, session)

    refused = [log["log_level"] for log in logs if log["event"] == "photo_not_queued"]
    assert refused == ["warning", "debug", "debug"]
    assert isinstance(StateUnwritable("x"), DarkroomError)


async def test_a_photo_somebody_found_changed_settles_anew_with_the_same_story(
    tmp_path: Path, session: Path
) -> None:
    async with at_work(tmp_path, sessions=[session]) as house:
        await settled(house, session)
        (first,) = house.of("photo.added", "last.nef")
        assert first.photo is not None
        house.intake.look_again(session_id(session), "last.nef", first.photo.correlation_id)
        again = await house.until_told("photo.changed", "last.nef")

    assert again.photo is not None
    assert again.photo.correlation_id == first.photo.correlation_id
    assert len(house.jobs()) == 1


async def test_leftovers_of_a_killed_daemon_are_swept_and_nobody_elses(tmp_path: Path, session: Path) -> None:
    drop(session, ".a.nef.rrdata.5.part", ".a.nef.5.part")
    (session / ".boothy.session.json.5.part").touch()

    async with at_work(tmp_path, sessions=[session]) as house:
        await settled(house, session)

    assert names_in(session, ".*") == [".a.nef.5.part"]


async def test_a_name_the_watcher_cannot_tell_is_found_all_the_same(tmp_path: Path, session: Path) -> None:
    odd = os.fsdecode(b"\xff\n.nef")

    async with at_work(tmp_path, sessions=[session]) as house:
        await house.until_watched(session)
        drop(session, odd)
        await house.until_told("photo.added", odd)
        drop(session, "next.nef")
        await house.until_told("photo.added", "next.nef")

    assert (session / "Raw" / f"{odd}.rrdata").exists()


async def test_only_the_session_with_a_name_the_watcher_cannot_tell_is_polled(
    tmp_path: Path, session: Path
) -> None:
    odd, other = os.fsdecode(b"\xff.nef"), tmp_path / "wedding"
    (other / "Raw").mkdir(parents=True)

    with capture_logs() as logs:
        async with at_work(tmp_path, sessions=[session, other]) as house:
            await house.until_watched(session)
            drop(session, odd)
            await house.until_told("photo.added", odd)
            await house.until_watched(session, WatchMode.POLLING)
            await house.until_watched(other)
            (session / "Raw" / odd).rename(session / "Raw" / "renamed.nef")
            await house.until_told("photo.added", "renamed.nef")
            (session / "Raw" / f"{odd}.rrdata").unlink()
            await house.until_watched(session)

    assert house.intake.watch_problem is None
    assert "watch_failed" not in {line["event"] for line in logs}


async def test_a_session_on_a_share_is_polled_and_writers_are_given_time(
    tmp_path: Path, session: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "mountinfo"
    table.write_text("21 1 0:25 / / rw - nfs4 server:/photos rw\n")
    monkeypatch.setattr(mounts, "MOUNTS", table)

    async with at_work(tmp_path, sessions=[session]) as house:
        drop(session, "first.nef")
        await house.until_told("photo.added", "first.nef")
        drop(session, "a.nef")
        arriving = await house.until_told("photo.arriving", "a.nef")
        added = await house.until_told("photo.added", "a.nef")

    assert house.intake.watch_mode(session_id(session)) is WatchMode.POLLING
    assert added.at_usec - arriving.at_usec >= BLIND_SECONDS * 1_000_000


async def test_a_raw_folder_that_is_made_anew_is_watched_again(tmp_path: Path, session: Path) -> None:
    async with at_work(tmp_path, sessions=[session]) as house:
        await settled(house, session)
        replace_raw(session)
        await house.until_told("photo.missing", "last.nef")
        await house.until_watched(session)
        drop(session, "a.nef")
        await house.until_told("photo.added", "a.nef")
        drop(session, "b.nef")
        await house.until_told("photo.added", "b.nef")

    assert house.jobs()[-1] == (JobKind.DEVELOP, 1)


def replace_raw(session: Path) -> None:
    shutil.rmtree(session / "Raw")
    (session / "Raw").mkdir()


async def test_a_file_that_changes_in_a_root_all_the_time_costs_no_scan_of_the_sessions(
    tmp_path: Path,
) -> None:
    root = tmp_path / "root"
    (root / "one" / "Raw").mkdir(parents=True)

    with capture_logs() as logs:
        async with at_work(tmp_path, roots=[root]) as house:
            await settled(house, root / "one")
            before = len([log for log in logs if log["event"] == "file_ignored"])
            for number in range(40):
                scribble(root, number)
                drop(root / "one", f"{number}.txt")
                await anyio.sleep(0.01)
            await settled_again(house, root / "one")

    # A scan speaks of what it leaves alone; hints alone do not.
    assert len([log for log in logs if log["event"] == "file_ignored"]) == before


def scribble(root: Path, number: int) -> None:
    with (root / "log.txt").open("a") as file:
        file.write(f"{number}\n")


async def settled_again(house: House, session: Path) -> None:
    drop(session, "again.nef")
    await house.until_told("photo.added", "again.nef")
