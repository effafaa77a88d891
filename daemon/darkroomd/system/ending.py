"""The very end of the process, past threads that wait for a disk which will never answer."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Final

LAST_SECONDS: Final = 2.0
"""How long threads may work on at the very end: what a disk that answers is writing is finished by then."""


def without_stuck_threads(status: int) -> int:
    """Return the exit status; where a thread waits for a dead disk, end the process with it right here."""
    others = [
        thread
        for thread in threading.enumerate()
        if thread is not threading.current_thread() and not thread.daemon
    ]
    deadline = time.monotonic() + LAST_SECONDS
    for thread in others:
        thread.join(max(0.0, deadline - time.monotonic()))
    if any(thread.is_alive() for thread in others):
        # The interpreter would wait for them for ever.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    return status
