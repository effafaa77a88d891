"""A connection between two sockets of this process: nothing is lost, whoever stops waiting when."""

from __future__ import annotations

import asyncio
import os
import resource
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import anyio
import pytest
from anyio import lowlevel

from darkroomd.api.duplex import ACCEPTED_AT_ONCE, CHUNK_BYTES, Duplex, PeerGone, accept

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ends() -> AsyncIterator[tuple[Duplex, socket.socket]]:
    ours, theirs = socket.socketpair()
    with theirs, Duplex(ours) as stream:
        yield stream, theirs


async def test_what_arrives_while_nobody_waits_is_there_later(ends: tuple[Duplex, socket.socket]) -> None:
    stream, theirs = ends
    theirs.send(b"first")
    assert await stream.receive() == b"first"
    theirs.send(b"second")
    for _ in range(5):
        # The loop sees that there is something, and that nobody wants it.
        await lowlevel.checkpoint()

    assert await stream.receive() == b"second"


def send_all_there_is_room_for(theirs: socket.socket, data: bytes) -> int:
    sent = 0
    while True:
        try:
            sent += theirs.send(data)
        except BlockingIOError:
            return sent


async def test_no_more_than_a_chunk_is_kept_for_whoever_does_not_read(
    ends: tuple[Duplex, socket.socket],
) -> None:
    stream, theirs = ends
    theirs.setblocking(False)
    theirs.send(b"heard of")
    assert await stream.receive() == b"heard of"
    sent = 0
    for _ in range(5):
        sent += send_all_there_is_room_for(theirs, bytes(4096))
        await lowlevel.checkpoint()
        await lowlevel.checkpoint()
    left_with_the_kernel = len(stream.socket.recv(1 << 24))

    kept = len(await stream.receive())
    assert kept == sent - left_with_the_kernel
    assert kept <= CHUNK_BYTES


async def test_what_nobody_reads_wakes_nobody(ends: tuple[Duplex, socket.socket]) -> None:
    stream, theirs = ends
    for data in (b"heard of", b"kept", b"left with the kernel"):
        theirs.send(data)
        if data == b"heard of":
            await stream.receive()
        for _ in range(3):
            await lowlevel.checkpoint()
    is_listened_to = asyncio.get_running_loop().remove_reader(stream.socket.fileno())

    assert not is_listened_to
    assert [await stream.receive() for _ in range(2)] == [b"kept", b"left with the kernel"]


async def test_no_byte_is_lost_to_whoever_stops_waiting(ends: tuple[Duplex, socket.socket]) -> None:
    stream, theirs = ends
    sent, received = bytes(range(250)), bytearray()

    async def read(scope: anyio.CancelScope) -> None:
        with scope:
            received.extend(await stream.receive())

    for number, byte in enumerate(sent):
        scope = anyio.CancelScope()
        async with anyio.create_task_group() as group:
            group.start_soon(read, scope)
            # Cancelled at each moment between the first look and the last step of the waiter.
            for _ in range(number % 5):
                await lowlevel.checkpoint()
            theirs.send(bytes([byte]))
            for _ in range(number // 5 % 5):
                await lowlevel.checkpoint()
            scope.cancel()
    while len(received) < len(sent):
        with anyio.fail_after(10):
            received.extend(await stream.receive())

    assert bytes(received) == sent


async def test_the_end_is_told_to_whoever_asks_again(ends: tuple[Duplex, socket.socket]) -> None:
    stream, theirs = ends
    theirs.send(b"last")
    theirs.shutdown(socket.SHUT_WR)

    assert await stream.receive() == b"last"
    assert await stream.receive() == b""
    for _ in range(5):
        await lowlevel.checkpoint()
    assert await stream.receive() == b""


async def test_a_peer_that_breaks_off_while_we_wait_is_gone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        theirs = socket.create_connection(server.getsockname())
        ours, _ = server.accept()
    with Duplex(ours) as stream:

        async def break_off() -> None:
            await lowlevel.checkpoint()
            # A reset instead of an end.
            theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            theirs.close()

        async with anyio.create_task_group() as group:
            group.start_soon(break_off)
            with anyio.fail_after(10), pytest.raises(PeerGone):
                await stream.receive()


async def test_many_that_connect_at_once_are_accepted_in_few_turns(tmp_path: Path) -> None:
    path, opened = tmp_path / "s", list[socket.socket]()
    with ExitStack() as held:
        server = held.enter_context(socket.socket(socket.AF_UNIX))
        server.bind(str(path))
        server.listen(100)
        server.setblocking(False)
        for _ in range(2 * ACCEPTED_AT_ONCE + 1):
            opened.append(held.enter_context(socket.socket(socket.AF_UNIX)))
            opened[-1].connect(str(path))
        batches = [[held.enter_context(stream) for stream in await accept(server)] for _ in range(3)]

        assert [len(batch) for batch in batches] == [ACCEPTED_AT_ONCE, ACCEPTED_AT_ONCE, 1]
        for number, stream in enumerate(stream for batch in batches for stream in batch):
            opened[number].send(bytes([number]))
            assert await stream.receive() == bytes([number])


async def test_those_that_were_accepted_before_a_shortage_are_served(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with ExitStack() as held:
        server = held.enter_context(socket.socket(socket.AF_UNIX))
        server.bind(str(path))
        server.listen(100)
        server.setblocking(False)
        for _ in range(ACCEPTED_AT_ONCE):
            held.enter_context(socket.socket(socket.AF_UNIX)).connect(str(path))
        with few_files_more(3):
            first = await accept(server)
            with pytest.raises(OSError, match="Too many open files"):
                await accept(server)
        rest = await accept(server)
        for stream in (*first, *rest):
            held.enter_context(stream)

    assert [len(first), len(rest)] == [3, ACCEPTED_AT_ONCE - 3]


@contextmanager
def few_files_more(count: int) -> Iterator[None]:
    """Let this process open no more than so many files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(entry.name) for entry in Path("/dev/fd").iterdir())
    with ExitStack() as held:
        # What is free below counts too.
        while (filler := os.dup(0)) < highest:
            held.callback(os.close, filler)
        os.close(filler)
        resource.setrlimit(resource.RLIMIT_NOFILE, (filler + count, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
