"""The sidecars and XMP files in a `Raw/` folder: which have changed since they were last listed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from darkroomd.core.intake import SIDECAR_SUFFIX
from darkroomd.core.xmp import is_xmp
from darkroomd.files.folders import open_folder

TICK_NS: Final = 20_000_000
"""Changes that are closer together than this may carry the same time."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Names to look at, and the time by the file system's clock up to which nothing is missed."""

    names: tuple[str, ...]
    newest_ns: int


def is_companion(name: str) -> bool:
    """Whether a file of that name says something about a photo beside it."""
    return name.endswith(SIDECAR_SUFFIX) or is_xmp(name)


def list_companions(raw: Path, *, since_ns: int | None) -> Listing:
    """List the companions that changed after `since_ns`, and perhaps a few that did before.

    None: all XMP files, and no sidecars, which are compared with the photos' records at the first look.

    Raises:
        FolderIsLink, OSError: the folder cannot be read.
    """
    names: list[str] = []
    newest_ns = since_ns or 0
    with open_folder(raw) as folder, os.scandir(folder) as entries:
        for entry in entries:
            if not is_companion(entry.name):
                continue
            changed_ns = _changed_ns(entry)
            if is_xmp(entry.name) if since_ns is None else changed_ns > since_ns - TICK_NS:
                names.append(entry.name)
            newest_ns = max(newest_ns, changed_ns)
    return Listing(tuple(sorted(names)), newest_ns)


def _changed_ns(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_ctime_ns
    except OSError:
        return 0
