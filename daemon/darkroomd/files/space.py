"""How much room is left on a disk."""

from __future__ import annotations

import os
from pathlib import Path


def free_bytes(folder: Path) -> int | None:
    """Return how many bytes a user without privileges can still write; None if the disk does not say."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize
