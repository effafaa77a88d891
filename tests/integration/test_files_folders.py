from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from darkroom.errors import DarkroomError
from darkroomd.core.intake import RAW_EXTENSIONS, Reason
from darkroomd.files import folders, mounts
from darkroomd.files.folders import FolderIsLink, check_root, check_session, identity_of, make_folder
from darkroomd.files.mounts import is_remote, is_remote_type, pseudo_type, type_of_mount
from darkroomd.files.scan import list_raw, list_root
from darkroomd.files.sweep import sweep
from privileges import without_privileges


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can enter, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name).resolve()


def test_a_session_is_known_by_its_real_path(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")

    assert check_session(tmp_path / "link") == tmp_path / "real"


@pytest.mark.parametrize("check", [check_session, check_root])
@pytest.mark.parametrize(
    ("name", "code", "exit_status"),
    [
        pytest.param("missing", "session.not_found", 5, id="missing"),
        pytest.param("loop", "session.not_found", 5, id="a-loop-of-links"),
        pytest.param("file", "session.not_a_folder", 2, id="a-file"),
        pytest.param("file/below", "session.not_a_folder", 2, id="below-a-file"),
        pytest.param("a\0b", "session.not_found", 5, id="a-name-that-no-disk-can-hold"),
        pytest.param("closed", "session.unreadable", 4, id="unreadable"),
        pytest.param("closed/below", "session.unreadable", 4, id="below-an-unreadable-one"),
    ],
)
def test_a_folder_that_cannot_be_worked_in_is_named_with_the_remedy(
    open_folder: Path, check: Callable[[Path], Path], name: str, code: str, exit_status: int
) -> None:
    (open_folder / "file").touch()
    (open_folder / "loop").symlink_to("loop")
    (open_folder / "closed").mkdir(mode=0)
    before = sorted(open_folder.iterdir())

    with without_privileges(), pytest.raises(DarkroomError) as caught:
        check(open_folder / name)

    (open_folder / "closed").chmod(0o700)
    assert (caught.value.code, caught.value.exit_status) == (code, exit_status)
    assert str(open_folder / name) in caught.value.message
    assert caught.value.message.endswith(".")
    assert sorted(open_folder.iterdir()) == before


def test_an_output_folder_is_made_once(tmp_path: Path) -> None:
    make_folder(tmp_path / "Jpg")
    make_folder(tmp_path / "Jpg")

    assert (tmp_path / "Jpg").is_dir()


@pytest.mark.parametrize("target", ["elsewhere", "nowhere"])
def test_an_output_folder_that_is_a_link_is_refused(tmp_path: Path, target: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "Jpg").symlink_to(target)

    with pytest.raises(FolderIsLink):
        make_folder(tmp_path / "Jpg")


def test_a_listing_tells_photos_from_what_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.NEF").write_bytes(b"xy")
    (tmp_path / "a.NEF.rrdata").touch()
    (tmp_path / "a.xmp").touch()
    (tmp_path / "a.jpg").touch()
    (tmp_path / ".b.nef.part").touch()
    (tmp_path / "folder.nef").mkdir()
    (tmp_path / "link.nef").symlink_to("a.NEF")
    os.mkfifo(tmp_path / "pipe.nef")
    odd = os.fsdecode(b"\xff\n.dng")
    (tmp_path / odd).touch()

    listing = list_raw(tmp_path, RAW_EXTENSIONS)

    assert set(listing.candidates) == {"a.NEF", odd}
    assert listing.candidates["a.NEF"].size_bytes == 2
    assert {name: ignored.reason for name, ignored in listing.ignored.items()} == {
        "a.xmp": Reason.SIDECAR,
        "a.jpg": Reason.PICTURE,
        ".b.nef.part": Reason.TEMPORARY,
        "folder.nef": Reason.FOLDER,
        "link.nef": Reason.LINK,
        "pipe.nef": Reason.SPECIAL,
    }


def test_a_raw_folder_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "Raw").symlink_to("elsewhere")

    with pytest.raises(FolderIsLink):
        list_raw(tmp_path / "Raw", RAW_EXTENSIONS)


def test_the_sub_folders_of_a_root_with_raw_are_sessions(tmp_path: Path) -> None:
    for name in ("b/Raw", "a/Raw", "empty", ".hidden/Raw", "other"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "other" / "Raw").symlink_to(tmp_path / "a" / "Raw")
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "file").touch()

    listing = list_root(tmp_path)

    assert [folder.name for folder in listing.sessions] == ["a", "b"]
    assert [folder.name for folder in listing.others] == ["empty", "other"]


def test_only_our_own_part_files_of_dead_claims_are_swept(tmp_path: Path) -> None:
    for name in (
        ".a.jpg.1.part",
        ".a.jpg.2.part",
        ".a.jpg.part",
        "a.jpg",
        ".a.nef.1.part",
        ".a.nef.rrdata.1.part",
    ):
        (tmp_path / name).touch()

    removed = sweep(tmp_path, live={2})

    assert removed == (".a.jpg.1.part",)
    assert len(list(tmp_path.iterdir())) == 5
    assert sweep(tmp_path, live=(), suffix=".rrdata") == (".a.nef.rrdata.1.part",)
    assert sweep(tmp_path / "missing", live=()) == ()


def test_what_bears_a_parts_name_and_is_no_file_keeps_no_other_from_being_swept(tmp_path: Path) -> None:
    for number in range(0, 20, 2):
        (tmp_path / f".a.jpg.{number}.part").mkdir()
        (tmp_path / f".a.jpg.{number + 1}.part").touch()

    removed = sweep(tmp_path, live=())

    assert len(removed) == 10
    assert all(path.is_dir() for path in tmp_path.iterdir())


MOUNTS = """\
21 1 254:0 / / rw,relatime - ext4 /dev/root rw
30 21 0:25 / /mnt/nas rw shared:1 - nfs4 server:/photos rw
31 30 8:1 / /mnt/nas/local rw - xfs /dev/sda1 rw
32 21 0:30 / /mnt/with\\040space rw - fuse.sshfs user@host: rw
33 21 0:31 / /mnt/twice rw - ext4 /dev/sdb1 rw
34 33 0:32 / /mnt/twice rw - cifs //server/share rw
35 21 0:33 / /mnt/odd\x0bname rw - nfs server:/odd rw
a line that is none
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("/photos/party", "ext4", id="root"),
        pytest.param("/mnt/nas/party", "nfs4", id="network"),
        pytest.param("/mnt/nas/local/party", "xfs", id="a-disk-below-a-share"),
        pytest.param("/mnt/nasty", "ext4", id="a-name-that-begins-alike"),
        pytest.param("/mnt/with space/party", "fuse.sshfs", id="escaped"),
        pytest.param("/mnt/twice", "cifs", id="the-upper-of-two"),
        pytest.param("/mnt/odd\x0bname/party", "nfs", id="a-name-with-an-odd-end-of-line"),
    ],
)
def test_a_path_lies_on_the_deepest_and_latest_mount(path: str, expected: str) -> None:
    assert type_of_mount(MOUNTS, Path(path)) == expected


@pytest.mark.parametrize(
    "name", ["nfs", "nfs4", "cifs", "smb3", "9p", "virtiofs", "fuse", "fuse.sshfs", "fuseblk"]
)
def test_network_and_fuse_file_systems_are_polled(name: str) -> None:
    assert is_remote_type(name)


@pytest.mark.parametrize("name", ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "exfat", "apfs", ""])
def test_local_file_systems_are_watched(name: str) -> None:
    assert not is_remote_type(name)


def test_the_root_of_this_system_is_of_some_type() -> None:
    assert is_remote(Path("/")) in {True, False}


def test_a_folder_is_not_opened_once_a_link_stands_in_place_of_its_session(tmp_path: Path) -> None:
    (tmp_path / "elsewhere" / "Raw").mkdir(parents=True)
    session = tmp_path / "party"
    session.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(FolderIsLink) as refused, folders.open_folder(session / "Raw"):
        pass

    assert refused.value.context == {"path": str(session)}


def test_a_folder_is_the_same_one_under_another_name_and_a_link_to_it_is_none(tmp_path: Path) -> None:
    folder, link = tmp_path / "party", tmp_path / "link"
    folder.mkdir()
    link.symlink_to(folder)
    before = identity_of(folder)

    moved = folder.rename(tmp_path / "wedding")

    assert before is not None
    assert (identity_of(folder), identity_of(link), identity_of(moved)) == (None, None, before)


@pytest.mark.skipif(sys.platform != "linux", reason="they are those of Linux")
@pytest.mark.parametrize("check", [check_session, check_root])
@pytest.mark.parametrize("place", ["/proc", "/proc/self/fd", "/sys/kernel"])
def test_what_only_shows_the_system_is_no_place_for_photos(check: Callable[[Path], Path], place: str) -> None:
    with pytest.raises(DarkroomError) as refused:
        check(Path(place))

    assert (refused.value.code, refused.value.exit_status) == ("session.not_on_disk", 2)


@pytest.mark.parametrize(
    ("file_system", "expected"),
    [
        *((name, name) for name in ("proc", "sysfs", "devtmpfs", "devpts", "cgroup", "cgroup2", "debugfs")),
        *((name, None) for name in ("ext4", "tmpfs", "ramfs", "overlay", "nfs4", "fuse.procfs")),
    ],
)
def test_file_systems_that_keep_files_are_told_from_those_that_show_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file_system: str, expected: str | None
) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(f"21 1 0:25 / / rw - {file_system} none rw\n")
    monkeypatch.setattr(mounts, "MOUNTS", table)

    assert pseudo_type(Path("/photos")) == expected
