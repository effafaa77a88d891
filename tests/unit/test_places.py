from __future__ import annotations

from pathlib import Path

import pytest

from darkroomd.core.model import Fingerprint
from darkroomd.core.places import FolderIdentity, children, has_moved, refusal_of_root, refusal_of_session

SESSIONS = (Path("/photos/Wedding"), Path("/srv/deep/Party"))
ROOTS = (Path("/photos"),)


@pytest.mark.parametrize(
    ("folder", "reason"),
    [
        pytest.param("/photos/Party", None, id="in-a-root"),
        pytest.param("/photos/2026/Party", None, id="deeper-in-a-root"),
        pytest.param("/elsewhere", None, id="anywhere"),
        pytest.param("/photos/Wedding", None, id="known-already"),
        pytest.param("/photos/Wedding-2", None, id="a-name-that-only-begins-alike"),
        pytest.param("/", "whole disk", id="the-whole-disk"),
        pytest.param("/elsewhere/Raw", "is called Raw", id="the-raw-folder-itself"),
        pytest.param("/photos/Wedding/Raw/x", "lies inside the session", id="in-the-raw-folder-of-another"),
        pytest.param("/photos/Wedding/Jpg", "lies inside the session", id="the-output-folder-of-another"),
        pytest.param("/srv/deep", "contains the session", id="around-another"),
        pytest.param("/photos", "is, or contains, the root", id="a-root"),
    ],
)
def test_sessions_neither_overlap_nor_take_the_place_of_a_root(folder: str, reason: str | None) -> None:
    found = refusal_of_session(Path(folder), sessions=SESSIONS, roots=ROOTS)

    assert (found or "None").find(reason or "None") >= 0


@pytest.mark.parametrize(
    ("folder", "reason"),
    [
        pytest.param("/srv/deep", None, id="around-a-session"),
        pytest.param("/elsewhere", None, id="anywhere"),
        pytest.param("/photos", None, id="known-already"),
        pytest.param("/photos-2", None, id="a-name-that-only-begins-alike"),
        pytest.param("/", "whole disk", id="the-whole-disk"),
        pytest.param("/photos/2026", "lies inside the root", id="in-another"),
        pytest.param("/srv/deep/Party", "inside, the session", id="a-session"),
        pytest.param("/srv/deep/Party/Jpg", "inside, the session", id="in-a-session"),
    ],
)
def test_roots_neither_overlap_nor_lie_in_a_session(folder: str, reason: str | None) -> None:
    found = refusal_of_root(Path(folder), sessions=SESSIONS, roots=ROOTS)

    assert (found or "None").find(reason or "None") >= 0


def test_a_root_does_not_lie_around_another() -> None:
    found = refusal_of_root(Path("/photos"), sessions=(), roots=[Path("/photos/2026")])

    assert found is not None
    assert "contains the root" in found


def fingerprint(inode: int, *, size_bytes: int = 9) -> Fingerprint:
    return Fingerprint(device=1, inode=inode, size_bytes=size_bytes, mtime_ns=5, ctime_ns=6)


@pytest.mark.parametrize(
    ("known", "found", "now", "expected"),
    [
        pytest.param({"a": 1, "b": 2}, {"a": 1}, (1, 7), True, id="one-file-is-the-same"),
        pytest.param({"a": 1}, {"a": 1}, (9, 7), True, id="mounted-anew"),
        pytest.param({"a": 1}, {"a": 3}, (1, 7), False, id="the-number-was-given-again"),
        pytest.param({"a": 1}, {}, (1, 7), False, id="nothing-in-it"),
        pytest.param({}, {"a": 1}, (1, 7), True, id="it-never-held-a-photo"),
        pytest.param({}, {}, (9, 7), False, id="an-empty-one-on-another-device"),
        pytest.param({"a": 1}, {"a": 1}, (1, 8), False, id="another-folder"),
    ],
)
def test_a_folder_is_a_renamed_session_only_with_proof(
    known: dict[str, int], found: dict[str, int], now: tuple[int, int], expected: object
) -> None:
    moved = has_moved(
        {name: fingerprint(inode) for name, inode in known.items()},
        {name: fingerprint(inode) for name, inode in found.items()},
        before=FolderIdentity(1, 7),
        now=FolderIdentity(*now),
    )

    assert moved is expected


def test_what_lies_directly_in_a_folder_is_told_from_what_lies_deeper() -> None:
    folders = [Path("/photos/b"), Path("/photos/a"), Path("/photos/a/deep"), Path("/photos")]

    assert children(Path("/photos"), folders) == (Path("/photos/a"), Path("/photos/b"))
