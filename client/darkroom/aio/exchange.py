"""Asking the daemon with anyio: one connection for calls, one for each stream."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from types import TracebackType
from typing import Any, Final, Self

import anyio

from darkroom.aio.connection import Connection
from darkroom.aio.paging import Entries
from darkroom.client.address import socket_path
from darkroom.client.descriptors import Descriptors
from darkroom.client.exchange import (
    PAGE_ENTRIES,
    Entry,
    Page,
    Value,
    accepted,
    asking,
    calling,
    decoded,
)
from darkroom.client.reading import value_in
from darkroom.errors import DARKROOM_INTERFACE, ConnectionLost
from darkroom.protocol.types import Input, JobOptions
from darkroom.wire.messages import Call, Mode, Reply

__all__ = ["PAGE_ENTRIES", "Exchange", "accepted"]


class Exchange:
    """Sends questions and returns answers; connects when it is first asked something.

    The methods of the protocol are in the classes that are derived from it, by noun.

    Args:
        socket: path of the daemon's socket; None: `DARKROOM_SOCKET`, else the customary places.
        timeout: seconds to wait for a connection, and then for a reply.
    """

    def __init__(self, socket: str | os.PathLike[str] | None = None, *, timeout: float = 30.0) -> None:
        self.path: Final = socket_path(socket, os.environ)
        self._timeout = timeout
        self._connection: Connection | None = None
        self._turn = anyio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up. Streams have connections of their own, and are closed by whoever opened them."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    async def call(self, method: str, parameters: dict[str, Any] | None = None) -> dict[str, Any]:
        """Call a method, with its names as on the wire, and return its reply.

        A name without a dot is one of `io.darkroomd.Darkroom`.
        """
        return decoded(await self._exchange(calling(method, parameters)))

    async def stream(
        self, method: str, parameters: dict[str, Any] | None = None
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Call a method with `more` and yield its replies as they come, with no limit on the time between."""
        connection = await self._opened(calling(method, parameters, mode=Mode.MORE))
        try:
            continues = True
            while continues:
                reply = accepted(await connection.receive(timeout_seconds=None))
                continues = reply.continues
                yield decoded(reply)
        finally:
            connection.close()

    async def _ask(
        self,
        question: Input,
        kind: type[Value],
        *,
        interface: str = DARKROOM_INTERFACE,
        files: Descriptors | None = None,
    ) -> Value:
        """Return the answer to what may be asked twice without harm, and is where a connection was stale."""
        call = asking(question, interface=interface)
        reused = self._connection is not None
        try:
            reply = await self._exchange(call, files)
        except ConnectionLost:
            # The daemon may have ended since the last call.
            if not reused:
                raise
            reply = await self._exchange(call, files)
        return value_in(reply.parameters, kind)

    async def _ask_once(self, question: Input, kind: type[Value]) -> Value:
        """Return the answer to what would be answered differently the second time."""
        return value_in((await self._exchange(asking(question))).parameters, kind)

    async def _start(self, question: Input, kind: type[Value], options: JobOptions | None) -> Value:
        """Return the answer to what makes a job; under a key of its own it may be asked for twice."""
        if options is not None and options.idempotency_key is not None:
            return await self._ask(question, kind)
        return await self._ask_once(question, kind)

    async def _follow(
        self, question: Input, kind: type[Value], *, silence_seconds: float | None
    ) -> AsyncGenerator[Value, None]:
        """Yield all answers, on a connection of their own that ends with the last one or when closed.

        Args:
            question: is asked with `more`.
            kind: of the answers.
            silence_seconds: after this long without a word the connection is taken for lost; None: never.
        """
        connection = await self._open_stream(question)
        try:
            continues = True
            while continues:
                reply = accepted(await connection.receive(timeout_seconds=silence_seconds))
                continues = reply.continues
                yield value_in(reply.parameters, kind)
        finally:
            connection.close()

    def _entries(
        self,
        question: Callable[[str | None], Input],
        kind: type[Page],
        entries: Callable[[Page], tuple[Entry, ...]],
    ) -> AsyncIterator[Entry]:
        """Return the entries of all pages, each of which is asked for when the one before was taken."""

        async def ask(cursor: str | None) -> tuple[tuple[Entry, ...], str | None]:
            page = await self._ask(question(cursor), kind)
            return entries(page), page.next_cursor

        return Entries(ask)

    async def _open_stream(self, question: Input) -> Connection:
        """Ask with `more` on a new connection, and return it; the caller closes it."""
        return await self._opened(asking(question, mode=Mode.MORE))

    async def _opened(self, call: Call) -> Connection:
        connection = await Connection.open(self.path, timeout_seconds=self._timeout)
        try:
            await connection.send(call)
        except BaseException:
            connection.close()
            raise
        return connection

    async def _exchange(self, call: Call, files: Descriptors | None = None) -> Reply:
        """Send a call and return its reply; an error of the daemon's is raised."""
        async with self._turn:
            connection = await self._usable_connection()
            try:
                await connection.send(call)
                reply = await connection.receive(timeout_seconds=self._timeout, files=files)
            except BaseException:
                # Whatever it was: a late reply must not be taken for that to the next call.
                self.close()
                raise
        return accepted(reply)

    async def _usable_connection(self) -> Connection:
        if self._connection is not None and not self._connection.is_idle():
            self.close()
        if self._connection is None:
            self._connection = await Connection.open(self.path, timeout_seconds=self._timeout)
        return self._connection
