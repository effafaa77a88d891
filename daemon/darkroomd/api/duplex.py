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
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import anyio
from anyio import lowlevel


class PeerGone(Exception):
    """Nothing can be received from or sent to the peer any more."""


@dataclass(slots=True)
class Lobby:
    """How many connections have been heard of and not been attended to yet."""

    waiting: int = 0


class Duplex:
    """A connected stream socket; closed at the end of the `with` block it is entered in."""

    def __init__(self, connected: socket.socket, lobby: Lobby | None = None) -> None:
        connected.setblocking(False)
        self.socket = connected
        self.lobby = lobby or Lobby()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._limit = 0
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

    async def receive(self, limit: int) -> bytes:
        """Return 1 to `limit` bytes, or none once the peer has closed its sending half; raise `PeerGone`.

        Gives way to others. Nothing is lost if the caller is cancelled.
        """
        while self._arrived is None:
            assert self._waiting is None, "two tasks wait for one connection"
            loop = asyncio.get_running_loop()
            self._waiting, self._limit = loop.create_future(), limit
            if self._loop is None:
                self._loop = loop
                loop.add_reader(self.socket, self._on_readable)
            try:
                await self._waiting
            finally:
                if self._waiting.done() and not self._waiting.cancelled():
                    self.lobby.waiting -= 1
                self._waiting = None
        arrived, self._arrived = self._arrived, None
        if isinstance(arrived, PeerGone):
            raise arrived
        return arrived

    def receive_now(self, limit: int) -> bytes | None:
        """Return what `receive` does; None where that would have to wait."""
        if self._arrived is None:
            return self._take(limit)
        arrived, self._arrived = self._arrived, None
        if isinstance(arrived, PeerGone):
            raise arrived
        return arrived

    def _take(self, limit: int) -> bytes | None:
        try:
            return self.socket.recv(limit)
        except BlockingIOError:
            return None
        except OSError as error:
            raise PeerGone(str(error)) from error

    def _on_readable(self) -> None:
        """Take what has arrived for whoever waits; where nobody does, it stays with the kernel."""
        waiting = self._waiting
        if waiting is None or waiting.done():
            self._stop_listening()
            return
        try:
            self._arrived = self._take(self._limit)
        except PeerGone as gone:
            self._arrived = gone
        waiting.set_result(None)
        self.lobby.waiting += 1

    def _stop_listening(self) -> None:
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.remove_reader(self.socket)

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


async def accept(listening: socket.socket, lobby: Lobby) -> Duplex:
    """Return the next connection; an `OSError` other than "none yet" is the caller's."""
    await lowlevel.checkpoint()
    while True:
        try:
            return Duplex(listening.accept()[0], lobby)
        except BlockingIOError:
            await anyio.wait_readable(listening)


def close(owned: socket.socket) -> None:
    """Close a socket that somebody may be waiting on; closing it twice is harmless."""
    if owned.fileno() >= 0:
        anyio.notify_closing(owned)
        owned.close()
