"""Outputs as they stand: what is left of them, and what may be handed out to people who were told of them."""

from __future__ import annotations

import hashlib
import os
import stat
from io import FileIO
from pathlib import Path

from darkroomd.core.freshness import FileStat, OutputFile, is_remnant, may_be_remnant
from darkroomd.core.model import Output
from darkroomd.files.fingerprint import stat_of
from darkroomd.files.folders import FolderIsLink, open_folder
from darkroomd.files.reading import OPEN_TO_READ


def open_recorded(output: Output, session: Path) -> FileIO | None:
    """Open an output of the session in the folder `session`, at its beginning; the caller closes it.

    None where the file is gone, or something else is in its place: a link, another content, or a file that
    does not lie in a folder of the session.

    Raises:
        OSError: the disk refuses.
    """
    if output.path.parent.parent != session:
        return None
    try:
        with open_folder(output.path.parent) as folder:
            file = FileIO(output.path.name, opener=lambda name, _: os.open(name, OPEN_TO_READ, dir_fd=folder))
    except FolderIsLink:
        return None
    except OSError as error:
        if not _is_regular(output.path):
            return None
        raise OSError(error.errno, os.strerror(error.errno or 0), str(output.path)) from error
    try:
        if _is_recorded(file, output):
            return file
    except BaseException:
        file.close()
        raise
    file.close()
    return None


def standing(written: OutputFile) -> FileStat | None:
    """Return size and time of an output as it is now; None if it is gone, or what is left is no picture.

    Raises:
        OSError: the disk does not tell.
    """
    found = stat_of(written.path)
    if found is None or not may_be_remnant(written.size_bytes, found.size_bytes):
        return found
    try:
        descriptor = os.open(written.path, OPEN_TO_READ)
    except FileNotFoundError:
        return None
    try:
        size_bytes = os.fstat(descriptor).st_size
        first, last = os.pread(descriptor, 2, 0), os.pread(descriptor, 2, max(0, size_bytes - 2))
    finally:
        os.close(descriptor)
    return None if is_remnant(first, last) else found


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _is_recorded(file: FileIO, output: Output) -> bool:
    """Tell whether a file has the recorded content; one that was copied or touched is read to know."""
    found = os.fstat(file.fileno())
    if not stat.S_ISREG(found.st_mode) or found.st_size != output.size_bytes:
        return False
    # It was only wanted for opening what might have been a pipe.
    os.set_blocking(file.fileno(), True)
    if found.st_mtime_ns == output.mtime_ns:
        return True
    same = hashlib.file_digest(file, "sha256").hexdigest() == output.sha256
    file.seek(0)
    return same
