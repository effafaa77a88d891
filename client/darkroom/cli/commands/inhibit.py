"""`darkroom inhibit`: run a command while no photo is developed."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import PurePath
from typing import Final

import msgspec

from darkroom.cli.program import ProgramNotStarted, run_program
from darkroom.cli.terminal import Screen, complain
from darkroom.cli.text import printable
from darkroom.client import Client, Inhibition
from darkroom.errors import EXIT_UNREACHABLE, DarkroomError
from darkroom.protocol.replies import InhibitReply
from darkroom.protocol.types import InhibitMode

_LOOK_SECONDS: Final = 1.0
"""How often the daemon is listened to; it is heard within this time that it has gone away."""

_LONGEST_WAIT_SECONDS: Final = 10.0
"""Between two attempts to reach a daemon that has gone away."""

_REPLY_SECONDS: Final = 5.0
"""For a daemon to come back: meanwhile signals to the command wait."""


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """Hold work back, run the command, let work go on; return the command's exit status."""
    words: list[str] = list(arguments.program)
    mode = InhibitMode.ALL if arguments.all else InhibitMode.START
    who: str = printable(arguments.who or PurePath(words[0]).name)
    why: str = printable(arguments.why)
    hold = Hold(lambda: _patient(client, mode, who, why))
    try:
        inhibition = client.inhibit(mode, who=who, why=why)
    except DarkroomError as error:
        if not arguments.anyway:
            raise
        complain(f"{error.message} The command is run anyway; work goes on meanwhile.")
        hold.miss(error)
    else:
        hold.keep(inhibition)
        if arguments.json:
            reply = InhibitReply(inhibitor_id=inhibition.inhibitor_id)
            screen.show_json([msgspec.json.encode(reply)])
    try:
        return run_program(words, meanwhile=hold.look_after, every_seconds=_LOOK_SECONDS)
    except ProgramNotStarted as error:
        complain(str(error))
        return error.exit_status
    finally:
        hold.release()


def _patient(client: Client, mode: InhibitMode, who: str, why: str) -> Inhibition:
    with Client(client.path, timeout=_REPLY_SECONDS) as other:
        return other.inhibit(mode, who=who, why=why)


class Hold:
    """Work that is held back again when the daemon was restarted; it says so to people."""

    def __init__(self, renew: Callable[[], Inhibition]) -> None:
        self._renew = renew
        self._inhibition: Inhibition | None = None
        self._next_attempt: float | None = None
        self._wait_seconds = _LOOK_SECONDS

    def keep(self, inhibition: Inhibition) -> None:
        """Look after an inhibitor that is in force."""
        self._inhibition = inhibition
        self._next_attempt = None
        self._wait_seconds = _LOOK_SECONDS

    def miss(self, error: DarkroomError) -> None:
        """Take note that work is not held back; try again where that is for want of a daemon."""
        self._inhibition = None
        self._next_attempt = None
        if error.exit_status == EXIT_UNREACHABLE:
            self._next_attempt = time.monotonic() + self._wait_seconds
            self._wait_seconds = min(self._wait_seconds * 2, _LONGEST_WAIT_SECONDS)

    def look_after(self) -> None:
        """Take the daemon's signs of life; where it has gone away, try to reach it again."""
        if self._inhibition is not None and not self._inhibition.in_force():
            self._inhibition = None
            self._next_attempt = time.monotonic()
            complain("The daemon has gone away; work is held back again once it is there.")
        if self._next_attempt is not None and time.monotonic() >= self._next_attempt:
            self._try_again()

    def release(self) -> None:
        """Let work go on."""
        if self._inhibition is not None:
            self._inhibition.release()

    def _try_again(self) -> None:
        try:
            self.keep(self._renew())
        except DarkroomError as error:
            self.miss(error)
            if self._next_attempt is None:
                complain(f"{error.message} Work is not held back any more.")
        else:
            complain("Work is held back.")
