"""What a file carries beside its content: mode, times, extended attributes; from one open file to another."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

# What file systems, and the rights of a user, say to what they do not have or let be set.
_CANNOT: Final = frozenset(
    (errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL, errno.ENODATA, errno.EOVERFLOW)
)
# An attribute that is too large for the other file system; a disk that is full has said so to the content.
_NO_ROOM: Final = frozenset((errno.ENOSPC, errno.E2BIG, errno.ERANGE))


def copy_attributes(source: int, target: int) -> None:
    """Give an open file the mode, the times and the extended attributes of another, as far as they go.

    We can always read it afterwards, and it runs as nobody: bits beyond the permissions are left out.

    Raises:
        OSError: a disk fails.
    """
    found = os.fstat(source)
    _copy_extended(source, target)
    with _as_far_as_it_goes(_CANNOT):
        os.fchmod(target, stat.S_IMODE(found.st_mode) & 0o777 | stat.S_IRUSR)
    with _as_far_as_it_goes(_CANNOT):
        os.utime(target, ns=(found.st_atime_ns, found.st_mtime_ns))


@contextmanager
def _as_far_as_it_goes(refusals: frozenset[int]) -> Generator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in refusals:
            raise


if sys.platform == "linux":

    def _copy_extended(source: int, target: int) -> None:
        names: list[str] = []
        with _as_far_as_it_goes(_CANNOT | _NO_ROOM):
            names = os.listxattr(source)
        for name in names:
            with _as_far_as_it_goes(_CANNOT | _NO_ROOM):
                os.setxattr(target, name, os.getxattr(source, name))

else:

    def _copy_extended(source: int, target: int) -> None:
        del source, target
