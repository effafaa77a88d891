"""Roots and sessions that come, go and change their names while the real daemon runs."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from darkroom import Client
from darkroom.cli.main import main
from darkroom.errors import (
    InvalidParameter,
    NoSuchJob,
    NoSuchPreset,
    NoSuchRoot,
    NoSuchSession,
    PathNotAllowed,
    SessionBusy,
)
from darkroom.protocol.types import Job, JobOptions, JobState, Priority, Session
from make import make_dng
from running import PATIENCE_SECONDS, Daemon, running

ODD = os.fsdecode(b"od\xffd\n")


@dataclass(frozen=True, slots=True)
class World:
    """A daemon with an empty root, and folders that it does not know."""

    daemon: Daemon
    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "root"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("places").resolve()
    (folder / "root").mkdir()
    with running(folder, "--root", str(folder / "root")) as daemon:
        yield World(daemon, folder)


@pytest.fixture
def client(world: World) -> Iterator[Client]:
    with Client(world.daemon.socket) as client:
        yield client


def darkroom(world: World, *words: str) -> int:
    return main(["--socket", str(world.daemon.socket), *words])


def make_session(folder: Path, *names: str) -> Path:
    (folder / "Raw").mkdir(parents=True)
    for name in names:
        make_dng(folder / f".{name}").rename(folder / "Raw" / name)
    return folder


def sessions_of(client: Client) -> dict[str, Session]:
    return {session.name: session for session in client.list_sessions()}


def until(client: Client, condition: Callable[[], bool]) -> None:
    """Wait until a condition on what the daemon answers holds; looked at whenever something happens."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with client.watch() as events:
        while events.next_within(max(0.0, deadline - time.monotonic())) is not None:
            if condition():
                return
    raise AssertionError(f"It does not hold after {PATIENCE_SECONDS} s.")


def is_developed(client: Client, name: str, count: int = 1) -> bool:
    session = sessions_of(client).get(name)
    return session is not None and session.developed_count == count


def test_a_folder_becomes_a_session_with_a_job_for_what_is_in_it(world: World, client: Client) -> None:
    folder = make_session(world.folder / "solo", "a.dng", "b.dng")

    added = client.add_session(folder)
    again = client.add_session(folder)

    assert (added.created, again.created) == (True, False)
    assert again.session.id == added.session.id
    assert added.job_id is not None
    job = client.wait_job(added.job_id)
    assert (job.kind, job.state, job.progress.total) == ("backfill", JobState.COMPLETED, 2)
    assert (folder / "Jpg" / "b.jpg").exists()


def test_a_folder_without_raw_gets_one_and_has_nothing_to_do(world: World, client: Client) -> None:
    folder = world.folder / "bare"
    folder.mkdir()

    added = client.add_session(folder, preset_id="neutral")

    assert (added.created, added.job_id, added.session.preset_id) == (True, None, "neutral")
    assert (folder / "Raw").is_dir()


def test_a_folder_is_known_by_any_name_that_leads_to_it(world: World, client: Client) -> None:
    folder = make_session(world.folder / ODD)
    link = world.folder / "link"
    link.symlink_to(folder)

    first = client.add_session(folder)
    by_link = client.add_session(link)
    by_uri = client.call("AddSession", {"folder": {"uri": "file://" + quote(os.fsencode(folder))}})

    assert by_link.session.id == first.session.id == by_uri["session"]["id"]
    assert client.add_session(folder).session.folder.uri == folder.as_uri()


@pytest.mark.parametrize(
    ("place", "words"),
    [
        pytest.param("nowhere", "does not exist", id="missing"),
        pytest.param("file", "is not a folder", id="a-file"),
        pytest.param("taken/Raw", "called Raw", id="the-raw-folder-of-another"),
        pytest.param("taken/Jpg", "lies inside the session", id="the-output-folder-of-another"),
        pytest.param("around", "contains the session", id="around-a-session"),
        pytest.param("root", "is, or contains, the root", id="a-root"),
        pytest.param("raw-link", "symbolic link", id="its-raw-folder-is-a-link"),
        pytest.param("raw-file", "Not a directory", id="its-raw-folder-is-a-file"),
        pytest.param("link-to-taken/Jpg", "lies inside the session", id="by-a-link"),
        pytest.param("/proc/self", "shows the system itself", id="a-file-system-without-files"),
    ],
)
def test_a_place_where_no_session_can_be_is_refused_in_words(
    world: World, client: Client, place: str, words: str
) -> None:
    taken, around = world.folder / "taken", world.folder / "around"
    for folder in (
        taken / "Jpg",
        around,
        around / "inner",
        world.folder / "raw-link",
        world.folder / "raw-file",
    ):
        folder.mkdir(parents=True, exist_ok=True)
    (world.folder / "file").touch()
    (world.folder / "raw-file" / "Raw").touch()
    for link, target in (("raw-link/Raw", taken), ("link-to-taken", taken)):
        (world.folder / link).unlink(missing_ok=True)
        (world.folder / link).symlink_to(target)
    client.add_session(taken)
    client.add_session(around / "inner")
    before = sorted(sessions_of(client))

    with pytest.raises(PathNotAllowed) as refused:
        client.add_session(world.folder / place)

    assert words in refused.value.message
    assert sorted(sessions_of(client)) == before


@pytest.mark.parametrize(
    ("folder", "error"),
    [
        pytest.param({}, InvalidParameter, id="neither"),
        pytest.param({"path": "/a", "uri": "file:///a"}, InvalidParameter, id="both"),
        pytest.param({"uri": "http://example.org/a"}, InvalidParameter, id="elsewhere"),
        pytest.param({"path": "relative"}, PathNotAllowed, id="relative"),
        pytest.param({"path": ""}, PathNotAllowed, id="empty"),
        pytest.param({"path": "/"}, PathNotAllowed, id="the-whole-disk"),
        pytest.param({"uri": "file:///a%00b"}, PathNotAllowed, id="no-name-a-disk-can-hold"),
        pytest.param({"path": "/" + "x" * 5000}, PathNotAllowed, id="endless"),
    ],
)
@pytest.mark.parametrize("method", ["AddSession", "AddRoot"])
def test_a_folder_is_named_in_one_way_and_in_full(
    client: Client, method: str, folder: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        client.call(method, {"folder": folder})


def test_an_unknown_preset_changes_nothing(world: World, client: Client) -> None:
    folder = world.folder / "fancy"
    folder.mkdir()

    with pytest.raises(NoSuchPreset):
        client.add_session(folder, preset_id="no-such-look")

    assert "fancy" not in sessions_of(client)
    assert not (folder / "Raw").exists()


def test_a_removed_session_stays_forgotten_until_it_goes_and_comes_back(world: World, client: Client) -> None:
    folder = make_session(world.root / "Gala", "a.dng")
    until(client, lambda: is_developed(client, "Gala"))
    gala = sessions_of(client)["Gala"]
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.*") if "boothy" not in path.name}
    with client.watch(kinds=["session.removed"]) as events:
        next(events)

        client.remove_session(gala.id)

        assert next(event for event in events if event.session).session.id == gala.id  # type: ignore[union-attr]  # just asked
    with pytest.raises(NoSuchSession):
        client.remove_session(gala.id)
    # Another session is found by the same look at the root.
    make_session(world.root / "Fair", "a.dng")
    until(client, lambda: is_developed(client, "Fair"))
    assert "Gala" not in sessions_of(client)
    assert before == {path: path.stat().st_mtime_ns for path in before}

    away = folder.rename(world.folder / "away")
    make_session(world.root / "Ball", "a.dng")
    until(client, lambda: is_developed(client, "Ball"))
    away.rename(folder)

    until(client, lambda: is_developed(client, "Gala"))


def test_a_session_with_work_is_only_removed_with_its_jobs(world: World, client: Client) -> None:
    client.pause_queue()
    added = client.add_session(make_session(world.folder / "busy", "a.dng", "b.dng"))
    assert added.job_id is not None
    with pytest.raises(SessionBusy) as busy:
        client.remove_session(added.session.id)
    still = client.get_job(added.job_id).state

    client.remove_session(added.session.id, cancel_jobs=True)
    client.resume_queue()

    assert busy.value.context["job_ids"] == (added.job_id,)
    assert still == JobState.QUEUED
    with pytest.raises(NoSuchJob):
        client.get_job(added.job_id)
    assert "busy" not in sessions_of(client)
    assert not (world.folder / "busy" / "Jpg").exists()


def test_a_session_that_was_removed_with_its_jobs_is_developed_once_it_is_added_again(
    world: World, client: Client
) -> None:
    folder = world.folder / "again"
    (folder / "Raw").mkdir(parents=True)
    # It takes long enough to be at work on it when the session is removed.
    for name in ("a.dng", "b.dng"):
        make_dng(folder / "Raw" / name, width=3000, height=2000)
    before = client.add_session(folder).session.id
    until(client, lambda: any(client.list_photos(before, states=["developing"])))
    client.remove_session(before, cancel_jobs=True)

    added = client.add_session(folder)

    assert added.job_id is not None
    progress = client.wait_job(added.job_id).progress
    # The first may have been developed before it was removed.
    assert (progress.completed, progress.total) in {(1, 1), (2, 2)}
    assert [photo.state for photo in client.list_photos(added.session.id)] == ["developed", "developed"]


def test_a_renamed_session_keeps_its_id_and_its_history(world: World, client: Client) -> None:
    folder = make_session(world.root / f"Before{ODD}", "a.dng")
    until(client, lambda: is_developed(client, "Beforeod d"))
    before = sessions_of(client)["Beforeod d"]
    photo = next(client.list_photos(before.id))
    jobs = [job.id for job in client.list_jobs()]

    after = folder.rename(world.root / "After")

    until(client, lambda: "After" in sessions_of(client))
    session = sessions_of(client)["After"]
    make_dng(after / ".b.dng").rename(after / "Raw" / "b.dng")
    until(client, lambda: is_developed(client, "After", 2))
    moved = client.get_photo(photo.id)
    assert (session.id, session.folder.path) == (before.id, str(after))
    assert moved.outputs[0].file.path == str(after / "Jpg" / "a.jpg")
    assert moved.outputs[0].created_at_usec == photo.outputs[0].created_at_usec
    assert len(list(client.list_jobs())) == len(jobs) + 1
    make_session(folder, "c.dng")
    until(client, lambda: any(name.startswith("Before") and one.id != before.id
                              for name, one in sessions_of(client).items()))  # fmt: skip


def test_a_session_that_goes_waits_and_comes_back_as_it_was(world: World, client: Client) -> None:
    folder = make_session(world.root / "Tour", "a.dng")
    until(client, lambda: is_developed(client, "Tour"))
    tour = sessions_of(client)["Tour"]

    away = folder.rename(world.folder / "tour-away")
    world.daemon.wait_for("session_lost", session=tour.id)
    gone = client.get_session(tour.id)
    away.rename(folder)
    world.daemon.wait_for("session_found", session=tour.id)

    back = client.get_session(tour.id)
    assert (gone.watched, gone.watch_mode, gone.failed_count) == (False, "unavailable", 0)
    assert (back.watched, back.developed_count, back.pending_count) == (True, 1, 0)


def test_a_session_that_is_replaced_by_a_link_is_neither_read_nor_written(
    world: World, client: Client
) -> None:
    elsewhere = make_session(world.folder / "elsewhere", "secret.dng")
    folder = make_session(world.root / "Trap", "a.dng")
    until(client, lambda: is_developed(client, "Trap"))
    trap = sessions_of(client)["Trap"]

    folder.rename(world.folder / "trap-away")
    folder.symlink_to(elsewhere)
    world.daemon.wait_for("session_lost", session=trap.id)
    make_session(world.root / "Later", "a.dng")
    until(client, lambda: is_developed(client, "Later"))

    assert [photo.original.path for photo in client.list_photos(trap.id)] == [str(folder / "Raw" / "a.dng")]
    assert sorted(path.name for path in elsewhere.rglob("*")) == ["Raw", "secret.dng"]


def test_a_rescan_queues_what_has_no_jpeg_and_asks_only_once(world: World, client: Client) -> None:
    folder = make_session(world.root / "Scan", "a.dng", "b.dng", "c.dng")
    until(client, lambda: is_developed(client, "Scan", 3))
    session_id = sessions_of(client)["Scan"].id
    nothing = client.rescan_session(session_id)
    client.pause_queue()
    (folder / "Raw" / "a.dng.rrdata").write_text('{"adjustments": {"exposure": 1.0}}')
    options = JobOptions(priority=Priority.HIGH, paused=True, label="again", creator="test",
                         idempotency_key="k", correlation_id="story")  # fmt: skip
    # In one go, so that the rescan is asked for before the daemon has found out by itself.
    (folder / "Jpg").rename(world.folder / "taken away")

    first = client.rescan_session(session_id, options)
    second = client.rescan_session(session_id, options)
    third = client.rescan_session(session_id)

    assert (nothing.job_id, nothing.item_count) == (None, 0)
    assert second == first
    assert third.job_id is None
    assert first.job_id is not None
    job = client.get_job(first.job_id)
    assert (job.kind, job.priority, job.label, job.creator, job.correlation_id, job.creator_uid) == (
        "backfill", Priority.HIGH, "again", "test", "story", os.getuid(),
    )  # fmt: skip
    assert (job.state, job.progress.total) == (JobState.PAUSED, first.item_count)
    client.resume_queue()
    client.resume_jobs([first.job_id])
    until(client, lambda: is_developed(client, "Scan", 3))
    with pytest.raises(NoSuchSession):
        client.rescan_session("nobody")


def test_a_rescan_of_a_folder_that_is_away_queues_nothing(world: World, client: Client) -> None:
    folder = make_session(world.root / "Gone", "a.dng")
    until(client, lambda: is_developed(client, "Gone"))
    session_id = sessions_of(client)["Gone"].id
    folder.rename(world.folder / "gone-away")

    with pytest.raises(PathNotAllowed) as refused:
        client.rescan_session(session_id)

    assert "Put it back" in refused.value.message


def test_a_session_that_is_added_once_more_stays_as_it_is_and_says_so(
    world: World, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = make_session(world.folder / "twice", "A.DNG")

    assert darkroom(world, "session", "add", str(folder)) == 0
    first = capsys.readouterr().out.splitlines()
    until(client, lambda: sessions_of(client)["twice"].developed_count == 1)
    assert darkroom(world, "session", "add", str(folder), "--preset", "bw") == 0
    second = capsys.readouterr().out.splitlines()

    assert first[1].endswith("develops what is in it.")
    assert second[1:] == [
        "It keeps the preset that it had: `darkroom session preset twice bw` gives it this one."
    ]


def test_a_root_brings_its_sessions_and_takes_away_those_that_nobody_added(
    world: World, client: Client
) -> None:
    root = world.folder / "second"
    make_session(root / "One", "a.dng")
    make_session(root / "Two", "a.dng")
    kept = client.add_session(root / "Two")

    added = client.add_root(root)
    until(client, lambda: is_developed(client, "One") and is_developed(client, "Two"))
    listed = {one.folder.path: one for one in client.list_roots()}
    client.remove_root(added.root.id)

    assert added.created
    assert (listed[str(root)].session_count, listed[str(root)].id) == (2, added.root.id)
    assert "One" not in sessions_of(client)
    assert client.get_session(kept.session.id).watched
    with pytest.raises(NoSuchRoot):
        client.remove_root(added.root.id)


def test_a_root_with_work_in_one_session_stays_with_all_of_them(world: World, client: Client) -> None:
    root = world.folder / "half"
    make_session(root / "Done", "a.dng")
    added = client.add_root(root)
    until(client, lambda: is_developed(client, "Done"))
    [done] = jobs_of(client, "Done")
    client.pause_queue()
    make_session(root / "Awaited", "a.dng")
    until(client, lambda: bool(jobs_of(client, "Awaited")))

    with pytest.raises(SessionBusy):
        client.remove_root(added.root.id)
    still = client.get_job(done.id)
    listed = {one.folder.path for one in client.list_roots()}
    client.resume_queue()
    until(client, lambda: is_developed(client, "Awaited"))
    client.remove_root(added.root.id)

    assert still == done
    assert str(root) in listed
    assert str(root) not in {one.folder.path for one in client.list_roots()}


def jobs_of(client: Client, name: str) -> list[Job]:
    ids = {session.id for session in client.list_sessions() if session.name == name}
    return [job for job in client.list_jobs() if job.session_id in ids]


@pytest.mark.parametrize(
    ("place", "words"),
    [
        pytest.param("root/deep", "inside the root", id="in-a-root"),
        pytest.param("", "contains the root", id="around-a-root"),
        pytest.param("inhabited", "the session", id="a-session"),
        pytest.param("nowhere", "does not exist", id="missing"),
        pytest.param("/sys/kernel", "shows the system itself", id="a-file-system-without-files"),
    ],
)
def test_a_place_where_no_root_can_be_is_refused_in_words(
    world: World, client: Client, place: str, words: str
) -> None:
    (world.root / "deep").mkdir(exist_ok=True)
    client.add_session(_made(world.folder / "inhabited"))

    with pytest.raises(PathNotAllowed) as refused:
        client.add_root(world.folder / place)

    assert words in refused.value.message


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


def test_the_command_line_adds_lists_rescans_and_removes(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_session(world.folder / "typed")
    _made(world.folder / "third")
    monkeypatch.chdir(world.folder)
    done = [
        darkroom(world, *line.split())
        for line in (
            "session add typed",
            "session add typed",
            "session rescan typed",
            "session remove typed",
            "root add third",
            "root list",
            "root remove third",
        )
    ]
    text = capsys.readouterr().out

    status = darkroom(world, "session", "remove", "typed")
    darkroom(world, "root", "list", "--json")

    assert (done, status) == ([0] * 7, 5)
    assert "typed is a session now: typed (" in text
    assert "typed was a session already" in text
    assert "Nothing to do" in text
    assert "third is watched no more" in text
    assert [json.loads(line)["folder"]["path"] for line in capsys.readouterr().out.splitlines()] == [
        str(world.root)
    ]


def test_what_was_added_and_removed_is_so_after_a_restart(tmp_path: Path) -> None:
    named = make_session(tmp_path / "root" / "Named", "a.dng").parent
    make_session(tmp_path / "root" / "Left", "a.dng")
    make_session(tmp_path / "other" / "Found", "a.dng")
    with running(tmp_path, "--root", str(named)) as daemon, Client(daemon.socket) as client:
        client.add_root(tmp_path / "other")
        client.add_session(make_session(tmp_path / "solo", "a.dng"))
        until(client, lambda: sum(one.developed_count for one in client.list_sessions()) == 4)
        client.remove_session(sessions_of(client)["Left"].id)
        before = {one.id for one in client.list_sessions()}
        daemon.stop()

    with running(tmp_path) as daemon, Client(daemon.socket) as client:
        daemon.wait_for_all("session_found", 2)
        alone = [one.name for one in client.list_sessions() if one.watched]
        daemon.stop()
    with running(tmp_path, "--root", str(named)) as daemon, Client(daemon.socket) as client:
        daemon.wait_for_all("session_found", 3)
        after = {one.id for one in client.list_sessions() if one.watched}
        jobs = [job.kind for job in client.list_jobs()]

    assert sorted(alone) == ["Found", "solo"]
    assert after == before
    assert len(jobs) == 3
