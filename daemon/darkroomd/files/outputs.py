"""Opens outputs for people who were only told of them: what is handed out is what was recorded."""

from __future__ import annotations

import hashlib
import os
import stat
from io import FileIO
from pathlib import Path

from darkroomd.core.model import Output
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
