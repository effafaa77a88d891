"""Looks at files of a `Raw/` folder: whether they are complete, and what they hold."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from darkroomd.core import content
from darkroomd.core.stability import Lease, Look
from darkroomd.files.fingerprint import fingerprint_from
from darkroomd.files.folders import open_folder
from darkroomd.files.lease import probe
from darkroomd.files.reading import OPEN_TO_READ


def look_at(raw: Path, names: Iterable[str], *, leases: bool) -> dict[str, Look]:
    """Look at files of a folder; what is no regular file (any more) has no fingerprint.

    `leases` says that the file system is local: writers can be asked for.

    Raises:
        FolderIsLink, OSError: the folder cannot be opened.
    """
    with open_folder(raw) as folder:
        return {name: _look(name, folder, leases=leases) for name in names}


def inspect(raw: Path, name: str) -> content.Judgement:
    """Judge a file by its first bytes.

    Raises:
        OSError: it cannot be read, or is gone.
    """
    with open_folder(raw) as folder:
        descriptor = os.open(name, OPEN_TO_READ, dir_fd=folder)
    try:
        head = os.pread(descriptor, content.HEAD_BYTES, 0)
        offset = content.directory_offset(head)
        directory = b"" if offset is None else os.pread(descriptor, content.DIRECTORY_BYTES, offset)
    finally:
        os.close(descriptor)
    return content.judge(name, head, directory)


def _look(name: str, folder: int, *, leases: bool) -> Look:
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        if not stat.S_ISREG(found.st_mode):
            return Look(None)
        # Asked after the stat: a writer that comes and goes in between shows in the next fingerprint.
        lease = probe(name, folder) if leases else Lease.UNKNOWN
    except (FileNotFoundError, NotADirectoryError):
        return Look(None)
    return Look(fingerprint_from(found), lease)
