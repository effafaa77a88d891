from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from archiving import Copying, copying
from darkroomd.files.archive import ArchiveFolderBlocked, Canceled, SourceUnreadable
from darkroomd.files.archive_copy import (
    Copied,
    CopyDamaged,
    CopyMethod,
    CopyStage,
    NameTaken,
    SourceChanged,
)
from darkroomd.files.folders import FolderIsLink

MEGABYTE = 1 << 20
LARGE = bytes(range(256)) * (3 * MEGABYTE // 256) + b"end"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def once(stage: CopyStage, act: Callable[[], object]) -> Callable[[CopyStage, int], None]:
    """Return what acts when a stage begins."""

    def happens(now: CopyStage, count: int) -> None:
        if now is stage and count == 0:
            act()

    return happens


@pytest.mark.parametrize("method", CopyMethod)
@pytest.mark.parametrize("content", [pytest.param(b"", id="empty"), pytest.param(LARGE, id="large")])
def test_a_copy_holds_what_the_source_holds(tmp_path: Path, method: CopyMethod, content: bytes) -> None:
    copy = copying(tmp_path, content)

    copied = copy.run(method)

    assert copy.target.read_bytes() == copy.source.read_bytes() == content
    assert (copied.sha256, copied.size_bytes, copied.stood) == (sha256(content), len(content), False)
    assert copied.method in {method, CopyMethod.COPY}
    assert copy.left() == [copy.target.name]
    assert copy.bytes_by_stage == dict.fromkeys(CopyStage, len(content))


@pytest.mark.parametrize(
    ("before", "after"),
    [(0o644, 0o644), (0o640, 0o640), (0o444, 0o444), (0o4755, 0o755), (0, 0o400), (0o1666, 0o666)],
)
def test_a_copy_has_times_and_mode_of_the_source(tmp_path: Path, before: int, after: int) -> None:
    copy = copying(tmp_path)
    copy.source.chmod(before)
    os.utime(copy.source, ns=(1_000_000_001, 1_777_626_487_123_456_789))

    copy.run()

    found = copy.target.stat()
    assert found.st_mtime_ns == 1_777_626_487_123_456_789
    assert found.st_mode & 0o7777 == after


def test_a_copy_has_the_extended_attributes_of_the_source(tmp_path: Path) -> None:
    copy = copying(tmp_path)
    try:
        os.setxattr(copy.source, "user.rating", b"5\0\xff")
    except OSError as error:
        pytest.skip(f"This disk keeps no extended attributes: {error.strerror}.")

    copy.run()

    assert os.getxattr(copy.target, "user.rating") == b"5\0\xff"


def test_attributes_that_another_file_system_does_not_take_stop_no_copy(tmp_path: Path) -> None:
    copy = copying(tmp_path)
    try:
        os.setxattr(copy.source, "user.notes", b"x" * 3000)
    except OSError as error:
        pytest.skip(f"This disk keeps no extended attributes: {error.strerror}.")
    shared = Path("/dev/shm")
    other = Copying(copy.source, shared / f"darkroomd-{os.getpid()}.NEF") if shared.is_dir() else copy

    try:
        assert other.run().sha256 == sha256(b"content")
    finally:
        other.target.unlink()


@pytest.mark.parametrize("method", CopyMethod)
def test_a_copy_that_is_canceled_anywhere_leaves_nothing(tmp_path: Path, method: CopyMethod) -> None:
    copy = copying(tmp_path, LARGE)
    left: list[list[str]] = []

    for patience in range(100):
        answers = iter([False] * patience)
        try:
            copy.run(method, canceled=lambda answers=answers: next(answers, True))  # type: ignore[misc]  # bound now
        except Canceled:
            left.append(copy.left())
        else:
            break

    # Before each megabyte of both stages, and before the name is given.
    assert len(left) >= 2 * 4 + 1
    assert left == [[]] * len(left)
    assert copy.target.read_bytes() == LARGE


def overwrite(copy: Copying) -> None:
    """Write other bytes and reset the time."""
    found = copy.source.stat()
    copy.source.write_bytes(b"tnetnoc")
    os.utime(copy.source, ns=(found.st_atime_ns, found.st_mtime_ns))


def replace(copy: Copying) -> None:
    fresh = copy.source.with_name("fresh")
    fresh.write_bytes(b"content")
    fresh.rename(copy.source)


def append(copy: Copying) -> None:
    with copy.source.open("ab") as file:
        file.write(b"more")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(overwrite, id="overwritten-with-its-time-reset"),
        pytest.param(replace, id="replaced"),
        pytest.param(append, id="longer"),
        pytest.param(lambda copy: os.truncate(copy.source, 3), id="shorter"),
        pytest.param(lambda copy: copy.source.unlink(), id="gone"),
        pytest.param(lambda copy: copy.source.chmod(0o600), id="touched"),
    ],
)
def test_a_source_that_changes_meanwhile_is_not_archived(
    tmp_path: Path, change: Callable[[Copying], None]
) -> None:
    copy = copying(tmp_path)
    copy.happens = once(CopyStage.COPY, lambda: change(copy))

    with pytest.raises(SourceChanged, match="tried again"):
        copy.run()

    assert copy.left() == []


def test_a_file_that_grows_for_ever_is_let_go(tmp_path: Path) -> None:
    copy = copying(tmp_path, bytes(MEGABYTE))
    copy.happens = lambda _stage, _count: append(copy)

    with pytest.raises(SourceChanged):
        copy.run()

    assert copy.bytes_by_stage == {CopyStage.COPY: MEGABYTE}


@pytest.mark.parametrize("method", CopyMethod)
def test_a_source_that_is_not_what_was_expected_is_not_archived(tmp_path: Path, method: CopyMethod) -> None:
    copy = copying(tmp_path)

    with pytest.raises(SourceChanged):
        copy.run(method, expected=sha256(b"other"))

    assert copy.left() == []
    assert copy.run(method, expected=sha256(b"content")).sha256 == sha256(b"content")


def stands(copy: Copying, what: str) -> None:
    match what:
        case "file":
            copy.target.write_bytes(b"precious")
        case "folder":
            copy.target.mkdir()
        case "pipe":
            os.mkfifo(copy.target)
        case "link":
            (copy.target.parent.parent / "precious").write_bytes(b"content")
            copy.target.symlink_to("../precious")
        case _:
            copy.target.symlink_to("nowhere")


@pytest.mark.parametrize("method", CopyMethod)
@pytest.mark.parametrize("what", ["file", "folder", "pipe", "link", "dangling-link"])
def test_nothing_that_stands_there_is_replaced_or_followed(
    tmp_path: Path, method: CopyMethod, what: str
) -> None:
    copy = copying(tmp_path)
    stands(copy, what)
    before = copy.target.lstat()

    with pytest.raises(NameTaken, match="left as it is"):
        copy.run(method)

    assert copy.left() == [copy.target.name]
    assert os.path.samestat(copy.target.lstat(), before)
    assert copy.target.lstat().st_mtime_ns == before.st_mtime_ns


@pytest.mark.parametrize("method", CopyMethod)
def test_identical_content_that_comes_to_stand_there_is_left(tmp_path: Path, method: CopyMethod) -> None:
    copy = copying(tmp_path)
    copy.happens = once(CopyStage.VERIFY, lambda: copy.target.write_bytes(b"content"))

    copied = copy.run(method)

    assert copied.stood
    assert copy.left() == [copy.target.name]


def test_somebody_elses_part_file_stays(tmp_path: Path) -> None:
    copy = copying(tmp_path)
    copy.part.write_bytes(b"theirs")

    with pytest.raises(FileExistsError):
        copy.run()

    assert copy.part.read_bytes() == b"theirs"


def test_a_bit_that_flips_between_writing_and_reading_is_noticed(tmp_path: Path) -> None:
    copy = copying(tmp_path, LARGE)

    def flip() -> None:
        with copy.part.open("r+b") as file:
            file.seek(2 * MEGABYTE)
            file.write(bytes([LARGE[2 * MEGABYTE] ^ 1]))

    copy.happens = once(CopyStage.VERIFY, flip)

    with pytest.raises(CopyDamaged, match="not what was written"):
        copy.run()

    assert copy.left() == []


def test_what_is_verified_was_read_from_the_disk(tmp_path: Path) -> None:
    counters = Path("/proc/self/io")
    if not counters.exists():
        pytest.skip("This system does not count what is read from disks.")
    copy = copying(tmp_path, LARGE)
    if os.major(tmp_path.stat().st_dev) == 0:
        pytest.skip("This file system is no disk, or does not say on which it is.")
    read: list[int] = []

    def note() -> None:
        lines = dict(line.split(": ") for line in counters.read_text().splitlines())
        read.append(int(lines["read_bytes"]))

    copy.happens = once(CopyStage.VERIFY, note)
    copy.run()
    note()

    assert read[1] - read[0] >= len(LARGE)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        pytest.param(lambda path: path.mkdir(), errno.EINVAL, id="folder"),
        pytest.param(os.mkfifo, errno.EINVAL, id="pipe"),
        pytest.param(lambda path: path.symlink_to("/etc/passwd"), errno.ELOOP, id="link"),
        pytest.param(lambda _: None, errno.ENOENT, id="nothing"),
    ],
)
def test_a_source_that_is_no_file_is_refused_at_once(
    tmp_path: Path, make: Callable[[Path], None], code: int
) -> None:
    copy = copying(tmp_path)
    copy.source.unlink()
    make(copy.source)

    with pytest.raises(SourceUnreadable, match=copy.source.name) as refused:
        copy.run()

    assert refused.value.errno == code
    assert copy.left() == []


def test_no_source_is_read_through_a_linked_folder(tmp_path: Path) -> None:
    copy = copying(tmp_path)
    copy.source.parent.rename(tmp_path / "elsewhere")
    copy.source.parent.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(FolderIsLink):
        copy.run()


@pytest.mark.parametrize("level", ["2026", "archive"])
def test_nothing_is_copied_through_a_linked_folder(tmp_path: Path, level: str) -> None:
    copy = copying(tmp_path)
    folder = next(each for each in copy.target.parents if each.name == level)
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(ArchiveFolderBlocked, match=level):
        copy.run()

    assert copy.left() == []


def test_whose_folder_is_gone_can_be_told(tmp_path: Path) -> None:
    copy = copying(tmp_path)
    copy.target.parent.rmdir()

    with pytest.raises(FileNotFoundError, match="archive/2026") as archive_gone:
        copy.run()
    copy.source.parent.rename(tmp_path / "elsewhere")
    with pytest.raises(SourceUnreadable, match="Raw") as session_gone:
        copy.run()

    assert not isinstance(archive_gone.value, SourceUnreadable)
    assert session_gone.value.errno == errno.ENOENT


def test_holes_stay_holes(tmp_path: Path) -> None:
    copy = copying(tmp_path, b"")
    with copy.source.open("r+b") as file:
        file.truncate(64 * MEGABYTE + 5)
        file.seek(20 * MEGABYTE + 1)
        file.write(b"content")

    copied = copy.run()

    assert copied.size_bytes == 64 * MEGABYTE + 5
    assert copy.target.read_bytes() == copy.source.read_bytes()
    assert copy.target.stat().st_blocks * 512 < 4 * MEGABYTE


def test_a_hard_link_is_the_source_itself_and_changes_nothing_of_it(tmp_path: Path) -> None:
    copy = copying(tmp_path)
    copy.source.chmod(0)
    before = copy.source.stat()

    copied = copy.run(CopyMethod.HARDLINK)

    after = copy.source.stat()
    assert copied == Copied(sha256(b"content"), 7, CopyMethod.HARDLINK)
    assert os.path.samestat(after, copy.target.stat())
    assert (after.st_mode, after.st_mtime_ns, after.st_nlink) == (before.st_mode, before.st_mtime_ns, 2)


def test_a_source_that_is_replaced_while_it_is_linked_is_noticed(tmp_path: Path) -> None:
    copy = copying(tmp_path)
    copy.happens = once(CopyStage.COPY, lambda: replace(copy))

    with pytest.raises(SourceChanged):
        copy.run(CopyMethod.HARDLINK)

    assert copy.left() == []


def test_names_of_any_kind_and_length_are_copied(tmp_path: Path) -> None:
    copy = copying(tmp_path)
    odd = Copying(copy.source, copy.target.with_name("\udcff" * 251 + ".NEF"))

    odd.run()

    assert odd.left() == [odd.target.name]
