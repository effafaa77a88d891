"""Removes part files that a killed process left behind."""

from __future__ import annotations

import os
import stat
from collections.abc import Container
from pathlib import Path

from darkroomd.core.naming import OUTPUT_SUFFIX, parse_part
from darkroomd.files.folders import open_folder


def sweep(
    folder: Path, *, live: Container[int], suffix: str | tuple[str, ...] = OUTPUT_SUFFIX
) -> tuple[str, ...]:
    """Remove our part files of files that end in `suffix` or one of several, but those whose fence is `live`.

    Returns the removed names; a folder that is not there has none. What bears such a name and is no file is
    not ours and stays.

    Raises:
        FolderIsLink, OSError: the folder cannot be read or changed.
    """
    removed: list[str] = []
    try:
        with open_folder(folder) as descriptor:
            for name in os.listdir(descriptor):  # noqa: PTH208 - the open folder, not its path
                fence = parse_part(name, suffix=suffix)
                if fence is not None and fence not in live and _remove(name, descriptor):
                    removed.append(name)
    except FileNotFoundError:
        return tuple(removed)
    return tuple(removed)


def _remove(name: str, folder: int) -> bool:
    """Remove a file; tell whether it was there and is one."""
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return False
    except (IsADirectoryError, PermissionError):
        # Of a folder, Linux says the one and POSIX the other.
        if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            return False
        raise
    return True
