"""A connection between two sockets of this process: nothing is lost, whoever stops waiting when."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator

import anyio
import pytest
from anyio import lowlevel

from darkroomd.api.duplex import Duplex, PeerGone

pytestmark = pytest.mark.anyio

LIMIT = 1 << 16


@pytest.fixture
async def ends() -> AsyncIterator[tuple[Duplex, socket.socket]]:
    ours, theirs = socket.socketpair()
    with theirs, Duplex(ours) as stream:
        yield stream, theirs


async def test_what_arrives_while_nobody_waits_is_there_later(ends: tuple[Duplex, socket.socket]) -> None:
    stream, theirs = ends
    assert stream.receive_now(LIMIT) is None
    theirs.send(b"first")
    assert await stream.receive(LIMIT) == b"first"
    theirs.send(b"second")
    for _ in range(5):
        # The loop sees that there is something, and that nobody wants it.
        await lowlevel.checkpoint()

    assert await stream.receive(LIMIT) == b"second"


async def test_no_byte_is_lost_to_whoever_stops_waiting(ends: tuple[Duplex, socket.socket]) -> None:
    stream, theirs = ends
    sent, received = bytes(range(250)), bytearray()

    async def read(scope: anyio.CancelScope) -> None:
        with scope:
            received.extend(await stream.receive(LIMIT))

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
            received.extend(await stream.receive(LIMIT))

    assert bytes(received) == sent


async def test_the_end_is_told_to_whoever_asks_again(ends: tuple[Duplex, socket.socket]) -> None:
    stream, theirs = ends
    theirs.send(b"last")
    theirs.shutdown(socket.SHUT_WR)

    assert await stream.receive(LIMIT) == b"last"
    assert await stream.receive(LIMIT) == b""
    for _ in range(5):
        await lowlevel.checkpoint()
    assert await stream.receive(LIMIT) == b""


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
                await stream.receive(LIMIT)
