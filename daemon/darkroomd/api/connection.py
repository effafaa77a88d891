"""One client's connection, from its first byte to its last."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from io import FileIO
from typing import Final, TypeAlias

import anyio
import structlog
from structlog.contextvars import bound_contextvars

from darkroom.wire.connection import ServerConnection, State
from darkroom.wire.frames import INBOUND_LIMIT_BYTES, WireError
from darkroom.wire.messages import Call, Reply
from darkroomd.api.dispatch import can_take_long
from darkroomd.api.duplex import Duplex, PeerGone
from darkroomd.api.requests import Caller
from darkroomd.core.access import Peer

LOOK_SECONDS: Final = 20.0
"""How often to look whether a peer of which nothing more is read has closed the connection."""

Answer: TypeAlias = Callable[[Call, Caller], Awaitable[Reply]]
"""Returns the last reply to a call; those before it go to the caller."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a peer may take, in seconds.

    Attributes:
        message_seconds: from the first byte of a call to its last.
        reply_seconds: to take a reply that we have begun to send.
    """

    message_seconds: float = 30.0
    reply_seconds: float = 30.0


class Connection:
    """Reads calls, has them answered one after the other, and sends the replies in their order."""

    def __init__(self, stream: Duplex, peer: Peer, answer: Answer, *, patience: Patience) -> None:
        self._stream = stream
        self._peer = peer
        self._caller = Caller(peer, self._send, self._enclose)
        self._enclosed: list[FileIO] = []
        self._answer = answer
        self._patience = patience
        self._wire = ServerConnection()
        self._serving = anyio.CancelScope()
        self._is_idle = False
        self._stopping = False

    async def serve(self) -> None:
        """Answer until either side has had enough; the stream is the caller's to close. To be called once."""
        with bound_contextvars(uid=self._peer.uid), self._serving:
            try:
                while (call := await self._next_call()) is not None:
                    await self._serve_call(call)
            except WireError as error:
                log.info("connection_malformed", pid=self._peer.pid, problem=str(error))
            except PeerGone as gone:
                log.debug("connection_lost", pid=self._peer.pid, problem=str(gone))

    def stop(self) -> None:
        """Begin no call any more; `serve` returns once the present one is answered."""
        self._stopping = True
        if self._is_idle:
            self._serving.cancel()

    async def _next_call(self) -> Call | None:
        """Return the next call, or None at the end of the connection."""
        deadline, gave_way = float("inf"), False
        while not self._stopping:
            call = self._wire.next_call()
            if call is not None or self._wire.state is State.CLOSED:
                if not gave_way:
                    # Whoever sends many calls at once takes turns with everyone else.
                    await self._stream.give_way()
                return call
            if self._wire.buffered_bytes:
                deadline = min(deadline, anyio.current_time() + self._patience.message_seconds)
            await self._wait(deadline)
            gave_way = True
        return None

    async def _wait(self, deadline: float) -> None:
        self._is_idle = True
        try:
            if deadline == float("inf"):
                await self._receive()
                return
            with anyio.move_on_at(deadline) as waiting:
                await self._receive()
        finally:
            self._is_idle = False
        if waiting.cancelled_caught:
            raise PeerGone("a call was begun and not finished in time")

    async def _serve_call(self, call: Call) -> None:
        try:
            if can_take_long(call):
                reply = await self._answer_and_listen(call)
            else:
                reply = await self._answer(call, self._caller)
            if reply.error is not None:
                self._drop_enclosed()
            await self._send(reply)
        finally:
            self._drop_enclosed()

    async def _answer_and_listen(self, call: Call) -> Reply:
        """Answer a call that can take long, unless the peer hangs up meanwhile."""
        reply: Reply | None = None
        async with anyio.create_task_group() as group:
            group.start_soon(self._listen, group.cancel_scope)
            try:
                reply = await self._answer(call, self._caller)
            except PeerGone as gone:
                log.debug("stream_lost", problem=str(gone))
            group.cancel_scope.cancel()
        if reply is None:
            raise PeerGone("the peer hung up on a stream")
        return reply

    async def _listen(self, answering: anyio.CancelScope) -> None:
        """Read ahead, within limits; cancel `answering` once nobody is there to hear the answer."""
        try:
            while not self._wire.peer_is_done and self._wire.buffered_bytes < INBOUND_LIMIT_BYTES:
                await self._receive()
        except PeerGone:
            answering.cancel()
        # Nothing more is read. Without this, whoever waits for a reply that never comes would be waited for.
        while True:
            if self._stream.has_hung_up():
                answering.cancel()
            await anyio.sleep(LOOK_SECONDS)

    async def _receive(self) -> None:
        self._take_in(await self._stream.receive())

    def _take_in(self, data: bytes) -> None:
        self._wire.receive(data)
        if self._wire.peer_is_done:
            self._caller.has_finished.set()

    async def _send(self, reply: Reply) -> None:
        if data := self._wire.send(reply):
            descriptors = [file.fileno() for file in self._enclosed]
            await self._stream.send(
                data, within_seconds=self._patience.reply_seconds, descriptors=descriptors
            )
            self._drop_enclosed()

    def _enclose(self, file: FileIO) -> int:
        self._enclosed.append(file)
        return len(self._enclosed) - 1

    def _drop_enclosed(self) -> None:
        while self._enclosed:
            self._enclosed.pop().close()
