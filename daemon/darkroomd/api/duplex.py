"""Sockets that wait without blocking anyone else.

anyio's own socket streams resolve a future that was cancelled in the same turn of the loop, which ends as
an unhandled exception in its log: here, peers hang up at the moment we stop waiting for them all day long.
Its `wait_readable` tells the kernel twice for every wait; a connection that asks again and again is told of
to the kernel once, which takes a quarter of a short call's cost.
"""

from __future__ import annotations

import asyncio
import select
import socket
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

import anyio
from anyio import lowlevel

CHUNK_BYTES: Final = 1 << 16
"""How much is taken from the kernel at once, and the most that is kept for whoever reads next."""

ACCEPTED_AT_ONCE: Final = 8
"""In a turn of the loop, in which a call of every open connection is answered: one a turn would be slow."""


class PeerGone(Exception):
    """Nothing can be received from or sent to the peer any more."""


class Duplex:
    """A connected stream socket; closed at the end of the `with` block it is entered in."""

    def __init__(self, connected: socket.socket) -> None:
        connected.setblocking(False)
        self.socket = connected
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._arrived: bytes | PeerGone | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop_listening()
        close(self.socket)

    async def give_way(self) -> None:
        """Let everyone else have their turn."""
        # What anyio has for it takes several times as long, and this is done for every call.
        await asyncio.sleep(0)

    async def receive(self) -> bytes:
        """Return what comes next, or no byte once the peer has closed its sending half; raise `PeerGone`.

        Gives way to others. Nothing is lost if the caller is cancelled.
        """
        if self._arrived is not None:
            await self.give_way()
        while self._arrived is None:
            assert self._waiting is None, "two tasks wait for one connection"
            loop = asyncio.get_running_loop()
            self._waiting = loop.create_future()
            if self._loop is None:
                self._loop = loop
                # By its number: asyncio spells out in words what it does not know yet, at each new beginning.
                loop.add_reader(self.socket.fileno(), self._on_readable)
            try:
                await self._waiting
            finally:
                self._waiting = None
        arrived, self._arrived = self._arrived, None
        if isinstance(arrived, PeerGone):
            raise arrived
        return arrived

    def _on_readable(self) -> None:
        """Take a chunk for whoever waits, or will; what comes before that is asked for stays with the kernel.

        A caller that is answered asks again before we wait, as a rule: to be told of that anew by the kernel
        each time would cost more than the call.
        """
        if self._arrived is not None:
            self._stop_listening()
            return
        try:
            self._arrived = self.socket.recv(CHUNK_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            gone = PeerGone(str(error))
            gone.__cause__ = error
            self._arrived = gone
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def _stop_listening(self) -> None:
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.remove_reader(self.socket.fileno())

    async def send(self, data: bytes, *, within_seconds: float, descriptors: Sequence[int] = ()) -> None:
        """Return once the kernel has taken all of `data`; raise `PeerGone`, also if that takes too long.

        Open files go with the first byte; they stay the caller's to close. Does not give way to others where
        there is room at once.
        """
        whole = memoryview(data)
        rest = self._send_now(whole, descriptors)
        if not rest:
            return
        try:
            with anyio.fail_after(within_seconds):
                while rest:
                    await anyio.wait_writable(self.socket)
                    rest = self._send_now(rest, descriptors if len(rest) == len(whole) else ())
        except TimeoutError as error:
            raise PeerGone("a reply was not taken in time") from error

    def _send_now(self, data: memoryview, descriptors: Sequence[int]) -> memoryview:
        """Send what there is room for and return the rest."""
        try:
            if descriptors:
                return data[socket.send_fds(self.socket, [data], descriptors) :]
            return data[self.socket.send(data) :]
        except BlockingIOError:
            return data
        except OSError as error:
            raise PeerGone(str(error)) from error

    def has_hung_up(self) -> bool:
        """Tell whether the peer has closed both halves; where the system cannot tell, it has not."""
        if sys.platform != "linux":
            return False
        look = select.poll()
        look.register(self.socket, 0)
        return any(events & select.POLLHUP for _, events in look.poll(0))


async def accept(listening: socket.socket) -> list[Duplex]:
    """Return the next connections, one at least; an `OSError` other than "none yet" is the caller's."""
    await lowlevel.checkpoint()
    while not (accepted := _accept_now(listening)):
        await anyio.wait_readable(listening)
    return accepted


def _accept_now(listening: socket.socket) -> list[Duplex]:
    accepted: list[Duplex] = []
    try:
        while len(accepted) < ACCEPTED_AT_ONCE:
            accepted.append(Duplex(listening.accept()[0]))
    except BlockingIOError:
        return accepted
    except OSError:
        # Those that came before it are served; a shortage will be met again.
        if not accepted:
            raise
    return accepted


def close(owned: socket.socket) -> None:
    """Close a socket that somebody may be waiting on; closing it twice is harmless."""
    if owned.fileno() >= 0:
        anyio.notify_closing(owned)
        owned.close()
