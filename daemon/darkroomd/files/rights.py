"""What the system lets us do in the folders of a session, asked in earnest: modes alone do not tell.

Nothing is written. Access-control lists, read-only mounts, a sandbox and the rights a server has in mind are
all part of the answer, since it is the kernel that gives it.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from darkroomd.core.checks.folders import Need, Obstacle
from darkroomd.core.model import RAW_FOLDER

_OPEN: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_AS_WE_ARE: Final = os.access in os.supports_effective_ids


def obstacles_in(
    sessions: Sequence[Path], *, outputs: Collection[Path], seconds: float
) -> list[tuple[Obstacle, ...]]:
    """Return what is in the way in each of these sessions, or in the first of them once the time is up.

    `outputs` are folders below a session's own. Blocks, also longer where the disk does.
    """
    deadline = time.monotonic() + seconds
    found: list[tuple[Obstacle, ...]] = []
    for session in sessions:
        found.append(_obstacles(session, outputs))
        if time.monotonic() > deadline:
            break
    return found


def _obstacles(session: Path, outputs: Collection[Path]) -> tuple[Obstacle, ...]:
    raw = session / RAW_FOLDER
    asked = [
        (raw, Need.READ, _not_readable(raw)),
        (raw, Need.SIDECARS, _not_writable(raw)),
        # Where there is no such folder yet, it is made in the session's.
        *((folder, Need.OUTPUTS, _not_writable(folder)) for folder in _standing(session, outputs)),
        (session, Need.RECORD, _not_writable(session)),
    ]
    found = [Obstacle(folder, need, os.strerror(reason)) for folder, need, reason in asked if reason]
    if any(one.folder == raw and one.need is Need.READ for one in found):
        # Who cannot even enter it need not hear that nothing can be written there.
        found = [one for one in found if one.need is not Need.SIDECARS]
    if any(one.folder == session and one.need is Need.OUTPUTS for one in found):
        found = [one for one in found if one.need is not Need.RECORD]
    return tuple(found)


def _standing(session: Path, outputs: Collection[Path]) -> frozenset[Path]:
    return frozenset(_nearest(session / folder, within=session) for folder in outputs)


def _nearest(folder: Path, *, within: Path) -> Path:
    while folder != within and not os.path.lexists(folder):
        folder = folder.parent
    return folder


def _not_readable(folder: Path) -> int:
    """Return the number of the error for which a folder is not listed or entered; 0: it is, or is gone."""
    try:
        descriptor = os.open(folder, _OPEN)
    except OSError as error:
        return _of_note(error)
    try:
        # To open it says that it can be listed; only this says that it can be entered.
        os.stat(".", dir_fd=descriptor)
    except OSError as error:
        return _of_note(error)
    finally:
        os.close(descriptor)
    return 0


def _not_writable(folder: Path) -> int:
    """Return the number of the error for which nothing can be made in a folder; 0: it can, or it is gone."""
    if os.access(folder, os.W_OK | os.X_OK, effective_ids=_AS_WE_ARE):
        return 0
    try:
        read_only = os.statvfs(folder).f_flag & os.ST_RDONLY
    except OSError as error:
        return _of_note(error)
    return errno.EROFS if read_only else errno.EACCES


def _of_note(error: OSError) -> int:
    # That a folder is not there is told by another check.
    gone = error.errno in {errno.ENOENT, errno.ENOTDIR}
    return 0 if gone else error.errno or errno.EIO
