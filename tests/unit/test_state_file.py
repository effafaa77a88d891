"""What an exported state says of itself, and where folders lie once others have moved."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroomd.core.state_faults import FoldersCollide, StateFileInvalid, StateFileTooNew
from darkroomd.core.state_file import FolderMove, all_moved, moved, new_manifest, parse_move, read_manifest

FILE = Path("/state.tar")
MANIFEST = new_manifest(
    version="1.2", schema=7, at=datetime(2026, 11, 21, 20, 30, 15, tzinfo=UTC), size_bytes=4096, sha256="ab"
)
MOVES = (
    FolderMove(Path("/srv"), Path("/mnt/disk")),
    FolderMove(Path("/srv/photos/wedding"), Path("/wedding")),
    FolderMove(Path("/a"), Path("/b")),
    FolderMove(Path("/b"), Path("/a")),
)


def test_a_manifest_is_read_as_it_was_written() -> None:
    assert read_manifest(msgspec.json.encode(MANIFEST), FILE, known_schema=7) == MANIFEST
    assert MANIFEST.created_at == "2026-11-21T20:30:15Z"


def test_what_a_newer_darkroomd_adds_to_a_manifest_is_ignored() -> None:
    text = msgspec.json.encode({**msgspec.to_builtins(MANIFEST), "colour": "blue"})

    assert read_manifest(text, FILE, known_schema=7) == MANIFEST


@pytest.mark.parametrize(
    ("change", "error"),
    [
        pytest.param({"schema": 8}, StateFileTooNew, id="schema-of-a-newer-one"),
        pytest.param({"format": 2}, StateFileTooNew, id="format-of-a-newer-one"),
        pytest.param({"kind": "another"}, StateFileInvalid, id="of-another-program"),
        pytest.param({"sizeBytes": 0}, StateFileInvalid, id="empty"),
        pytest.param({"sizeBytes": -(2**63)}, StateFileInvalid, id="less-than-empty"),
        pytest.param({"schema": 0}, StateFileInvalid, id="no-schema"),
        pytest.param({"sha256": None}, StateFileInvalid, id="no-checksum"),
    ],
)
def test_a_manifest_that_cannot_be_right_is_refused(
    change: dict[str, object], error: type[Exception]
) -> None:
    text = msgspec.json.encode({**msgspec.to_builtins(MANIFEST), **change})

    with pytest.raises(error):
        read_manifest(text, FILE, known_schema=7)


@given(st.binary(max_size=200))
def test_what_is_no_manifest_is_refused_and_no_fault_of_ours(text: bytes) -> None:
    with pytest.raises(StateFileInvalid):
        read_manifest(text, FILE, known_schema=7)


@pytest.mark.parametrize(
    ("text", "move"),
    [
        pytest.param("/old=/new", FolderMove(Path("/old"), Path("/new")), id="plain"),
        pytest.param("/old/=/new//x/", FolderMove(Path("/old"), Path("/new/x")), id="slashes"),
        pytest.param("/a=b=/c=d", FolderMove(Path("/a=b"), Path("/c=d")), id="equal-signs"),
        pytest.param(
            os.fsdecode(b"/caf\xe9=/x\n"), FolderMove(Path(os.fsdecode(b"/caf\xe9")), Path("/x\n")), id="odd"
        ),
    ],
)
def test_a_move_is_told_by_two_absolute_folders(text: str, move: FolderMove) -> None:
    assert parse_move(text) == move


@pytest.mark.parametrize("text", ["", "/old", "old=/new", "/old=new", "=/new", "/old/../x=/new", "/old=/.."])
def test_what_tells_no_move_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="two absolute folders"):
        parse_move(text)


@pytest.mark.parametrize(
    ("folder", "place"),
    [
        pytest.param("/srv/photos/party", "/mnt/disk/photos/party", id="in-a-folder-that-moved"),
        pytest.param("/srv", "/mnt/disk", id="the-folder-itself"),
        pytest.param("/srv/photos/wedding/1", "/wedding/1", id="the-longest-path-counts"),
        pytest.param("/srv2/photos", "/srv2/photos", id="a-name-that-begins-alike"),
        pytest.param("/a/x", "/b/x", id="moved-once"),
    ],
)
def test_a_folder_follows_the_one_it_lies_in(folder: str, place: str) -> None:
    assert moved(Path(folder), MOVES) == Path(place)


def test_folders_may_change_places() -> None:
    assert all_moved([Path("/a"), Path("/b")], MOVES) == {Path("/a"): Path("/b"), Path("/b"): Path("/a")}


def test_no_two_folders_may_end_in_one_place() -> None:
    with pytest.raises(FoldersCollide, match="/a/x and /b/x"):
        all_moved([Path("/a/x"), Path("/b/x")], [FolderMove(Path("/a"), Path("/b"))])
