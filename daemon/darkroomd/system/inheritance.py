"""What a process has from whoever started it, and must not go by: the locale's encoding, blocked signals."""

from __future__ import annotations

import os
import signal
import sys
from typing import Final

_SWITCH: Final = "PYTHONUTF8"


def use_utf8() -> None:
    """Begin this process anew where file names would be read by another encoding than UTF-8.

    The watcher, the database and programs at the socket know names in UTF-8 alone, and the same photos have
    to have the same names in every locale. To be called before anything is opened.
    """
    # Who asked for it already and did not get it runs an interpreter that was told otherwise.
    if sys.getfilesystemencoding() == "utf-8" or os.environ.get(_SWITCH) == "1" or not sys.executable:
        return
    again = [sys.executable, *sys.orig_argv[1:]]
    os.execve(sys.executable, again, {**os.environ, _SWITCH: "1"})  # noqa: S606 - the very program that runs


def unblock_signals() -> None:
    """Let every signal through: one that the parent had blocked would leave SIGTERM without an effect."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
