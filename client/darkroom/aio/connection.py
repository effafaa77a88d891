"""A connection to the daemon's socket for anyio: calls out, replies in."""

from __future__ import annotations

import os
import socket
import time
from typing import Final, Self

import anyio
import anyio.lowlevel

from darkroom.client.connection import received, silent, unreachable
from darkroom.client.descriptors import Descriptors
from darkroom.errors import ConnectionLost, ProtocolViolation
from darkroom.wire.connection import ClientConnection
from darkroom.wire.frames import WireError
from darkroom.wire.messages import Call, Reply

__all__ = ["Connection", "silent"]

_CONNECT_AGAIN_SECONDS: Final = 0.02


class Connection:
    """One connection, on which replies come in the order of the calls. Close it in the end.

    After an error other than one the daemon replied it is of no use any more, nor after a call that was
    canceled while it was sent. One task at a time may use it.
    """

    def __init__(self, path: str, channel: socket.socket, *, timeout_seconds: float) -> None:
        self._path = path
        self._socket = channel
        self._timeout_seconds = timeout_seconds
        self._turns = ClientConnection()
        self._is_waiting = False

    @classmethod
    async def open(cls, path: str, *, timeout_seconds: float) -> Self:
        """Connect to a path.

        Raises:
            DaemonUnreachable: nobody answers there.
            SocketForbidden: this user may not connect there.
        """
        return cls(path, await _connect(path, timeout_seconds), timeout_seconds=timeout_seconds)

    def close(self) -> None:
        """Hang up."""
        if self._is_waiting:
            # Another task is woken, and finds it closed.
            anyio.notify_closing(self._socket)
        self._socket.close()

    def finish(self) -> None:
        """Hang up; the daemon sees to it in its own time."""
        self.close()

    def is_idle(self) -> bool:
        """Tell whether the daemon still listens and owes nothing."""
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return self._turns.waiting == 0
        except OSError:
            return False
        return False

    async def send(self, call: Call) -> None:
        """Send a call.

        Raises:
            ConnectionLost: the daemon closed the connection.
            DaemonUnreachable: it did not take the call in time.
        """
        left = memoryview(self._turns.send(call))
        try:
            with anyio.fail_after(self._timeout_seconds):
                while left:
                    left = left[await self._sent(left) :]
        except TimeoutError as error:
            raise silent(self._path, self._timeout_seconds) from error
        except (OSError, anyio.ClosedResourceError) as error:
            raise ConnectionLost from error

    async def receive(self, *, timeout_seconds: float | None, files: Descriptors | None = None) -> Reply:
        """Return the next reply, which may be an error; a timeout of None waits for ever.

        Args:
            timeout_seconds: for the whole reply.
            files: takes the files that come with it; without, they are let go.

        Raises:
            ConnectionLost: the daemon closed the connection before it.
            DaemonUnreachable: it did not come in time.
            ProtocolViolation: what came is no reply.
        """
        reply = await self.receive_within(timeout_seconds, files=files)
        if reply is None:
            raise silent(self._path, timeout_seconds or 0.0)
        return reply

    async def receive_within(
        self, seconds: float | None, *, files: Descriptors | None = None
    ) -> Reply | None:
        """Return the next reply, or None if it does not come in time; what came of it is kept.

        What is here already is returned also where there is no time to wait.

        Raises:
            ConnectionLost: the daemon closed the connection before it.
            ProtocolViolation: what came is no reply.
        """
        # However much comes: other tasks have their turn.
        await anyio.lowlevel.checkpoint()
        with anyio.move_on_after(seconds):
            while (reply := self._take(files)) is None:
                await self._wait_readable()
            return reply
        return None

    def receive_now(self) -> Reply | None:
        """Return the next reply if it is here already, None if not.

        Raises:
            ConnectionLost: the daemon closed the connection.
            ProtocolViolation: what came is no reply.
        """
        return self._take(None)

    def _take(self, files: Descriptors | None) -> Reply | None:
        """Return the next reply if it is here, after reading once where that is needed."""
        try:
            if (reply := self._turns.next_reply()) is None:
                self._turns.receive(self._receive_some(files))
                reply = self._turns.next_reply()
        except WireError as error:
            raise ProtocolViolation(str(error)) from error
        except BlockingIOError:
            return None
        return reply

    def _receive_some(self, files: Descriptors | None) -> bytes:
        try:
            data = received(self._socket, files)
        except BlockingIOError:
            raise
        except OSError as error:
            raise ConnectionLost from error
        if not data:
            raise ConnectionLost
        return data

    async def _sent(self, data: memoryview) -> int:
        try:
            return self._socket.send(data)
        except BlockingIOError:
            await anyio.wait_writable(self._socket)
            return 0

    async def _wait_readable(self) -> None:
        self._is_waiting = True
        try:
            await anyio.wait_readable(self._socket)
        except (OSError, anyio.ClosedResourceError) as error:
            raise ConnectionLost from error
        finally:
            self._is_waiting = False


async def _connect(path: str, timeout_seconds: float) -> socket.socket:
    try:
        channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    except OSError as error:
        raise unreachable(path, error) from error
    try:
        channel.setblocking(False)
        deadline = time.monotonic() + timeout_seconds
        while not _is_connected(channel, path, last=time.monotonic() >= deadline):  # noqa: ASYNC110 - see below
            # The system tells nobody that there is a place again in the queue of a Unix socket.
            await anyio.sleep(_CONNECT_AGAIN_SECONDS)
    except OSError as error:
        channel.close()
        raise unreachable(path, error) from error
    except BaseException:
        channel.close()
        raise
    return channel


def _is_connected(channel: socket.socket, path: str, *, last: bool) -> bool:
    try:
        channel.connect(os.fsencode(path))
    except BlockingIOError:
        if last:
            raise
        return False
    return True
