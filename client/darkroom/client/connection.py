"""A blocking connection to the daemon's socket: calls out, replies in."""

from __future__ import annotations

import os
import socket
import stat
import struct
import time
from contextlib import suppress
from typing import Final

from darkroom.client.descriptors import Descriptors
from darkroom.errors import ConnectionLost, DaemonUnreachable, ProtocolViolation, SocketForbidden
from darkroom.wire.connection import ClientConnection
from darkroom.wire.frames import WireError
from darkroom.wire.messages import Call, Reply

_CHUNK_BYTES: Final = 1 << 16
_FAREWELL_SECONDS: Final = 1.0
_TRY_AGAIN: Final = "Try again; if that does not help, start it anew."
_TAKE_ANOTHER: Final = "Give the socket of the daemon with --socket or DARKROOM_SOCKET."


class Connection:
    """One connection, on which replies come in the order of the calls. Close it in the end.

    After an error other than one the daemon replied it is of no use any more.

    Raises:
        DaemonUnreachable: nobody answers at the path.
        SocketForbidden: this user may not connect there.
    """

    def __init__(self, path: str, *, timeout_seconds: float) -> None:
        self._path = path
        self._timeout_seconds = timeout_seconds
        self._turns = ClientConnection()
        self._process = os.getpid()
        self._socket = _connect(path, timeout_seconds=timeout_seconds)

    def close(self) -> None:
        """Hang up; in a process that was forked since, leave the connection to the one that made it."""
        if self._process == os.getpid():
            # A forked process that still has the socket must not keep the line open.
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def finish(self) -> None:
        """Say that no more calls come, give the daemon a moment to see to that, and hang up."""
        if self._process == os.getpid():
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_WR)
                self._socket.settimeout(_FAREWELL_SECONDS)
                while self._socket.recv(_CHUNK_BYTES):
                    continue
        self.close()

    def is_idle(self) -> bool:
        """Tell whether the daemon still listens and owes nothing, and this is the process that connected."""
        if self._process != os.getpid():
            return False
        try:
            self._socket.settimeout(0)
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return self._turns.waiting == 0
        except OSError:
            return False
        return False

    def send(self, call: Call) -> None:
        """Send a call.

        Raises:
            ConnectionLost: the daemon closed the connection.
            DaemonUnreachable: it did not take the call in time.
        """
        try:
            self._socket.settimeout(self._timeout_seconds)
            self._socket.sendall(self._turns.send(call))
        except TimeoutError as error:
            raise silent(self._path, self._timeout_seconds) from error
        except OSError as error:
            raise ConnectionLost from error

    def receive(self, *, timeout_seconds: float | None, files: Descriptors | None = None) -> Reply:
        """Return the next reply, which may be an error; a timeout of None waits for ever.

        Args:
            timeout_seconds: for the whole reply.
            files: takes the files that come with it; without, they are let go.

        Raises:
            ConnectionLost: the daemon closed the connection before it.
            DaemonUnreachable: it did not come in time.
            ProtocolViolation: what came is no reply.
        """
        reply = self.receive_within(timeout_seconds, files=files)
        if reply is None:
            raise silent(self._path, timeout_seconds or 0.0)
        return reply

    def receive_within(self, seconds: float | None, *, files: Descriptors | None = None) -> Reply | None:
        """Return the next reply, or None if it does not come in time; what came of it is kept.

        What is here already is returned also where there is no time to wait.

        Raises:
            ConnectionLost: the daemon closed the connection before it.
            ProtocolViolation: what came is no reply.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        left = seconds
        try:
            while (reply := self._turns.next_reply()) is None:
                if left is not None and left < 0:
                    return None
                self._turns.receive(self._receive_chunk(files, timeout_seconds=left))
                # A last look is taken at the deadline, and none after it: what comes in drops never ends.
                left = None if deadline is None else deadline - time.monotonic()
        except WireError as error:
            raise ProtocolViolation(str(error)) from error
        except (TimeoutError, BlockingIOError):
            return None
        return reply

    def receive_now(self) -> Reply | None:
        """Return the next reply if it is here already, None if not.

        Raises:
            ConnectionLost: the daemon closed the connection.
            ProtocolViolation: what came is no reply.
        """
        try:
            while (reply := self._turns.next_reply()) is None:
                self._turns.receive(self._receive_chunk(None, timeout_seconds=0))
        except WireError as error:
            raise ProtocolViolation(str(error)) from error
        except BlockingIOError:
            return None
        return reply

    def _receive_chunk(self, files: Descriptors | None, *, timeout_seconds: float | None) -> bytes:
        try:
            self._socket.settimeout(timeout_seconds)
            data = received(self._socket, files)
        except (TimeoutError, BlockingIOError):
            raise
        except OSError as error:
            raise ConnectionLost from error
        if not data:
            raise ConnectionLost
        return data


def received(channel: socket.socket, files: Descriptors | None) -> bytes:
    """Return the next bytes of a socket; raises what `recv` does."""
    return channel.recv(_CHUNK_BYTES) if files is None else files.receive(channel, _CHUNK_BYTES)


def silent(path: str, seconds: float) -> DaemonUnreachable:
    """Return the error of a daemon that did not answer in time."""
    return DaemonUnreachable(path, f"it did not answer within {seconds:g} s", remedy=_TRY_AGAIN)


def _connect(path: str, *, timeout_seconds: float) -> socket.socket:
    try:
        channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    except OSError as error:
        raise unreachable(path, error) from error
    try:
        # A timeout of Python's own does not wait for a place in the queue of a Unix socket: this one does.
        seconds = max(timeout_seconds, 1e-3)
        limit = struct.pack("ll", int(seconds), int(seconds % 1 * 1_000_000))
        channel.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        channel.connect(os.fsencode(path))
    except OSError as error:
        channel.close()
        raise unreachable(path, error) from error
    except BaseException:
        channel.close()
        raise
    return channel


def unreachable(path: str, error: OSError) -> DaemonUnreachable | SocketForbidden:
    """Return what the system's refusal to connect means."""
    match error:
        case PermissionError():
            return SocketForbidden(path)
        case FileNotFoundError():
            return DaemonUnreachable(path, "there is no socket")
        case ConnectionRefusedError():
            # So the system also says of what is no socket at all, and a daemon could not start there.
            if _is_socket(path):
                return DaemonUnreachable(path, "nobody listens")
            return DaemonUnreachable(path, "what stands there is no socket", remedy=_TAKE_ANOTHER)
        case BlockingIOError():
            return DaemonUnreachable(path, "it is too busy to answer", remedy=_TRY_AGAIN)
        case _:
            return DaemonUnreachable(path, error.strerror or str(error), remedy=_TAKE_ANOTHER)


def _is_socket(path: str) -> bool:
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)  # noqa: PTH116 - pathlib is not imported by small calls
    except OSError:
        # It went away at this moment, as sockets do.
        return True
