"""Copies into archives on disks of other kinds: small, damaged, without links, elsewhere."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from archiving import Copying, copying
from darkroomd.files.archive import SourceUnreadable
from darkroomd.files.archive_copy import CopyDamaged, CopyMethod, CopyStage
from disks import SMALL_DISK_BYTES, mounted
from running import PATIENCE_SECONDS

PICTURE = os.urandom(1 << 20)

LINKLESS = """
import errno, pathlib, sys
from archiving import copying
from darkroomd.files.archive_copy import NameTaken
from refusing import LINKAT, refuse
copy = copying(pathlib.Path(sys.argv[1]))
if not refuse(LINKAT, errno.EPERM):
    sys.exit("no filter of system calls can be set here")
print(copy.run().stood, copy.left() == [copy.target.name], copy.target.read_bytes())
print(copy.run().stood, copy.left() == [copy.target.name], copy.target.read_bytes())
copy.source.write_bytes(b"another")
try:
    copy.run()
except NameTaken:
    print("taken", copy.left() == [copy.target.name], copy.target.read_bytes())
"""


@contextmanager
def image(top: Path, program: str, *options: str, megabytes: int) -> Generator[tuple[Path, Path]]:
    """Mount a new file system in a file; yield the file and where it is mounted."""
    make = shutil.which(program)
    if make is None:
        pytest.skip(f"{program} is not installed")
    file = top / "image"
    file.touch()
    os.truncate(file, megabytes << 20)
    subprocess.run([make, *options, str(file)], check=True, capture_output=True, timeout=PATIENCE_SECONDS)
    with mounted(top / "disk", "-o", "loop", str(file)) as disk:
        yield file, disk


def into(disk: Path, source: Path) -> Copying:
    folder = disk / "2026"
    folder.mkdir(exist_ok=True)
    return Copying(source, folder / "20260501_090807.NEF")


def test_a_full_disk_keeps_no_part_and_takes_the_copy_once_there_is_space(
    tmp_path: Path, small_disk: Path
) -> None:
    copy = into(small_disk, copying(tmp_path, PICTURE * 3).source)
    (small_disk / "ballast").write_bytes(bytes(SMALL_DISK_BYTES // 2))

    with pytest.raises(OSError, match="No space left") as full:
        copy.run()
    left = copy.left()
    (small_disk / "ballast").unlink()
    copied = copy.run()

    assert not isinstance(full.value, SourceUnreadable)
    assert left == []
    assert copied.sha256 == hashlib.sha256(PICTURE * 3).hexdigest()
    assert copy.left() == [copy.target.name]


@pytest.mark.parametrize("method", [CopyMethod.HARDLINK, CopyMethod.REFLINK])
def test_what_cannot_be_linked_or_cloned_to_another_disk_is_copied(
    tmp_path: Path, small_disk: Path, method: CopyMethod
) -> None:
    copy = into(small_disk, copying(tmp_path).source)

    copied = copy.run(method)

    assert copied.method is CopyMethod.COPY
    assert copy.target.read_bytes() == b"content"
    assert not copy.target.samefile(copy.source)


def test_a_disk_that_is_read_only_says_so(tmp_path: Path) -> None:
    source = copying(tmp_path).source
    (tmp_path / "below" / "2026").mkdir(parents=True)
    with (
        mounted(tmp_path / "disk", "-o", "bind,ro", str(tmp_path / "below")) as disk,
        pytest.raises(OSError, match="Read-only") as refused,
    ):
        into(disk, source).run()

    assert refused.value.errno == errno.EROFS


def test_a_bit_that_flips_on_the_disk_itself_is_noticed(tmp_path: Path) -> None:
    with image(tmp_path, "mkfs.ext4", "-q", megabytes=16) as (file, disk):
        copy = into(disk, copying(tmp_path, PICTURE * 2).source)

        def flip(stage: CopyStage, count: int) -> None:
            # Behind the file system's back: who does not ask the disk is told what was written.
            if stage is CopyStage.VERIFY and count == 0:
                with file.open("r+b") as raw:
                    place = raw.read().index(PICTURE[:4096]) + 1234
                    raw.seek(place)
                    raw.write(bytes([PICTURE[1234] ^ 1]))

        copy.happens = flip

        with pytest.raises(CopyDamaged, match="not what was written"):
            copy.run()

        assert copy.left() == []


@pytest.mark.parametrize(
    ("program", "options", "megabytes"),
    [
        pytest.param("mkfs.btrfs", (), 128, id="btrfs"),
        pytest.param("mkfs.xfs", ("-m", "reflink=1"), 320, id="xfs"),
    ],
)
def test_a_clone_shares_the_blocks_of_its_source(
    tmp_path: Path, program: str, options: Sequence[str], megabytes: int
) -> None:
    with image(tmp_path, program, *options, megabytes=megabytes) as (_, disk):
        copy = copying(disk, PICTURE)

        copied = copy.run(CopyMethod.REFLINK)

        assert copied.method is CopyMethod.REFLINK
        assert copy.target.read_bytes() == PICTURE
        assert copy.left() == [copy.target.name]


def test_where_there_are_no_links_a_copy_is_renamed_and_nothing_replaced() -> None:
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", LINKLESS, folder],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            check=False,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
    if "can be set here" in done.stderr:
        pytest.skip(done.stderr)

    assert done.stdout.splitlines() == [
        "False True b'content'",
        "True True b'content'",
        "taken True b'content'",
    ], done.stderr
