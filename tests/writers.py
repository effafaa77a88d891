"""How people's programs write RAW files: each writer is a process, and does in a second what takes minutes.

Run as a program: `writers.py SOURCE FOLDER` writes the content of SOURCE to `FOLDER/<writer>.dng` in every
way at once, and ends when all are done; its exit status is 0 if all of them went well.
"""

from __future__ import annotations

import mmap
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

STALL_SECONDS: Final = 0.6
"""Longer than the daemon under test waits for a quiet file."""

PATIENCE_SECONDS: Final = 60.0
"""How long a photo may take on a busy machine."""

SHORT_SECONDS: Final = 0.03
"""Shorter than that."""

PIECES: Final = 8
AN_OLD_TIME: Final = (1e9, 1e9)

Writer = Callable[[Path, bytes], None]
WRITERS: Final[dict[str, Writer]] = {}

SAME: Final = frozenset({"uploaded-twice", "replaced-in-place-by-the-same"})
"""Those who write what is there already once more."""

HASTY: Final = frozenset(
    {
        "closed-then-appended-late",
        "ftp-resumed-after-the-connection-was-lost",
        "rsync-kept-partial-under-the-name",
    }
)
"""Those whose files look complete once before they are: nothing can tell in advance."""


def writer(function: Writer) -> Writer:
    """Register a way to write."""
    WRITERS[function.__name__.replace("_", "-")] = function
    return function


def half(data: bytes) -> int:
    """Return where the middle is."""
    return len(data) // 2


def wait_until_developed(path: Path) -> None:
    """Return a while after the photo's JPEG is there; however busy the machine is."""
    output = path.parents[1] / "Jpg" / f"{path.stem}.jpg"
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not output.exists():
        assert time.monotonic() < deadline
        time.sleep(STALL_SECONDS / 10)
    time.sleep(2 * STALL_SECONDS)


def in_pieces(file: BinaryIO, data: bytes) -> None:
    """Write like a copy."""
    step = len(data) // PIECES + 1
    for start in range(0, len(data), step):
        file.write(data[start : start + step])
        file.flush()
        time.sleep(SHORT_SECONDS)


def with_a_stall(path: Path, data: bytes) -> None:
    """Write the first half, nothing for a while, then the rest, with the file open all the time."""
    with path.open("wb") as file:
        file.write(data[: half(data)])
        file.flush()
        time.sleep(STALL_SECONDS)
        file.write(data[half(data) :])


@contextmanager
def renamed_from(temporary: Path, path: Path) -> Generator[Path]:
    """Rename what is written in the block."""
    yield temporary
    temporary.rename(path)


@writer
def copied(path: Path, data: bytes) -> None:
    path.write_bytes(data)


@writer
def copied_in_pieces(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        in_pieces(file, data)


@writer
def copied_by_cp(path: Path, data: bytes) -> None:
    source = path.parents[1] / "card.bin"
    source.write_bytes(data)
    os.utime(source, AN_OLD_TIME)
    subprocess.run(["cp", "--preserve=all", source, path], check=True)  # noqa: S607 - where it stands differs


@writer
def stalled_with_the_file_open(path: Path, data: bytes) -> None:
    with_a_stall(path, data)


@writer
def set_to_its_size_then_filled(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.truncate(len(data))
        time.sleep(STALL_SECONDS)
        file.write(data)


@writer
def allocated_then_filled(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, len(data))
        time.sleep(STALL_SECONDS)
        file.write(data)


@writer
def written_through_a_map(path: Path, data: bytes) -> None:
    with path.open("w+b") as file:
        file.truncate(len(data))
        view = mmap.mmap(file.fileno(), len(data))
    # The map holds the file open, though no descriptor does.
    with view:
        time.sleep(STALL_SECONDS)
        view[: half(data)] = data[: half(data)]
        time.sleep(STALL_SECONDS)
        view[:] = data


@writer
def linked_while_the_other_name_is_written(path: Path, data: bytes) -> None:
    other = path.parents[1] / "other.bin"
    with other.open("wb") as file:
        file.write(data[: half(data)])
        file.flush()
        os.link(other, path)
        time.sleep(STALL_SECONDS)
        file.write(data[half(data) :])


@writer
def empty_then_filled_later(path: Path, data: bytes) -> None:
    path.touch()
    time.sleep(STALL_SECONDS)
    path.write_bytes(data)


@writer
def closed_then_appended_soon(path: Path, data: bytes) -> None:
    path.write_bytes(data[: half(data)])
    time.sleep(SHORT_SECONDS)
    with path.open("ab") as file:
        file.write(data[half(data) :])


@writer
def closed_then_appended_late(path: Path, data: bytes) -> None:
    path.write_bytes(data[: half(data)])
    time.sleep(2 * STALL_SECONDS)
    with path.open("ab") as file:
        file.write(data[half(data) :])


@writer
def copied_then_times_reset(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        in_pieces(file, data)
    os.utime(path, AN_OLD_TIME)
    path.chmod(0o640)


@writer
def copied_as_file_managers_do(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.truncate(len(data))
        in_pieces(file, data)
    os.utime(path, AN_OLD_TIME)


@writer
def renamed_from_another_folder(path: Path, data: bytes) -> None:
    with renamed_from(path.parents[2] / path.name, path) as part:
        with_a_stall(part, data)


@writer
def rsync(path: Path, data: bytes) -> None:
    with renamed_from(path.with_name(f".{path.name}.Xy12Zz"), path) as part:
        with_a_stall(part, data)
        os.utime(part, AN_OLD_TIME)


@writer
def rsync_in_place(path: Path, data: bytes) -> None:
    with_a_stall(path, data)
    os.utime(path, AN_OLD_TIME)


@writer
def rsync_kept_partial_under_the_name(path: Path, data: bytes) -> None:
    path.write_bytes(data[: half(data)])
    time.sleep(2 * STALL_SECONDS)
    with renamed_from(path.with_name(f".{path.name}.Ab34Cd"), path) as part:
        part.write_bytes(data)


@writer
def ftp_with_stalls(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        for start in range(0, len(data), len(data) // 2 + 1):
            file.write(data[start : start + len(data) // 2 + 1])
            file.flush()
            time.sleep(STALL_SECONDS)
    os.utime(path, AN_OLD_TIME)


@writer
def ftp_resumed_after_the_connection_was_lost(path: Path, data: bytes) -> None:
    path.write_bytes(data[: half(data)])
    time.sleep(2 * STALL_SECONDS)
    with path.open("r+b") as file:
        file.seek(half(data))
        in_pieces(file, data[half(data) :])


@writer
def ftp_with_hidden_stores(path: Path, data: bytes) -> None:
    with renamed_from(path.with_name(f".in.{path.name}."), path) as part:
        with_a_stall(part, data)


@writer
def sftp_with_filepart(path: Path, data: bytes) -> None:
    with renamed_from(path.with_name(path.name + ".filepart"), path) as part:
        with_a_stall(part, data)
        os.utime(part, AN_OLD_TIME)


@writer
def gphoto2(path: Path, data: bytes) -> None:
    with renamed_from(path.with_name("tmpfileQ3x7Yz"), path) as part:
        with_a_stall(part, data)


@writer
def syncthing(path: Path, data: bytes) -> None:
    with renamed_from(path.with_name(f".syncthing.{path.name}.tmp"), path) as part:
        with part.open("wb") as file:
            file.truncate(len(data))
            time.sleep(STALL_SECONDS)
            file.write(data)
        os.utime(part, AN_OLD_TIME)


@writer
def nextcloud(path: Path, data: bytes) -> None:
    with renamed_from(path.with_name(path.name + ".ocTransferId1984.part"), path) as part:
        with_a_stall(part, data)


@writer
def chrome(path: Path, data: bytes) -> None:
    with renamed_from(path.with_name(path.name + ".crdownload"), path) as part:
        with_a_stall(part, data)


@writer
def firefox(path: Path, data: bytes) -> None:
    # It keeps its place with an empty file.
    path.touch()
    with renamed_from(path.with_name(path.stem + ".x7Yz.dng.part"), path) as part:
        with_a_stall(part, data)


@writer
def safari(path: Path, data: bytes) -> None:
    bundle = path.with_name(path.name + ".download")
    bundle.mkdir()
    with renamed_from(bundle / path.name, path) as part:
        with_a_stall(part, data)
    bundle.rmdir()


@writer
def replaced_by_deleting_first(path: Path, data: bytes) -> None:
    path.write_bytes(data[: half(data)])
    path.unlink()
    path.write_bytes(data)


@writer
def uploaded_twice(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    wait_until_developed(path)
    with path.open("wb") as file:
        in_pieces(file, data)


@writer
def replaced_in_place_by_the_same(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    wait_until_developed(path)
    with renamed_from(path.with_name(f".{path.name}.Ef56Gh"), path) as part:
        shutil.copyfile(path, part)


def main() -> None:
    """Write in every way at once."""
    data, folder = Path(sys.argv[1]).read_bytes(), Path(sys.argv[2])
    children: list[int] = []
    for name, write in WRITERS.items():
        # A process of its own each: what one process may do with its own open files says nothing.
        child = os.fork()
        if child == 0:
            write(folder / f"{name}.dng", data)
            os._exit(0)
        children.append(child)
    sys.exit(max(os.waitpid(child, 0)[1] for child in children) > 0)


if __name__ == "__main__":
    main()
