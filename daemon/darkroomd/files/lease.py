"""Whether anybody has a file open for writing, by the word of the kernel."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import sys

from darkroomd.core.stability import Lease
from darkroomd.files.reading import OPEN_TO_READ


def probe(name: str, folder: int) -> Lease:
    """Ask whether a regular file in the open folder has a writer: a descriptor or map of any process.

    The answer is only right on local file systems; others must not be asked. Links are not followed.

    Raises:
        FileNotFoundError: it is gone.
    """
    if sys.platform != "linux":
        return Lease.UNKNOWN
    try:
        descriptor = os.open(name, OPEN_TO_READ, dir_fd=folder)
    except FileNotFoundError:
        raise
    except OSError as error:
        # Somebody who holds a write lease (a file server) is about to be told that we came.
        return Lease.HELD if error.errno == errno.EWOULDBLOCK else Lease.UNKNOWN
    try:
        return _ask(descriptor)
    finally:
        os.close(descriptor)


def _ask(descriptor: int) -> Lease:
    try:
        # A writer who comes while the lease is held sends a signal. The default one, SIGIO, kills; SIGURG is
        # ignored by default, and asking for it here needs no handler and holds for every thread.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return Lease.HELD if error.errno == errno.EAGAIN else Lease.UNKNOWN
    fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return Lease.FREE
