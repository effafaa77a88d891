"""Archives with the real daemon: where photos go, what is left out, and what stands there already."""

from __future__ import annotations

from pathlib import Path

import pytest

from darkroom.protocol.types import ItemState, JobState, Priority
from filing import archive, developed, listed, photos_of, sessions_of, standing, sums_of, take_at
from running import QUICK


def test_photos_stand_in_the_folder_of_their_year_with_all_that_belongs_to_them(tmp_path: Path) -> None:
    destination = tmp_path / "archive"
    with developed(tmp_path, [["A", "B", "C"]]) as (_, client):
        take_at(client, A=1.5, B=1.25, C=9)
        (tmp_path / "s0" / "Raw" / "A.JPG").write_bytes(b"by the camera")
        job = archive(client, destination)
        items = list(client.list_items(job.id))
        photos = photos_of(client)

    found = standing(destination)
    raw, jpeg = tmp_path / "s0" / "Raw", tmp_path / "s0" / "Jpg"
    assert (job.state, job.kind, job.priority, job.progress.completed) == (
        JobState.COMPLETED, "archive", Priority.NORMAL, 3,
    )  # fmt: skip
    assert [item.state for item in items] == [ItemState.COMPLETED] * 3
    assert {photo.state for photo in photos.values()} == {"developed"}
    assert found == {
        "2026/20260621_000001.DNG": (raw / "B.DNG").read_bytes(),
        "2026/20260621_000001.DNG.rrdata": (raw / "B.DNG.rrdata").read_bytes(),
        "2026/20260621_000001.jpg": (jpeg / "B.jpg").read_bytes(),
        "2026/20260621_000001_001.DNG": (raw / "A.DNG").read_bytes(),
        "2026/20260621_000001_001.DNG.rrdata": (raw / "A.DNG.rrdata").read_bytes(),
        "2026/20260621_000001_001.camera.JPG": b"by the camera",
        "2026/20260621_000001_001.jpg": (jpeg / "A.jpg").read_bytes(),
        "2026/20260621_000009.DNG": (raw / "C.DNG").read_bytes(),
        "2026/20260621_000009.DNG.rrdata": (raw / "C.DNG.rrdata").read_bytes(),
        "2026/20260621_000009.jpg": (jpeg / "C.jpg").read_bytes(),
    }
    assert listed(destination) == sums_of(destination)


@pytest.mark.parametrize(
    ("contents", "suffixes"),
    [
        pytest.param("outputs", {".jpg"}, id="outputs"),
        pytest.param("originals", {".DNG", ".rrdata"}, id="originals"),
        pytest.param("both", {".DNG", ".rrdata", ".jpg"}, id="both"),
    ],
)
def test_only_what_is_asked_for_is_archived(tmp_path: Path, contents: str, suffixes: set[str]) -> None:
    with developed(tmp_path) as (_, client):
        archive(client, tmp_path / "archive", contents=contents)

    assert {Path(path).suffix for path in standing(tmp_path / "archive")} == suffixes


def stamp(path: Path) -> tuple[int, int, int]:
    """Return what tells whether a file was touched, and not only read."""
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def test_what_stands_in_the_archive_already_is_skipped(tmp_path: Path) -> None:
    with developed(tmp_path) as (_, client):
        archive(client, tmp_path / "archive", contents="originals")
        before = {path: stamp(path) for path in (tmp_path / "archive").rglob("*") if path.is_file()}
        both = archive(client, tmp_path / "archive")
        again = archive(client, tmp_path / "archive")
        after = {path: stamp(path) for path in before if not path.name.startswith("SHA256SUMS")}

    assert (both.progress.completed, again.progress.skipped, again.state) == (2, 2, JobState.COMPLETED)
    assert after == {path: before[path] for path in after}
    assert len(standing(tmp_path / "archive")) == 6
    assert listed(tmp_path / "archive") == sums_of(tmp_path / "archive")


def test_several_sessions_are_one_job_and_have_a_list_of_sums_each(tmp_path: Path) -> None:
    with developed(tmp_path, [["A"], ["B"]]) as (_, client):
        job = archive(client, tmp_path / "archive")
        ids = [session.id for session in sessions_of(client)]

    assert (job.session_id, job.progress.completed) == (None, 2)
    assert sorted(path.name for path in (tmp_path / "archive").glob("SHA256SUMS.*")) == sorted(
        f"SHA256SUMS.{session}" for session in ids
    )
    assert listed(tmp_path / "archive") == sums_of(tmp_path / "archive")


def test_discarded_photos_stay_out(tmp_path: Path) -> None:
    with developed(tmp_path) as (_, client):
        client.set_discarded([photos_of(client)["A"].id], discarded=True)
        job = archive(client, tmp_path / "archive")

    assert job.progress.total == 1
    assert len(standing(tmp_path / "archive")) == 3


def test_the_configured_archive_is_used_if_nobody_names_one(tmp_path: Path) -> None:
    config = (
        f'[archive]\ndestination = "{tmp_path}/archive"\nmethod = "hardlink"\ncontents = "originals"\n{QUICK}'
    )
    with developed(tmp_path, [["A"]], config=config) as (_, client):
        job = archive(client, None)

    [raw] = (tmp_path / "archive").rglob("*.DNG")
    assert job.state is JobState.COMPLETED
    assert raw.samefile(tmp_path / "s0" / "Raw" / "A.DNG")
    assert len(standing(tmp_path / "archive")) == 2
