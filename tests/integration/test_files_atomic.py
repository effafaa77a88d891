from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from darkroomd.core.freshness import FileStat
from darkroomd.files.atomic import OutputIsFolder, OutputProtected, keep_aside, publish, write_atomically
from darkroomd.files.fingerprint import stat_of
from darkroomd.files.folders import FolderIsLink
from privileges import NOBODY, without_privileges


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def part(folder: Path, content: bytes = b"new") -> Path:
    path = folder / ".a.jpg.7.part"
    path.write_bytes(content)
    return path


def test_a_file_is_written_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a.json", b"one")
    write_atomically(tmp_path / "a.json", b"two")

    assert (tmp_path / "a.json").read_bytes() == b"two"
    assert names(tmp_path) == ["a.json"]


@pytest.mark.parametrize(("before", "after"), [(0o640, 0o640), (0o666, 0o666), (0, 0o600), (0o4755, 0o755)])
def test_a_replaced_file_passes_on_its_mode_as_far_as_that_is_wise(
    tmp_path: Path, before: int, after: int
) -> None:
    (tmp_path / "a.json").write_bytes(b"one")
    (tmp_path / "a.json").chmod(before)

    write_atomically(tmp_path / "a.json", b"two")

    assert (tmp_path / "a.json").stat().st_mode & 0o7777 == after


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
def test_what_another_user_closed_to_others_stays_closed() -> None:
    with tempfile.TemporaryDirectory() as shared:
        Path(shared).chmod(0o777)
        path = Path(shared, "a.json")
        path.write_bytes(b"one")
        path.chmod(0o640)

        with without_privileges():
            write_atomically(path, b"two")

        assert path.read_bytes() == b"two"
        assert (path.stat().st_uid, path.stat().st_mode & 0o7777) == (NOBODY, 0o640)


def test_the_longest_name_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("é" * 124 + ".rrdata")

    write_atomically(path, b"one")

    assert names(tmp_path) == [path.name]


def test_a_disk_that_takes_no_more_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"old")
    program = (
        "import resource, pathlib, sys; from darkroomd.files.atomic import write_atomically;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000));"
        "write_atomically(pathlib.Path(sys.argv[1]), bytes(2000))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=False,
        text=True,
    )

    assert "OSError" in done.stderr
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.json"]


def test_nothing_is_written_through_a_linked_folder(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "Jpg").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(FolderIsLink, match="symbolic link"):
        write_atomically(tmp_path / "Jpg" / "a.json", b"one")

    assert names(tmp_path / "elsewhere") == []


def test_a_link_that_stands_in_the_way_is_replaced_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / "a.json").symlink_to(tmp_path / "precious")

    write_atomically(tmp_path / "a.json", b"one")

    assert (tmp_path / "precious").read_bytes() == b"precious"
    assert not (tmp_path / "a.json").is_symlink()


def test_an_output_is_published_by_one_rename(tmp_path: Path) -> None:
    published = publish(part(tmp_path), tmp_path / "a.jpg", record=None)

    assert names(tmp_path) == ["a.jpg"]
    assert published.stat == stat_of(tmp_path / "a.jpg")
    assert published.kept is None


def test_our_own_older_output_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"old")

    publish(part(tmp_path), tmp_path / "a.jpg", record=stat_of(tmp_path / "a.jpg"))

    assert names(tmp_path) == ["a.jpg"]


@pytest.mark.parametrize(
    "record",
    [pytest.param(None, id="no-record"), pytest.param(FileStat(3, 12345), id="changed-since-the-record")],
)
def test_a_file_of_somebody_else_is_kept(tmp_path: Path, record: FileStat | None) -> None:
    (tmp_path / "a.jpg").write_bytes(b"theirs")
    (tmp_path / "a.jpg.bak").write_bytes(b"older")

    published = publish(part(tmp_path), tmp_path / "a.jpg", record=record)

    assert published.kept == tmp_path / "a.jpg.bak.2"
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {
        "a.jpg": b"new",
        "a.jpg.bak": b"older",
        "a.jpg.bak.2": b"theirs",
    }


def test_what_was_published_before_a_crash_is_not_kept_as_somebody_elses(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"new")

    published = publish(part(tmp_path, b"new"), tmp_path / "a.jpg", record=None)

    assert published.kept is None
    assert names(tmp_path) == ["a.jpg"]


def test_a_folder_in_the_way_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").mkdir()

    with pytest.raises(OutputIsFolder, match="Move it away"):
        publish(part(tmp_path), tmp_path / "a.jpg", record=None)

    assert names(tmp_path) == [".a.jpg.7.part", "a.jpg"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        pytest.param(0o1777, OutputProtected, id="the-file"),
        pytest.param(0o755, PermissionError, id="the-whole-folder"),
    ],
)
def test_a_file_that_may_not_be_replaced_is_told_from_a_folder_that_may_not_be_written(
    mode: int, expected: type[Exception]
) -> None:
    with tempfile.TemporaryDirectory() as shared:
        folder = Path(shared)
        (folder / "a.jpg").write_bytes(b"theirs")
        complete = part(folder)
        folder.chmod(mode)

        with without_privileges(), pytest.raises(expected, match=r"not permitted|denied"):
            publish(complete, folder / "a.jpg", record=None)

        assert names(folder) == [".a.jpg.7.part", "a.jpg"]
        assert (folder / "a.jpg").read_bytes() == b"theirs"


def test_a_pipe_in_the_way_is_kept_and_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jpg")

    published = publish(part(tmp_path), tmp_path / "a.jpg", record=None)

    assert published.kept is not None
    assert published.kept.is_fifo()


def test_a_link_in_the_way_is_kept_and_its_target_untouched(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"precious")
    (tmp_path / "a.jpg").symlink_to("precious")

    published = publish(part(tmp_path), tmp_path / "a.jpg", record=None)

    assert published.kept is not None
    assert published.kept.is_symlink()
    assert (tmp_path / "precious").read_bytes() == b"precious"
    assert (tmp_path / "a.jpg").read_bytes() == b"new"


def test_keeping_a_file_twice_keeps_it_once(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"broken")

    first = keep_aside(tmp_path / "a")
    second = keep_aside(tmp_path / "a")

    assert first == second == tmp_path / "a.bak"
    assert names(tmp_path) == ["a", "a.bak"]


def test_a_folder_is_moved_aside(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "inside").touch()

    kept = keep_aside(tmp_path / "a")

    assert names(tmp_path) == ["a.bak"]
    assert names(kept) == ["inside"]
