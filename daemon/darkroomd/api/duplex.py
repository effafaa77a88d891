"""Sockets that wait without blocking anyone else.

anyio's own socket streams resolve a future that was cancelled in the same turn of the loop, which ends as
an unhandled exception in its log: here, peers hang up at the moment we stop waiting for them all day long.
"""

from __future__ import annotations

import select
import socket
import sys
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import anyio
from anyio import lowlevel


class PeerGone(Exception):
    """Nothing can be received from or sent to the peer any more."""


class Duplex:
    """A connected stream socket; closed at the end of the `with` block it is entered in."""

    def __init__(self, connected: socket.socket) -> None:
        connected.setblocking(False)
        self.socket = connected

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        close(self.socket)

    async def receive(self, limit: int) -> bytes:
        """Return 1 to `limit` bytes, or none once the peer has closed its sending half; raise `PeerGone`.

        Does not give way to others where bytes are here already.
        """
        while (data := self.receive_now(limit)) is None:
            await anyio.wait_readable(self.socket)
        return data

    def receive_now(self, limit: int) -> bytes | None:
        """Return what `receive` does; None where that would have to wait."""
        try:
            return self.socket.recv(limit)
        except BlockingIOError:
            return None
        except OSError as error:
            raise PeerGone(str(error)) from error

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


async def accept(listening: socket.socket) -> Duplex:
    """Return the next connection; an `OSError` other than "none yet" is the caller's."""
    await lowlevel.checkpoint()
    while True:
        try:
            return Duplex(listening.accept()[0])
        except BlockingIOError:
            await anyio.wait_readable(listening)


def close(owned: socket.socket) -> None:
    """Close a socket that somebody may be waiting on; closing it twice is harmless."""
    if owned.fileno() >= 0:
        anyio.notify_closing(owned)
        owned.close()
