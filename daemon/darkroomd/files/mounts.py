"""Which file systems tell of changes and know who writes: the local ones."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

MOUNTS: Final = Path("/proc/self/mountinfo")

# Changes made on another machine cause no event here, and the kernel cannot know who writes there.
_REMOTE: Final = re.compile(
    r"nfs\d?|cifs|smb\d?|smbfs|9p|virtiofs|fuse(\..*)?|fuseblk|afs|ceph|glusterfs|lustre|gfs2|ocfs2|ncpfs|coda"
    r"|vboxsf|vmhgfs|prl_fs|davfs"
)


def is_remote(path: Path) -> bool:
    """Whether a path lies on a network or FUSE file system; False where the system does not say."""
    if sys.platform != "linux":
        return False
    try:
        table = MOUNTS.read_bytes()
    except OSError:
        return False
    return is_remote_type(type_of_mount(table.decode("utf-8", "surrogateescape"), path))


def is_remote_type(file_system: str) -> bool:
    """Whether a file system of this type is polled instead of watched."""
    return _REMOTE.fullmatch(file_system) is not None


def type_of_mount(table: str, path: Path) -> str:
    """Return the type of the file system that holds an absolute path, by a table as in `mountinfo`."""
    deepest, found = -1, ""
    for line in table.splitlines():
        before, separator, after = line.partition(" - ")
        fields = before.split(" ")
        if not separator or len(fields) < 5:  # noqa: PLR2004 - id, parent, device, root, mount point
            continue
        point = Path(_unescaped(fields[4]))
        # Of two mounts on one folder the later one is on top.
        if len(point.parts) >= deepest and path.is_relative_to(point):
            deepest, found = len(point.parts), after.split(" ", 1)[0]
    return found


def _unescaped(field: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), field)
