"""How much room is left on a disk."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Space:
    """Bytes of a disk: what a user without privileges can still write, and all of it."""

    free_bytes: int
    size_bytes: int


def free_bytes(folder: Path) -> int | None:
    """Return how many bytes a user without privileges can still write; None if the disk does not say."""
    space = space_on(folder)
    return None if space is None else space.free_bytes


def space_on(folder: Path) -> Space | None:
    """Return how large the disk of a folder is, and how much of it is left; None if it does not say."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    return Space(found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize)
