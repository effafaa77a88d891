"""Asking the daemon: one connection for calls, one for each stream."""

from __future__ import annotations

import os
from _thread import allocate_lock
from collections.abc import Callable, Generator, Iterator
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import msgspec

from darkroom.client.address import socket_path
from darkroom.client.connection import Connection
from darkroom.client.descriptors import Descriptors
from darkroom.client.reading import value_in
from darkroom.errors import DARKROOM_INTERFACE, ConnectionLost, ProtocolViolation
from darkroom.protocol import replies
from darkroom.protocol.faults import from_wire
from darkroom.protocol.types import Input, JobOptions, Payload
from darkroom.wire.messages import Call, Mode, Reply, encode_parameters

PAGE_ENTRIES: Final = 100
"""A page of this many photos fits into a message also where every path is as long as a path can be."""

Value = TypeVar("Value", bound=Payload)
Entry = TypeVar("Entry", bound=Payload)
Page = TypeVar(
    "Page",
    replies.SessionsReply,
    replies.PhotosReply,
    replies.JobsReply,
    replies.ItemsReply,
    replies.LogLinesReply,
)


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
        self._turn = allocate_lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up. Streams have connections of their own, and are closed by whoever opened them."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def call(self, method: str, parameters: dict[str, Any] | None = None) -> dict[str, Any]:
        """Call a method, with its names as on the wire, and return its reply.

        A name without a dot is one of `io.darkroomd.Darkroom`.
        """
        return decoded(self._exchange(calling(method, parameters)))

    def stream(self, method: str, parameters: dict[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        """Call a method with `more` and yield its replies as they come, with no limit on the time between."""
        return map(decoded, self._stream(calling(method, parameters, mode=Mode.MORE), silence_seconds=None))

    def _ask(
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
            reply = self._exchange(call, files)
        except ConnectionLost:
            # The daemon may have ended since the last call.
            if not reused:
                raise
            reply = self._exchange(call, files)
        return value_in(reply.parameters, kind)

    def _ask_once(self, question: Input, kind: type[Value]) -> Value:
        """Return the answer to what would be answered differently the second time."""
        return value_in(self._exchange(asking(question)).parameters, kind)

    def _start(self, question: Input, kind: type[Value], options: JobOptions | None) -> Value:
        """Return the answer to what makes a job; under a key of its own it may be asked for twice."""
        if options is not None and options.idempotency_key is not None:
            return self._ask(question, kind)
        return self._ask_once(question, kind)

    def _follow(
        self, question: Input, kind: type[Value], *, silence_seconds: float | None
    ) -> Generator[Value, None, None]:
        """Yield all answers, on a connection of their own that ends with the last one or when closed.

        Args:
            question: is asked with `more`.
            kind: of the answers.
            silence_seconds: after this long without a word the connection is taken for lost; None: never.
        """
        call = asking(question, mode=Mode.MORE)
        for reply in self._stream(call, silence_seconds=silence_seconds):
            yield value_in(reply.parameters, kind)

    def _entries(
        self,
        question: Callable[[str | None], Input],
        kind: type[Page],
        entries: Callable[[Page], tuple[Entry, ...]],
    ) -> Iterator[Entry]:
        """Yield the entries of all pages, each of which is asked for when the one before was taken."""
        cursor: str | None = None
        while True:
            page = self._ask(question(cursor), kind)
            yield from entries(page)
            if page.next_cursor is None:
                return
            cursor = further(page.next_cursor, cursor)

    def _open_stream(self, question: Input) -> Connection:
        """Ask with `more` on a new connection, and return it; the caller closes it."""
        connection = Connection(self.path, timeout_seconds=self._timeout)
        try:
            connection.send(asking(question, mode=Mode.MORE))
        except BaseException:
            connection.close()
            raise
        return connection

    def _exchange(self, call: Call, files: Descriptors | None = None) -> Reply:
        """Send a call and return its reply; an error of the daemon's is raised."""
        # A reply that another thread waits for must not be taken for ours.
        with self._turn:
            connection = self._usable_connection()
            try:
                connection.send(call)
                reply = connection.receive(timeout_seconds=self._timeout, files=files)
            except BaseException:
                # Whatever it was: a late reply must not be taken for that to the next call.
                self.close()
                raise
        return accepted(reply)

    def _usable_connection(self) -> Connection:
        if self._connection is not None and not self._connection.is_idle():
            self.close()
        if self._connection is None:
            self._connection = Connection(self.path, timeout_seconds=self._timeout)
        return self._connection

    def _stream(self, call: Call, *, silence_seconds: float | None) -> Generator[Reply, None, None]:
        connection = Connection(self.path, timeout_seconds=self._timeout)
        try:
            connection.send(call)
            continues = True
            while continues:
                reply = accepted(connection.receive(timeout_seconds=silence_seconds))
                continues = reply.continues
                yield reply
        finally:
            connection.close()


def asking(question: Input, *, interface: str = DARKROOM_INTERFACE, mode: Mode = Mode.PLAIN) -> Call:
    """Return the call that asks a question."""
    return Call(f"{interface}.{type(question).__name__}", encode_parameters(question), mode)


def calling(method: str, parameters: dict[str, Any] | None, *, mode: Mode = Mode.PLAIN) -> Call:
    """Return the call of a method by its name on the wire; one without a dot is the daemon's."""
    name = method if "." in method else f"{DARKROOM_INTERFACE}.{method}"
    return Call(name, encode_parameters(parameters or {}), mode)


def accepted(reply: Reply) -> Reply:
    """Return a reply that is none of the daemon's errors; raise the error that it is."""
    if reply.error is not None:
        raise from_wire(reply.error, decoded(reply))
    return reply


def decoded(reply: Reply) -> dict[str, Any]:
    """Return the parameters of a reply as they are on the wire."""
    try:
        return msgspec.json.decode(reply.parameters, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise ProtocolViolation(f"a reply is not JSON: {error}") from error


def further(cursor: str, before: str | None) -> str:
    """Return the cursor of the next page; raise `ProtocolViolation` where a list would never end."""
    if cursor == before:
        raise ProtocolViolation("a list goes on where it began")
    return cursor
