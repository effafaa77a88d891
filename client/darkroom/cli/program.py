"""A command that is run on somebody's behalf: signals in, exit status out."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import FrameType
from typing import Final

_EXIT_NOT_EXECUTABLE: Final = 126
_EXIT_NOT_THERE: Final = 127
EXIT_BY_SIGNAL: Final = 128
"""What the number of the signal is added to."""

_FORWARDED: Final = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT})
_AWAITED: Final = _FORWARDED | {signal.SIGCHLD}

# Python ignores these, and a program it starts would go on ignoring them.
_RESTORED: Final = (signal.SIGPIPE, signal.SIGXFSZ)

_FROM_THE_KERNEL: Final = 0x80
"""`si_code` of a signal that no process has sent (SI_KERNEL in Linux' siginfo.h)."""


class ProgramNotStarted(Exception):
    """The command cannot be run; `exit_status` is what shells make of that."""

    def __init__(self, program: str, error: OSError) -> None:
        super().__init__(f"{program} cannot be run: {error.strerror or error}.")
        missing = isinstance(error, FileNotFoundError)
        self.exit_status: Final = _EXIT_NOT_THERE if missing else _EXIT_NOT_EXECUTABLE


def run_program(words: list[str], *, meanwhile: Callable[[], None], every_seconds: float) -> int:
    """Run a command to its end and return its exit status, 128 + n where signal n ended it.

    SIGINT, SIGTERM, SIGHUP and SIGQUIT are passed on, but for those a terminal sends: they reach the command
    anyhow. To be called by the main thread, and by no program that has others.

    Args:
        words: the command, looked up as a shell does, and its arguments.
        meanwhile: is called about this often; signals wait for its return.
        every_seconds: see there.

    Raises:
        ProgramNotStarted: there is no such command, or it cannot be executed.
    """
    # What is not caught is not reported either: an inherited SIG_IGN would even let children vanish.
    previous = signal.signal(signal.SIGCHLD, _take_note)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
    try:
        pid = _started(words, mask)
        while True:
            received = signal.sigtimedwait(_AWAITED, every_seconds)
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                return _exit_status(status)
            if received is None:
                meanwhile()
            elif received.si_signo in _FORWARDED and received.si_code != _FROM_THE_KERNEL:
                # A command that runs as somebody else, such as sudo, is out of reach.
                with suppress(PermissionError):
                    os.kill(pid, received.si_signo)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGCHLD, previous)


def _started(words: list[str], mask: Iterable[int]) -> int:
    try:
        return os.posix_spawnp(words[0], words, os.environ, setsigmask=mask, setsigdef=_RESTORED)
    except OSError as error:
        raise ProgramNotStarted(words[0], error) from error
    except ValueError as error:
        # Nothing is called "".
        raise ProgramNotStarted(words[0], FileNotFoundError(str(error))) from error


def _take_note(_: int, __: FrameType | None) -> None:
    """Have the signal delivered; it is taken where it is waited for."""


def _exit_status(wait_status: int) -> int:
    code = os.waitstatus_to_exitcode(wait_status)
    return code if code >= 0 else EXIT_BY_SIGNAL - code
