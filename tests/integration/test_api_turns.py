"""An answer that is shared within one turn of the loop is never older than what its caller knows."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import ExitStack
from io import FileIO
from pathlib import Path

import anyio
import msgspec
import pytest
from anyio import lowlevel, to_thread

from api_server import NOW, Serving, serving
from darkroom.protocol.calls import GetSummary
from darkroom.wire.messages import Call, Reply
from darkroomd.api.connection import Connection, Patience
from darkroomd.api.duplex import Duplex
from darkroomd.api.handlers.daemon import DaemonHandlers
from darkroomd.api.hub import Hub
from darkroomd.api.requests import Caller, Request
from darkroomd.api.turn import Turn
from darkroomd.core.access import Grant, Peer
from darkroomd.core.reloading import Reloaded
from darkroomd.store.catalogue import Totals, read_totals
from darkroomd.store.database import Database
from darkroomd.store.remembered import Remembered

pytestmark = pytest.mark.anyio

ASK = b'{"method":"a.b.Ask"}\0'
CHANGE = b'{"method":"a.b.Change"}\0'
CONNECTIONS = 6


class Number:
    """A number that calls change and ask for; an answer is shared by all calls of one turn."""

    def __init__(self) -> None:
        self._number = 0
        self._turn = Turn[int]()

    async def answer(self, call: Call, _: Caller) -> Reply:
        if call.method.endswith("Change"):
            self._number += 1
            return reply(self._number)
        if self._turn.answer is None:
            self._turn.keep(self._number)
        return reply(self._turn.answer or 0)


def reply(number: int) -> Reply:
    return Reply(msgspec.Raw(json.dumps({"number": number}).encode()))


def numbers_in(received: bytes) -> list[int]:
    return [json.loads(line)["parameters"]["number"] for line in received.split(b"\0")[:-1]]


async def serve(stream: Duplex, number: Number) -> None:
    with stream:
        await Connection(stream, Peer(uid=0, pid=1), number.answer, patience=Patience()).serve()


async def receive(theirs: socket.socket, calls: int) -> bytes:
    received = b""
    while received.count(b"\0") < calls:
        await anyio.wait_readable(theirs)
        received += theirs.recv(1 << 16)
    return received


async def test_a_connection_hears_of_its_own_changes_and_of_nothing_older() -> None:
    number, heard = Number(), list[list[int]]()
    with ExitStack() as held:
        async with anyio.create_task_group() as group:
            ends = list[socket.socket]()
            for _ in range(CONNECTIONS):
                ours, theirs = socket.socketpair()
                ends.append(held.enter_context(theirs))
                theirs.setblocking(False)
                group.start_soon(serve, Duplex(ours), number)
            for turn in range(50):
                for place, theirs in enumerate(ends):
                    theirs.send(ASK * 6 if (place + turn) % 2 else (CHANGE + ASK) * 3)
                heard += [numbers_in(await receive(theirs, 6)) for theirs in ends]
            for theirs in ends:
                theirs.shutdown(socket.SHUT_WR)

    assert len(heard) == 50 * CONNECTIONS
    assert [numbers for numbers in heard if numbers != sorted(numbers)] == []


@pytest.fixture
async def daemon(tmp_path: Path) -> AsyncIterator[Serving]:
    async with serving(tmp_path) as daemon:
        yield daemon


async def test_what_was_looked_at_before_a_change_is_not_told_to_those_who_ask_after_it(
    daemon: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await daemon.add_session()
    reading, may_go_on = threading.Event(), threading.Event()

    def read_slowly(database: Database) -> Totals:
        totals = read_totals(database)
        first = not reading.is_set()
        reading.set()
        assert not first or may_go_on.wait(30)
        return totals

    monkeypatch.setattr(daemon.store, "totals", Remembered(daemon.store.front, read_slowly))
    hub = Hub(daemon.bus, daemon.queries, identity="i", now_usec=lambda: NOW)
    summary_of = DaemonHandlers(daemon.queries, hub, reload=no_reload).get_summary
    early, late = list[int](), list[int]()

    async def ask(into: list[int]) -> None:
        caller = Caller(Peer(uid=0, pid=1), no_reply, no_file)
        reply = await summary_of(Request(GetSummary(), caller, Grant.EVERYTHING))
        into.append(reply.summary.queue.queued_items)

    async def ask_in_the_turn_of_the_first() -> None:
        while not early:
            await lowlevel.checkpoint()
        await ask(late)

    async with anyio.create_task_group() as group:
        group.start_soon(ask, early)
        assert await to_thread.run_sync(reading.wait, 30)
        await daemon.add_photo(session)
        for _ in range(3):
            group.start_soon(ask_in_the_turn_of_the_first)
        may_go_on.set()

    assert (early, late) == ([0], [1, 1, 1])


async def no_reload() -> Reloaded:
    raise AssertionError


async def no_reply(_: Reply) -> None:
    raise AssertionError


def no_file(_: FileIO) -> int:
    raise AssertionError
