"""Which disks folders lie on, found without asking any of them, and how much room one has."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from darkroomd.files.mounts import mount_holding, mount_table, types_of_mounts


@dataclass(frozen=True, slots=True)
class Volume:
    """A mounted file system; its type is empty where the system does not tell."""

    point: Path
    file_system: str


@dataclass(frozen=True, slots=True)
class Room:
    """What users without privileges may still add; `inodes` is None where their number has no limit."""

    free_bytes: int
    free_inodes: int | None


def volumes_of(folders: Iterable[Path]) -> dict[Path, Volume]:
    """Return the volume of each of these absolute paths; the path itself where the system does not tell."""
    types = types_of_mounts(mount_table())
    return {folder: Volume(*mount_holding(folder, types)) for folder in folders}


def room_in(folder: Path) -> Room:
    """Return how much room there is on the disk of a folder; blocks.

    Raises:
        OSError: the disk refuses, or the folder is gone.
    """
    found = os.statvfs(folder)
    return Room(found.f_bavail * found.f_frsize, found.f_favail if found.f_files else None)
