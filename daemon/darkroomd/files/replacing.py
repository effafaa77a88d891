"""Files for readers of this moment: each sees a whole one, and a power cut may take the newest."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def replace_file(path: Path, data: bytes, *, mode: int) -> None:
    """Write a file of that mode beside `path` and rename it into place; a link there is replaced, too.

    Only one process may do so at a time: what one that was killed has left is written anew. What is neither
    file nor link is left alone: a rename would take a device away just as well.

    Raises:
        OSError: what stands at `path` is as it was.
    """
    _is_replaceable(path)
    # Not `with_name`, to which the root of the file system is no name.
    part = path.parent / f".{path.name}.part"
    part.unlink(missing_ok=True)
    descriptor = os.open(part, _CREATE, mode)
    try:
        try:
            # Whoever reads it is another user, whatever our umask says.
            os.fchmod(descriptor, mode)
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        finally:
            os.close(descriptor)
        part.rename(path)
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise


def remove_file(path: Path) -> None:
    """Remove what `replace_file` has written, if it is there.

    Raises:
        OSError: the disk refuses, or there is something that is no file.
    """
    if _is_replaceable(path):
        path.unlink(missing_ok=True)


def _is_replaceable(path: Path) -> bool:
    """Tell whether there is a file; raise `OSError` where there is something else."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return False
    if not stat.S_ISREG(mode) and not stat.S_ISLNK(mode):
        reason = errno.EISDIR if stat.S_ISDIR(mode) else errno.EPERM
        raise OSError(reason, os.strerror(reason), str(path))
    return True
