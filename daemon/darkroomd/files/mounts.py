"""Which file systems tell of changes and know who writes: the local ones."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MOUNTS: Final = Path("/proc/self/mountinfo")

# Changes made on another machine cause no event here, and the kernel cannot know who writes there.
_REMOTE: Final = re.compile(
    r"nfs\d?|cifs|smb\d?|smbfs|9p|virtiofs|fuse(\..*)?|fuseblk|afs|ceph|glusterfs|lustre|gfs2|ocfs2|ncpfs|coda"
    r"|vboxsf|vmhgfs|prl_fs|davfs"
)

# What is in them is no file that anybody put there, and to look at it may do something.
_PSEUDO: Final = re.compile(
    r"binder|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|efivarfs|functionfs|fusectl|hugetlbfs"
    r"|mqueue|nfsd|nsfs|proc|pstore|resctrl|rpc_pipefs|securityfs|selinuxfs|smackfs|sysfs|tracefs"
)


@dataclass(frozen=True, slots=True)
class Mount:
    """Where a file system is mounted, and whether it may be a network away."""

    point: Path
    remote: bool


def mount_of(path: Path) -> Mount:
    """Return the mount that holds an absolute path, without asking its disk; `path` where nobody knows."""
    point, file_system = find_mount(mount_table(), path)
    return Mount(point, is_remote_type(file_system))


def is_remote(path: Path) -> bool:
    """Whether a path lies on a network or FUSE file system; False where the system does not say."""
    return mount_of(path).remote


def pseudo_type(path: Path) -> str | None:
    """Return the type of the file system at an absolute path where it only shows the system itself."""
    file_system = type_of_mount(mount_table(), path)
    return file_system if _PSEUDO.fullmatch(file_system) else None


def is_remote_type(file_system: str) -> bool:
    """Whether a file system of this type is polled instead of watched."""
    return _REMOTE.fullmatch(file_system) is not None


def type_of_mount(table: str, path: Path) -> str:
    """Return the type of the file system that holds an absolute path, by a table as in `mountinfo`."""
    return find_mount(table, path)[1]


def find_mount(table: str, path: Path) -> tuple[Path, str]:
    """Return where that file system is mounted and its type; the path and nothing where that is unknown."""
    return mount_holding(path, types_of_mounts(table))


def types_of_mounts(table: str) -> dict[str, str]:
    """Return the types of all file systems by where they are mounted."""
    types: dict[str, str] = {}
    # Not by `splitlines`: the table escapes line feeds alone, and a name may hold other ends of a line.
    for line in table.split("\n"):
        before, separator, after = line.partition(" - ")
        fields = before.split(" ")
        if not separator or len(fields) < 5:  # noqa: PLR2004 - id, parent, device, root, mount point
            continue
        # Of two mounts on one folder the later one is on top.
        types[_unescaped(fields[4])] = after.split(" ", 1)[0]
    return types


def mount_holding(path: Path, types: Mapping[str, str]) -> tuple[Path, str]:
    """Return what `find_mount` does, by a table that was taken apart before."""
    for place in (path, *path.parents):
        if (file_system := types.get(str(place))) is not None:
            return place, file_system
    return path, ""


def mount_table() -> str:
    """Return the system's table of mounts as in `mountinfo`; empty where there is none."""
    if sys.platform != "linux":
        return ""
    try:
        return MOUNTS.read_bytes().decode("utf-8", "surrogateescape")
    except OSError:
        return ""


def _unescaped(field: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), field)
