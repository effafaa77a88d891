"""The client and the command line against the real daemon."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from darkroom import Client
from darkroom.cli.main import main
from darkroom.errors import InterfaceNotFound, NoSuchJob, NoSuchPhoto, NoSuchSession
from darkroom.protocol.replies import HealthReply
from darkroom.protocol.types import ItemState, JobFilter, JobState, Photo, Summary
from make import make_dng
from running import PATIENCE_SECONDS, Daemon, running

ODD_NAME = os.fsdecode(b"od\xffd\n.DNG")


@dataclass(frozen=True, slots=True)
class World:
    """A daemon with two sessions: two photos developed, one failed."""

    daemon: Daemon
    wedding: Path
    party: Path


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    wedding, party = folder / "root" / "Wedding", folder / "root" / "Party"
    for session in (wedding, party):
        (session / "Raw").mkdir(parents=True)
    good = make_dng(wedding / "Raw" / "IMG_1.DNG")
    (wedding / "Raw" / "IMG_2.DNG").write_bytes(good.read_bytes()[:-4000])
    make_dng(party / "Raw" / ODD_NAME)
    with running(folder, "--root", str(folder / "root")) as daemon:
        with Client(daemon.socket) as client, client.watch() as events:
            next(event for event in events if is_done(client))
        yield World(daemon, wedding, party)


def is_done(client: Client) -> bool:
    ended = {"developed", "failed"}
    photos = [photo for session in client.list_sessions() for photo in client.list_photos(session.id)]
    return len(photos) == 3 and all(photo.state in ended for photo in photos)


@pytest.fixture
def client(world: World) -> Iterator[Client]:
    with Client(world.daemon.socket) as client:
        yield client


def darkroom(world: World, *words: str) -> int:
    return main(["--socket", str(world.daemon.socket), *words])


def session_id(client: Client, name: str) -> str:
    return next(session.id for session in client.list_sessions() if session.name == name)


def test_the_summary_says_where_everything_stands(client: Client) -> None:
    summary = client.get_summary()

    assert (summary.queue.queued_items, summary.queue.running_items, summary.queue.failed_items) == (0, 0, 1)
    assert "1 failed" in summary.text


def test_a_healthy_daemon_says_who_it_is(world: World, client: Client) -> None:
    health = until_watched(client)

    assert [check for check in health.checks if not check.ok] == []
    assert (health.ok, health.pid) == (True, world.daemon.process.pid)


def until_watched(client: Client) -> HealthReply:
    """Return the health report once the watcher has got over the odd name, or once patience is over."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (health := client.get_health()).ok and time.monotonic() < deadline:
        # The time that a question takes is all the rest that this needs.
        client.get_summary()
    return health


def test_photos_can_be_asked_for_by_state(client: Client) -> None:
    wedding = session_id(client, "Wedding")

    failed = list(client.list_photos(wedding, states=["failed"]))
    discarded = list(client.list_photos(wedding, discarded=True))

    assert [Path(photo.original.path or "").name for photo in failed] == ["IMG_2.DNG"]
    assert [photo.failure is not None for photo in failed] == [True]
    assert discarded == []
    assert client.get_photo(failed[0].id) == failed[0]
    assert client.get_session(wedding).failed_count == 1


def test_jobs_and_their_items_can_be_asked_for(client: Client) -> None:
    failed = list(client.list_jobs(JobFilter(states=(JobState.FAILED,))))
    everything = list(client.list_jobs())

    items = [item for job in everything for item in client.list_items(job.id, states=[ItemState.FAILED])]
    assert {job.id for job in failed} <= {job.id for job in everything}
    assert client.get_job(everything[0].id) == everything[0]
    assert len(items) == 1


@pytest.mark.parametrize(
    ("method", "parameters", "error"),
    [
        pytest.param("GetSession", {"sessionId": "nobody"}, NoSuchSession, id="session"),
        pytest.param("GetPhoto", {"photoId": "\udcff\0"}, NoSuchPhoto, id="photo"),
        pytest.param("GetJob", {"jobId": 10**9}, NoSuchJob, id="job"),
        pytest.param("StartExport", {"sessionId": "nobody"}, NoSuchSession, id="export"),
        pytest.param(
            "org.varlink.service.GetInterfaceDescription",
            {"interface": "a.b"},
            InterfaceNotFound,
            id="interface",
        ),
    ],
)
def test_an_error_arrives_as_its_class(
    client: Client, method: str, parameters: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        client.call(method, parameters)


def test_the_daemon_describes_its_interfaces(client: Client) -> None:
    interfaces = client.interfaces()

    assert "io.darkroomd.Darkroom" in interfaces
    assert [f"interface {name}\n" in client.describe(name) for name in interfaces] == [True] * len(interfaces)


def test_status_is_the_summary_for_programs(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    status = darkroom(world, "status", "--json")

    (line,) = capsys.readouterr().out.splitlines()
    assert status == 0
    assert msgspec.json.decode(line, type=Summary).queue.failed_items == 1


def test_status_lists_the_sessions_for_people(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    status = darkroom(world, "status")

    lines = capsys.readouterr().out.splitlines()
    assert status == 0
    assert [line.split()[:5] for line in lines[-2:]] == [
        ["Party", "1", "1", "0", "0"],
        ["Wedding", "2", "1", "0", "1"],
    ]


def test_photos_are_one_object_a_line(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    status = darkroom(world, "photos", str(world.wedding), "--json")

    photos = [msgspec.json.decode(line, type=Photo) for line in capsys.readouterr().out.splitlines()]
    assert status == 0
    assert {photo.state for photo in photos} == {"developed", "failed"}


def test_a_failed_photo_says_why(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    status = darkroom(world, "photos", "Wedding", "--state", "failed")

    lines = capsys.readouterr().out.splitlines()
    assert status == 0
    assert len(lines) == 2
    assert "raw.truncated: " in lines[1]


def test_a_photo_whose_name_is_not_utf_8_is_found_by_its_path(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    status = darkroom(world, "show", str(world.party / "Raw" / ODD_NAME))

    lines = capsys.readouterr().out.splitlines()
    assert status == 0
    assert [line.split()[1:] for line in lines if line.startswith("state")] == [["developed"]]


def test_a_session_is_found_through_a_link(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    link = tmp_path / "link"
    link.symlink_to(world.party)

    status = darkroom(world, "show", str(link), "--json")

    assert status == 0
    assert json.loads(capsys.readouterr().out)["name"] == "Party"


def test_a_photo_that_arrives_is_told_as_it_happens(world: World, client: Client) -> None:
    with client.watch() as events:
        next(events)
        make_dng(world.party / "Raw" / "LATE.DNG")

        told = next(event.photo for event in events if event.photo and event.photo.state == "developed")

    assert [output.file.path for output in told.outputs] == [str(world.party / "Jpg" / "LATE.jpg")]


def test_watching_goes_on_when_the_daemon_is_started_again(tmp_path: Path) -> None:
    session = tmp_path / "Party"
    (session / "Raw").mkdir(parents=True)
    with running(tmp_path, "--session", str(session)) as daemon, Client(daemon.socket) as client:
        events = client.watch()
        first = next(events)
        daemon.stop()

    with running(tmp_path, "--session", str(session)), events:
        ready = next(event for event in events if event.kind == "ready")
        make_dng(session / "Raw" / "A.DNG")
        photo = next(event.photo for event in events if event.photo and event.photo.state == "developed")

    assert (first.kind, ready.kind) == ("ready", "ready")
    assert photo.outputs[0].file.path == str(session / "Jpg" / "A.jpg")
