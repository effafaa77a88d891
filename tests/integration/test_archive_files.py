from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path

import pytest

from darkroomd.core.archive_plan import Standing
from darkroomd.files.archive import (
    ArchiveFolderBlocked,
    Canceled,
    SourceUnreadable,
    archive_part,
    hash_sources,
    hash_standing,
    look_at,
    make_destination,
    open_archive_folder,
    sweep_parts,
)
from darkroomd.files.folders import FolderIsLink
from privileges import let_all_in, without_privileges


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def archive(top: Path) -> Path:
    folder = top / "archive" / "2026"
    folder.mkdir(parents=True)
    return folder


def test_a_look_tells_the_sizes_of_files_and_that_the_rest_are_none(tmp_path: Path) -> None:
    folder = archive(tmp_path)
    (folder / "a.NEF").write_bytes(b"four")
    (folder / "folder").mkdir()
    (folder / "link").symlink_to("a.NEF")
    os.mkfifo(folder / "pipe")
    Path(os.fsdecode(os.fsencode(folder) + b"/not utf-8 \xff")).write_bytes(b"")

    bases = ("a", "folder", "link", "pipe", "not utf-8 \udcff")
    found = look_at(folder.parent, {"2026": bases, "unknown": bases})

    names = {"a.NEF": 4, "folder": None, "link": None, "pipe": None, "not utf-8 \udcff": 0}
    assert found == Standing({"2026": names, "unknown": {}})


def test_a_look_leaves_out_what_bears_on_no_photo(tmp_path: Path) -> None:
    folder = archive(tmp_path)
    for name in ("a.NEF", "A_002.jpg", "a_2.NEF", "ab.NEF", ".a.NEF.7.part", "b.NEF"):
        (folder / name).touch()

    found = look_at(folder.parent, {"2026": ["a"]})

    assert found == Standing({"2026": {"a.NEF": 0, "A_002.jpg": 0}})


def test_a_look_can_be_canceled(tmp_path: Path) -> None:
    (archive(tmp_path) / "a.NEF").touch()

    with pytest.raises(Canceled):
        look_at(tmp_path / "archive", {"2026": []}, canceled=lambda: True)


def test_an_archive_that_is_gone_is_not_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="archive"):
        look_at(tmp_path / "archive", {"2026": []})

    with pytest.raises(FileNotFoundError, match="archive"):
        hash_standing(tmp_path / "archive", ["2026/a.NEF"])


@pytest.mark.parametrize("of", ["folder", "archive", "file"])
def test_a_link_or_a_file_in_place_of_a_folder_is_refused(tmp_path: Path, of: str) -> None:
    elsewhere = archive(tmp_path / "elsewhere")
    (elsewhere / "a.NEF").write_bytes(b"a")
    (tmp_path / "archive").mkdir()
    places = {"folder": tmp_path / "archive" / "2026", "archive": tmp_path / "linked"}
    targets = {"folder": elsewhere, "archive": elsewhere.parent}
    for name, place in places.items():
        place.symlink_to(targets[name])
    (tmp_path / "file").write_bytes(b"")
    destination = {"folder": tmp_path / "archive", "archive": tmp_path / "linked", "file": tmp_path}[of]
    name = {"file": "file"}.get(of, "2026")

    with pytest.raises(ArchiveFolderBlocked, match="Move it away"):
        look_at(destination, {name: []})
    with pytest.raises(ArchiveFolderBlocked), open_archive_folder(destination, name, make=True):
        pytest.fail("it was opened")
    with pytest.raises(ArchiveFolderBlocked):
        hash_standing(destination, [f"{name}/a.NEF"])
    with pytest.raises(ArchiveFolderBlocked):
        sweep_parts(destination, [name], dead=[1])


def test_folders_are_made_once(tmp_path: Path) -> None:
    for _ in range(2):
        make_destination(tmp_path / "archive")
        with open_archive_folder(tmp_path / "archive", "2026", make=True) as folder:
            assert os.listdir(folder) == []  # noqa: PTH208 - the open folder, not its path

    with pytest.raises(FileNotFoundError):
        make_destination(tmp_path / "gone" / "archive")


def test_a_destination_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "archive").write_bytes(b"")

    with pytest.raises(ArchiveFolderBlocked, match="archive"):
        make_destination(tmp_path / "archive")


def test_files_in_an_archive_are_hashed_and_what_is_none_is_not_opened(tmp_path: Path) -> None:
    folder = archive(tmp_path)
    (folder / "a.NEF").write_bytes(b"content")
    (folder / "link").symlink_to("a.NEF")
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "socket"))

    found = hash_standing(
        folder.parent, [f"2026/{name}" for name in ("a.NEF", "link", "folder", "pipe", "socket", "gone")]
    )

    assert found == {"2026/a.NEF": sha256(b"content")} | {
        f"2026/{name}": None for name in ("link", "folder", "pipe", "socket", "gone")
    }


def test_another_users_secret_is_nothing_of_ours(tmp_path: Path) -> None:
    folder = archive(tmp_path)
    (folder / "a.NEF").write_bytes(b"content")
    (folder / "a.NEF").chmod(0)
    let_all_in(folder)

    with without_privileges():
        assert hash_standing(folder.parent, ["2026/a.NEF"]) == {"2026/a.NEF": None}


def test_sources_are_hashed(tmp_path: Path) -> None:
    path = tmp_path / "Raw" / "a.NEF"
    path.parent.mkdir()
    path.write_bytes(b"content")
    path.with_name("link").symlink_to(path)

    found = hash_sources([path, path.with_name("link"), path.with_name("gone"), path.parent])

    assert list(found.values()) == [sha256(b"content"), None, None, None]


def test_a_session_that_is_gone_or_linked_is_told_from_a_file_that_is_gone(tmp_path: Path) -> None:
    (tmp_path / "Raw").symlink_to(tmp_path)

    with pytest.raises(FolderIsLink):
        hash_sources([tmp_path / "Raw" / "a.NEF"])
    with pytest.raises(SourceUnreadable, match="gone"):
        hash_sources([tmp_path / "gone" / "Raw" / "a.NEF"])


def test_hashing_stops_within_a_megabyte(tmp_path: Path) -> None:
    path = tmp_path / "Raw" / "a.NEF"
    path.parent.mkdir()
    path.touch()
    os.truncate(path, 1 << 40)
    asked: list[None] = []

    def canceled() -> bool:
        asked.append(None)
        return len(asked) > 3

    with pytest.raises(Canceled):
        hash_sources([path], canceled=canceled)

    assert len(asked) == 4


def test_parts_of_dead_copies_are_removed_and_nothing_else(tmp_path: Path) -> None:
    folder = archive(tmp_path)
    dead = [archive_part(name, 7) for name in ("a.NEF", "a.NEF.rrdata", "x" * 250, "\udcff.jpg")]
    stays = [archive_part("a.NEF", 8), "a.NEF", ".a.NEF.7.part.NEF", ".7.part"]
    for name in (*dead, *stays):
        (folder / name).touch()
    (folder / archive_part("folder", 7)).mkdir()

    removed = sweep_parts(folder.parent, ["2026", "unknown"], dead=[7, 9])

    assert sorted(removed) == sorted(f"2026/{name}" for name in dead)
    assert sorted(path.name for path in folder.iterdir()) == sorted([*stays, archive_part("folder", 7)])
