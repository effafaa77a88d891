from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from darkroom.errors import SocketPathTooLong
from darkroomd.api.listener import (
    PATH_LIMIT_BYTES,
    SocketInUse,
    SocketPathTaken,
    SocketUnusable,
    open_listener,
)
from darkroomd.api.peer import PeerUnknown, peer_of

pytestmark = pytest.mark.anyio


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


KILLED = """
import os, signal, sys
from pathlib import Path
import anyio
from darkroomd.api.listener import open_listener

async def main():
    async with open_listener(Path(sys.argv[1])):
        os.kill(os.getpid(), signal.SIGKILL)

anyio.run(main)
"""


async def test_a_socket_is_the_owners_alone_and_goes_when_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "run" / "d.sock"

    async with open_listener(path):
        modes = (mode_of(path), mode_of(path.parent))
        async with await anyio.connect_unix(path):
            pass

    assert modes == (0o600, 0o700)
    assert names_in(path.parent) == ["d.sock.lock"]


@pytest.fixture
def shared_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o750)
    return folder


async def test_a_folder_that_is_there_keeps_its_mode(shared_folder: Path) -> None:
    async with open_listener(shared_folder / "d.sock"):
        assert mode_of(shared_folder) == 0o750


async def test_a_second_daemon_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "d.sock"

    async with open_listener(path):
        with pytest.raises(SocketInUse, match=f"pid {os.getpid()}"):
            async with open_listener(path):
                pass

        async with await anyio.connect_unix(path):
            pass


async def test_the_socket_of_a_killed_daemon_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "d.sock"
    killed = await anyio.run_process([sys.executable, "-c", KILLED, str(path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert path.exists()

    async with open_listener(path), await anyio.connect_unix(path):
        pass

    assert not path.exists()


async def test_a_socket_that_somebody_else_listens_at_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "d.sock"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen(1)

        with pytest.raises(SocketInUse):
            async with open_listener(path):
                pass

        assert path.exists()


def make_file(path: Path) -> None:
    path.write_text("precious")


def make_link(path: Path) -> None:
    path.symlink_to(path.with_name("elsewhere"))


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize("make", [make_file, make_link, make_pipe, Path.mkdir])
async def test_what_is_no_socket_is_left_alone(tmp_path: Path, make: Callable[[Path], None]) -> None:
    path = tmp_path / "d.sock"
    make(path)
    before = path.lstat()

    with pytest.raises(SocketPathTaken, match=str(path)):
        async with open_listener(path):
            pass

    assert path.lstat() == before


async def test_a_file_in_place_of_the_folder_is_called_that(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()

    with pytest.raises(SocketUnusable, match=r"Not a directory\. .*--socket"):
        async with open_listener(tmp_path / "taken" / "d.sock"):
            pass


async def test_a_datagram_socket_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "d.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(str(path))

        with pytest.raises(SocketPathTaken):
            async with open_listener(path):
                pass

        assert path.exists()


async def test_a_socket_that_was_replaced_meanwhile_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "d.sock"

    async with open_listener(path):
        path.unlink()
        path.write_text("somebody else's")

    assert path.read_text() == "somebody else's"


async def test_a_path_has_exactly_the_room_the_system_gives(tmp_path: Path) -> None:
    longest = tmp_path / ("x" * (PATH_LIMIT_BYTES - len(os.fsencode(tmp_path)) - 1))

    async with open_listener(longest):
        assert longest.exists()


async def test_a_path_that_is_too_long_is_said_with_the_limit(tmp_path: Path) -> None:
    path = tmp_path / ("ä" * 60)

    with pytest.raises(SocketPathTooLong, match=str(PATH_LIMIT_BYTES)):
        async with open_listener(path):
            pass

    assert names_in(tmp_path) == []


@pytest.mark.parametrize(
    "parent", [pytest.param("/proc/nowhere", id="cannot-be-made"), pytest.param("/dev/null", id="no-folder")]
)
async def test_a_place_where_no_socket_can_be_is_said(parent: str) -> None:
    with pytest.raises(SocketUnusable, match=parent):
        async with open_listener(Path(parent) / "d.sock"):
            pass


async def test_a_socket_that_is_inherited_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "d.sock"
    with socket.socket(socket.AF_UNIX) as managed:
        managed.bind(str(path))
        path.chmod(0o640)
        managed.listen(1)

        async with open_listener(tmp_path / "other.sock", group=os.getgid(), inherited=managed.dup()) as own:
            async with await anyio.connect_unix(path):
                pass
            listens_at = own.path

        async with await anyio.connect_unix(path):
            pass
    assert listens_at == path
    assert mode_of(path) == 0o640
    assert names_in(tmp_path) == ["d.sock"]


async def test_a_daemon_of_its_own_is_refused_where_a_service_manager_listens(tmp_path: Path) -> None:
    path = tmp_path / "d.sock"
    with socket.socket(socket.AF_UNIX) as managed:
        managed.bind(str(path))
        managed.listen(1)

        async with open_listener(path, inherited=managed.dup()):
            with pytest.raises(SocketInUse):
                async with open_listener(path):
                    pass

        assert path.exists()


def test_the_kernel_says_who_is_at_the_other_end() -> None:
    here, there = socket.socketpair()
    with here, there:
        peer = peer_of(here)

    assert (peer.uid, peer.gid, peer.pid) == (os.getuid(), os.getgid(), os.getpid())


def test_nobody_is_let_in_on_a_guess() -> None:
    here, there = socket.socketpair()
    here.close()
    there.close()

    with pytest.raises(PeerUnknown):
        peer_of(here)
