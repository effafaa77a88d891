from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from darkroomd.core.adjustments import Lut
from darkroomd.core.cube_file import NoCube
from darkroomd.files.luts import FoundLut, find_lut

DATA = b"LUT_3D_SIZE 2\n" + b"0 0 0\n" * 8


def test_a_relative_path_starts_at_the_folder(tmp_path: Path) -> None:
    (tmp_path / "film").mkdir()
    (tmp_path / "film" / "a.cube").write_bytes(DATA)

    found = find_lut(Lut(path="film/a.cube"), folder=tmp_path)

    assert isinstance(found, FoundLut)
    assert found.path == tmp_path / "film" / "a.cube"
    assert found.sha256 == hashlib.sha256(DATA).hexdigest()


def test_an_absolute_path_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.cube"
    path.write_bytes(DATA)

    found = find_lut(Lut(path=str(path)), folder=Path("/nowhere"))

    assert isinstance(found, FoundLut)
    assert found.path == path


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_link(path: Path) -> None:
    path.symlink_to("/dev/zero")


def make_large(path: Path) -> None:
    path.touch()
    os.truncate(path, 17 << 20)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        pytest.param(Path.mkdir, "not a regular file", id="folder"),
        pytest.param(make_pipe, "not a regular file", id="pipe"),
        pytest.param(make_link, "cannot be opened", id="link"),
        pytest.param(make_large, "too large", id="large"),
        pytest.param(Path.touch, "LUT_3D_SIZE", id="empty"),
        pytest.param(Path.exists, "no such file", id="missing"),
    ],
)
def test_what_cannot_be_used_says_why(make: object, reason: str, tmp_path: Path) -> None:
    assert callable(make)
    make(tmp_path / "a.cube")

    found = find_lut(Lut(path="a.cube"), folder=tmp_path)

    assert isinstance(found, NoCube)
    assert reason in found.reason


@pytest.mark.parametrize("path", ["a" * 300, "\ud800.cube", "../" * 1300])
def test_no_path_is_too_strange(path: str, tmp_path: Path) -> None:
    assert isinstance(find_lut(Lut(path=path), folder=tmp_path), NoCube)


def test_a_file_that_was_changed_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.cube"
    path.write_bytes(DATA)
    find_lut(Lut(path="a.cube"), folder=tmp_path)
    changed = DATA.replace(b"0 0 0", b"1 1 1")

    path.write_bytes(changed)
    found = find_lut(Lut(path="a.cube"), folder=tmp_path)

    assert isinstance(found, FoundLut)
    assert found.sha256 == hashlib.sha256(changed).hexdigest()
