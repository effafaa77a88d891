"""Files for readers of this moment: each sees a whole one, and a power cut may take the newest."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def replace_file(path: Path, data: bytes, *, mode: int) -> None:
    """Write a file of that mode beside `path` and rename it into place; a link there is replaced, too.

    Only one process may do so at a time: what one that was killed has left is written anew.

    Raises:
        OSError: what stands at `path` is as it was.
    """
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
