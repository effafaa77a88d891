"""A peer on a real socket that says what a test has it say, for what the daemon does once in a blue moon."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

LONGEST_WAIT_SECONDS = 20.0
"""A test that hangs fails after this."""


class Peer:
    """One connection, from the daemon's side."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._received = bytearray()
        channel.settimeout(LONGEST_WAIT_SECONDS)

    def call(self) -> dict[str, Any]:
        """Return the next call, or raise `EOFError`."""
        while (end := self._received.find(b"\0")) < 0:
            data = self._channel.recv(1 << 16)
            if not data:
                raise EOFError
            self._received += data
        frame = bytes(self._received[:end])
        del self._received[: end + 1]
        message: dict[str, Any] = json.loads(frame)
        return message

    def say(self, data: bytes) -> None:
        self._channel.sendall(data)

    def say_with_files(self, data: bytes, numbers: Sequence[int]) -> None:
        """Send bytes, and file descriptors with the first of them."""
        socket.send_fds(self._channel, [data], numbers)

    def reply(self, parameters: object, *, continues: bool = False) -> None:
        document = {"parameters": parameters, **({"continues": True} if continues else {})}
        self.say(json.dumps(document).encode() + b"\0")

    def refuse(self, error: str, parameters: object) -> None:
        self.say(json.dumps({"error": error, "parameters": parameters}).encode() + b"\0")

    def drip(self) -> None:
        """Send a message that never ends until the client has hung up."""
        with suppress(BrokenPipeError, ConnectionResetError):
            while True:
                self.say(b" ")

    def wait_for_the_end(self) -> None:
        """Return once the client has hung up."""
        while self._channel.recv(1 << 16):
            pass


Script = Callable[[Peer], None]


def serving(
    answers: dict[str, Any], asked: dict[str, Any] | None = None, *, until: str | None = None
) -> Script:
    """Return a script that answers by the method's name; what has no answer is refused.

    Args:
        answers: by the methods' names.
        asked: takes the parameters of the last call of each method.
        until: once this method was answered the connection is closed.
    """

    def script(peer: Peer) -> None:
        try:
            name: str | None = None
            while name is None or name != until:
                call = peer.call()
                name = call["method"].rpartition(".")[2]
                if asked is not None:
                    asked[name] = call.get("parameters", {})
                answer = answers.get(name, PermissionError)
                if answer is PermissionError:
                    peer.refuse("org.varlink.service.PermissionDenied", {})
                elif isinstance(answer, tuple):
                    peer.refuse(*answer)
                else:
                    peer.reply(answer)
        except EOFError:
            pass

    return script


class ScriptedDaemon:
    """Plays one script a connection, in order, then is gone. What the scripts were asked is in `calls`."""

    def __init__(self, path: Path, scripts: Sequence[Script]) -> None:
        self.path = path
        self._scripts = scripts
        self._failures: list[BaseException] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.settimeout(LONGEST_WAIT_SECONDS)
        self._listener.bind(str(path))
        self._listener.listen()
        self._thread = threading.Thread(target=self._play)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A script that nobody called is over: who is done by now connects no more.
        with socket.socket(socket.AF_UNIX) as knock, suppress(OSError):
            knock.connect(str(self.path))
        self._thread.join(LONGEST_WAIT_SECONDS)
        self._listener.close()
        if error is None and self._failures:
            raise self._failures[0]

    def _play(self) -> None:
        try:
            for script in self._scripts:
                channel, _ = self._listener.accept()
                with channel:
                    script(Peer(channel))
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            self._failures.append(error)
        finally:
            self._listener.close()
