"""Links inside sessions, laid to lead the real daemon out of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from darkroom import Client
from darkroom.protocol.types import Photo
from forked import running
from make import make_dng
from running import Daemon

CANARY = "not for the daemon"
FENCES = 60
"""More than photos are developed here: a part file carries one of these numbers."""


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    folder = tmp_path_factory.mktemp("links").resolve()
    (folder / "root").mkdir()
    with running(folder, "--root", str(folder / "root")) as daemon:
        yield daemon


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder beside the root, with a photo and a file that nobody may touch."""
    make_dng(tmp_path / "photo.dng")
    (tmp_path / "canary").write_text(CANARY)
    (tmp_path / "empty").mkdir()
    return tmp_path


def lay(session: Path, outside: Path, place: str) -> None:
    """Prepare a session with a link in it; its photo is still to come."""
    for folder in ("Raw", "Jpg"):
        (session / folder).mkdir(parents=True, exist_ok=True)
    link = session / place
    match place:
        case "Raw" | "Jpg":
            link.rmdir()
            link.symlink_to(outside if place == "Raw" else outside / "empty")
        case "Raw/link.dng":
            link.symlink_to(outside / "photo.dng")
        case "parts":
            for fence in range(FENCES):
                (session / "Jpg" / f".photo.jpg.{fence}.part").symlink_to(outside / "canary")
        case _:
            link.symlink_to(outside / "canary")


def standing(folder: Path) -> dict[str, tuple[int, int]]:
    found = ((path, path.lstat()) for path in folder.rglob("*"))
    return {str(path): (stat.st_size, stat.st_mtime_ns) for path, stat in found}


def photos_once_ended(client: Client, name: str) -> dict[str, Photo]:
    """Wait until a session has a photo and each of them was developed or has failed; return them."""
    with client.watch() as events:
        for _ in events:
            for session in (one for one in client.list_sessions() if one.name == name):
                photos = list(client.list_photos(session.id))
                if photos and {photo.state for photo in photos} <= {"developed", "failed"}:
                    return {Path(photo.original.path or "").name: photo for photo in photos}
    raise AssertionError("The daemon stopped.")


@pytest.mark.parametrize(
    "place",
    [
        pytest.param("Raw/link.dng", id="a-raw-file"),
        pytest.param("Raw/photo.dng.rrdata", id="a-sidecar"),
        pytest.param("Raw/photo.xmp", id="a-rating"),
        pytest.param("boothy.session.json", id="the-record"),
        pytest.param("Jpg/photo.jpg", id="the-output"),
        pytest.param("parts", id="the-part-file"),
    ],
)
def test_no_link_in_a_session_leads_out_of_it(daemon: Daemon, outside: Path, place: str) -> None:
    name = place.replace("/", " ")
    session = daemon.socket.parent / "staged" / name
    lay(session, outside, place)
    before = standing(outside)

    make_dng(session / ".photo.dng").rename(session / "Raw" / "photo.dng")
    session.rename(daemon.socket.parent / "root" / name)
    with Client(daemon.socket) as client:
        photos = photos_once_ended(client, name)

    assert list(photos) == ["photo.dng"]
    assert photos["photo.dng"].failure is None
    assert (outside / "canary").read_text() == CANARY
    assert standing(outside) == before


def test_an_output_folder_that_is_a_link_is_waited_for_until_it_is_a_folder(
    daemon: Daemon, outside: Path
) -> None:
    session = daemon.socket.parent / "root" / "Jpg linked"
    lay(daemon.socket.parent / "staged" / "Jpg linked", outside, "Jpg")
    before = standing(outside)

    make_dng(outside.parent / "photo.dng").rename(
        daemon.socket.parent / "staged" / "Jpg linked" / "Raw" / "photo.dng"
    )
    (daemon.socket.parent / "staged" / "Jpg linked").rename(session)
    waits = daemon.wait_for("session_waits")
    left_alone = standing(outside)
    (session / "Jpg").unlink()
    (session / "Jpg").mkdir()
    with Client(daemon.socket) as client:
        photos = photos_once_ended(client, "Jpg linked")

    assert waits["reason"] == "session.folder_is_link"
    assert photos["photo.dng"].failure is None
    assert (session / "Jpg" / "photo.jpg").exists()
    assert left_alone == before


def test_a_raw_folder_that_is_a_link_makes_no_session(daemon: Daemon, outside: Path) -> None:
    root = daemon.socket.parent / "root"
    lay(root / "Linked", outside, "Raw")
    before = standing(outside)

    (root / "Beside" / "Raw").mkdir(parents=True)
    make_dng(root / "Beside" / ".photo.dng").rename(root / "Beside" / "Raw" / "photo.dng")
    with Client(daemon.socket) as client:
        photos_once_ended(client, "Beside")
        names = {session.name for session in client.list_sessions()}

    assert "Linked" not in names
    assert standing(outside) == before


def test_a_link_below_a_root_is_no_session(daemon: Daemon, outside: Path) -> None:
    root = daemon.socket.parent / "root"
    (outside / "elsewhere" / "Raw").mkdir(parents=True)
    make_dng(outside / "elsewhere" / "Raw" / "photo.dng")
    before = standing(outside)

    (root / "Alias").symlink_to(outside / "elsewhere")
    (root / "Real" / "Raw").mkdir(parents=True)
    make_dng(root / "Real" / ".photo.dng").rename(root / "Real" / "Raw" / "photo.dng")
    with Client(daemon.socket) as client:
        photos_once_ended(client, "Real")
        names = {session.name for session in client.list_sessions()}

    assert names.isdisjoint({"Alias", "elsewhere"})
    assert standing(outside) == before
