from __future__ import annotations

import pytest

from darkroomd.core.intake import (
    RAW_EXTENSIONS,
    Candidate,
    EntryKind,
    Ignored,
    Reason,
    Sighting,
    Vanished,
    classify,
    differences,
    is_backlog,
    sighting_of,
    was_moved_in,
)
from darkroomd.core.model import Fingerprint


def fingerprint(inode: int = 1, *, device: int = 1, mtime_ns: int = 5, ctime_ns: int = 5) -> Fingerprint:
    return Fingerprint(device=device, inode=inode, size_bytes=9, mtime_ns=mtime_ns, ctime_ns=ctime_ns)


@pytest.mark.parametrize("extension", sorted(RAW_EXTENSIONS))
def test_every_format_of_libraw_is_taken_in_either_case(extension: str) -> None:
    assert classify(f"IMG_1.{extension}", EntryKind.FILE) == Candidate()
    assert classify(f"IMG_1.{extension.upper()}", EntryKind.FILE) == Candidate()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        pytest.param(".IMG_1.NEF.Xa81bQ", Reason.TEMPORARY, id="rsync"),
        pytest.param(".IMG_1.NEF", Reason.TEMPORARY, id="hidden"),
        pytest.param("._IMG_1.NEF", Reason.TEMPORARY, id="mac-resource-fork"),
        pytest.param("IMG_1.NEF.part", Reason.TEMPORARY, id="part"),
        pytest.param("IMG_1.NEF.PART", Reason.TEMPORARY, id="part-in-capitals"),
        pytest.param("IMG_1.NEF.tmp", Reason.TEMPORARY, id="tmp"),
        pytest.param("IMG_1.NEF.crdownload", Reason.TEMPORARY, id="chrome"),
        pytest.param("IMG_1.NEF.filepart", Reason.TEMPORARY, id="winscp"),
        pytest.param("IMG_1.NEF~", Reason.TEMPORARY, id="backup"),
        pytest.param("~syncthing~IMG_1.NEF.tmp", Reason.TEMPORARY, id="syncthing-windows"),
        pytest.param(".syncthing.IMG_1.NEF.tmp", Reason.TEMPORARY, id="syncthing"),
        pytest.param("IMG_1.NEF.ocTransferId84.part", Reason.TEMPORARY, id="nextcloud"),
        pytest.param(".in.IMG_1.NEF.", Reason.TEMPORARY, id="proftpd-hidden-stores"),
        pytest.param(".pureftpd-upload.5f.15.abc.nef", Reason.TEMPORARY, id="pure-ftpd"),
        pytest.param(".IMG_1.NEF.rrdata.42.part", Reason.TEMPORARY, id="our-own"),
        pytest.param("IMG_1.NEF.rrdata", Reason.SIDECAR, id="rrdata"),
        pytest.param("IMG_1.NEF.rrdata.bak", Reason.SIDECAR, id="kept-sidecar"),
        pytest.param("IMG_1.NEF.rrdata.bak.2", Reason.SIDECAR, id="second-kept-sidecar"),
        pytest.param("IMG_1.xmp", Reason.SIDECAR, id="xmp-by-stem"),
        pytest.param("IMG_1.NEF.XMP", Reason.SIDECAR, id="xmp-by-name"),
        pytest.param("IMG_1.JPG", Reason.PICTURE, id="jpeg-twin"),
        pytest.param("IMG_1.heic", Reason.PICTURE, id="heif"),
        pytest.param("notes.txt", Reason.NO_RAW_EXTENSION, id="text"),
        pytest.param("NEF", Reason.NO_RAW_EXTENSION, id="no-extension"),
        pytest.param("tmpfileX1b2c3", Reason.NO_RAW_EXTENSION, id="gphoto2"),
        pytest.param("IMG_1.NEF.a8Zx1Q", Reason.NO_RAW_EXTENSION, id="mkstemp"),
    ],
)
def test_what_is_no_raw_file_is_left_alone_for_a_reason(name: str, reason: Reason) -> None:
    assert classify(name, EntryKind.FILE) == Ignored(reason)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        pytest.param(EntryKind.FOLDER, Reason.FOLDER, id="folder"),
        pytest.param(EntryKind.LINK, Reason.LINK, id="link"),
        pytest.param(EntryKind.SPECIAL, Reason.SPECIAL, id="fifo-socket-device"),
    ],
)
def test_only_regular_files_are_photos(kind: EntryKind, reason: Reason) -> None:
    assert classify("IMG_1.NEF", kind) == Ignored(reason)


@pytest.mark.parametrize(
    "name", ["a\nb.nef", "\udcff.nef", "x" * 251 + ".nef", "日本.NEF", "a b..cr2", "-rf.dng"]
)
def test_odd_names_are_names(name: str) -> None:
    assert classify(name, EntryKind.FILE) == Candidate()


def test_the_extensions_can_be_chosen() -> None:
    assert classify("a.NEF", EntryKind.FILE, {"nef"}) == Candidate()
    assert classify("a.dng", EntryKind.FILE, {"nef"}) == Ignored(Reason.NO_RAW_EXTENSION)


@pytest.mark.parametrize(
    ("temporary", "elsewhere", "expected"),
    [
        pytest.param((".a.nef.Xy12Zz",), (), Sighting.RENAMED, id="rsync"),
        pytest.param(("a.nef.part",), (), Sighting.RENAMED, id="part"),
        pytest.param(("a.tmp",), (), Sighting.RENAMED, id="other-extension"),
        pytest.param(("b.nef.part",), (), Sighting.ADDED, id="somebody-elses"),
        pytest.param((), ("a.nef",), Sighting.RENAMED, id="from-a-watched-folder"),
        pytest.param((), ("b.nef",), Sighting.ADDED, id="another-name-elsewhere"),
        pytest.param((), (), Sighting.ADDED, id="nothing-vanished"),
    ],
)
def test_a_name_that_came_as_another_went_was_renamed(
    temporary: tuple[str, ...], elsewhere: tuple[str, ...], expected: Sighting
) -> None:
    assert sighting_of("a.nef", Vanished(temporary, frozenset(elsewhere))) is expected


@pytest.mark.parametrize(
    ("sighting", "ctime_ns", "expected"),
    [
        pytest.param(Sighting.RENAMED, 5, True, id="its-temporary-name-went"),
        pytest.param(Sighting.ADDED, 6, True, id="something-came-after-the-last-byte"),
        pytest.param(Sighting.ADDED, 5, False, id="nothing-came-after-the-last-byte"),
        pytest.param(Sighting.SEEN, 6, False, id="found-by-a-scan"),
    ],
)
def test_evidence_of_a_rename(sighting: Sighting, ctime_ns: int, *, expected: bool) -> None:
    assert was_moved_in(sighting, fingerprint(mtime_ns=5, ctime_ns=ctime_ns)) is expected


def test_a_scan_tells_new_and_changed_files_from_those_dealt_with() -> None:
    dealt_with = {"same": fingerprint(1), "changed": fingerprint(2), "gone": fingerprint(3)}
    found = {
        "same": fingerprint(1, device=9),
        "changed": fingerprint(2, ctime_ns=6),
        "new": fingerprint(4),
    }

    result = differences(found, dealt_with=dealt_with)

    assert result.fresh == ("changed", "new")
    assert result.gone == ("gone",)


@pytest.mark.parametrize(
    ("fresh", "appeared", "expected"),
    [
        pytest.param(1, True, False, id="first-shots-of-a-new-session"),
        pytest.param(1, False, True, id="found-at-the-start"),
        pytest.param(1000, True, True, id="a-whole-session-moved-in"),
    ],
)
def test_files_found_by_the_first_look_are_a_backlog(fresh: int, *, appeared: bool, expected: bool) -> None:
    assert is_backlog(fresh, appeared=appeared) is expected
