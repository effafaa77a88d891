from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from darkroomd.core.stability import Lease
from darkroomd.files.looks import inspect, look_at

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux tells who has a file open for writing"
)

WRITERS = {
    "open": "file = open(path, 'r+b')",
    "append": "file = open(path, 'ab')",
    "map": (
        "import mmap; file = open(path, 'r+b'); kept = mmap.mmap(file.fileno(), 0); file.close(); kept[0] = 1"
    ),
}


@contextmanager
def another_process(program: str, path: Path) -> Iterator[None]:
    """Run a program that opens a file, until the block ends."""
    child = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import sys; path = sys.argv[1]; {program}; print('ready', flush=True); sys.stdin.read()",
            path,
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        yield
        assert child.stdin is not None
        child.stdin.close()


def lease_of(path: Path) -> Lease:
    return look_at(path.parent, [path.name], leases=True)[path.name].lease


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    path = tmp_path / "a.nef"
    path.write_bytes(b"x" * 100)
    return path


@pytest.mark.parametrize("writer", WRITERS)
def test_a_writer_in_another_process_is_known(raw: Path, writer: str) -> None:
    with another_process(WRITERS[writer], raw):
        during = lease_of(raw)

    assert (during, lease_of(raw)) == (Lease.HELD, Lease.FREE)


def test_a_writer_of_another_name_of_the_file_is_known(raw: Path) -> None:
    other = raw.with_name("b.nef")
    os.link(raw, other)

    with another_process(WRITERS["open"], other):
        during = lease_of(raw)

    assert during is Lease.HELD


def test_readers_do_not_matter(raw: Path) -> None:
    with another_process("file = open(path, 'rb')", raw):
        during = lease_of(raw)

    assert during is Lease.FREE


def test_a_file_system_that_cannot_know_is_not_asked(raw: Path) -> None:
    with raw.open("ab"):
        look = look_at(raw.parent, [raw.name], leases=False)[raw.name]

    assert look.lease is Lease.UNKNOWN
    assert look.fingerprint is not None


def test_what_is_no_regular_file_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.nef")
    (tmp_path / "folder.nef").mkdir()
    (tmp_path / "link.nef").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s.nef"))

        looks = look_at(tmp_path, ["pipe.nef", "folder.nef", "link.nef", "s.nef", "none.nef"], leases=True)

    assert {look.fingerprint for look in looks.values()} == {None}


def test_looking_into_a_pipe_does_not_wait_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.nef")

    with pytest.raises(OSError, match=r"[Ii]llegal seek"):
        inspect(tmp_path, "pipe.nef")


def test_writers_who_come_during_a_probe_do_not_kill_the_process(raw: Path) -> None:
    program = (
        "import sys, pathlib; from darkroomd.files.looks import look_at; path = pathlib.Path(sys.argv[1])\n"
        "print('ready', flush=True)\n"
        "for _ in range(300): look_at(path.parent, [path.name] * 20, leases=True)"
    )

    prober = subprocess.Popen(
        [sys.executable, "-c", program, raw],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
    )
    with prober:
        assert prober.stdout is not None
        prober.stdout.readline()
        while prober.poll() is None:
            with raw.open("ab") as file:
                file.write(b"x")

    assert prober.returncode == 0
