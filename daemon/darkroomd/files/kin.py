"""The files in a `Raw/` folder that belong to RAW files."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from darkroomd.core.archive_sources import kin_of
from darkroomd.files.folders import open_folder


def sizes_of_kin(raw: Path, raw_names: Collection[str]) -> dict[str, dict[str, int]]:
    """Return for each RAW file the sizes of the regular files that belong to it, itself first.

    One that is gone has none of itself.

    Raises:
        FolderIsLink, OSError: the folder cannot be read.
    """
    with open_folder(raw) as folder, os.scandir(folder) as found:
        entries = {entry.name: entry for entry in found if entry.is_file(follow_symlinks=False)}
        kin = kin_of(raw_names, entries)
        return {
            name: {
                member: entries[member].stat(follow_symlinks=False).st_size
                for member in members
                if member in entries
            }
            for name, members in kin.items()
        }
