"""Manifests in an archive's own folder. All of it blocks."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from darkroom.errors import DarkroomError
from darkroomd.core.manifest import Manifest, manifest_name, parse_manifest, print_manifest, with_additions
from darkroomd.core.model import SessionId
from darkroomd.files.atomic import write_atomically
from darkroomd.files.reading import NotRead, read_regular
from darkroomd.files.sweep import sweep

LARGEST_MANIFEST_BYTES: Final = 256 << 20
"""A million photos' worth; a file beyond that is no manifest of ours."""


class ManifestBlocked(DarkroomError):
    """Something else stands where a session's manifest belongs."""

    code = "archive.manifest_blocked"

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"The manifest {path} cannot be kept: {problem}. Move it away, then retry the job.",
            path=str(path),
            problem=problem,
        )


def read_manifest(destination: Path, session_id: SessionId) -> Manifest:
    """Return a session's manifest in an archive; an empty one if there is none.

    Raises:
        ManifestBlocked: a link, a folder or something else that is no manifest stands there.
        OSError: the disk refuses.
    """
    path = destination / manifest_name(session_id)
    try:
        data = read_regular(path, largest_bytes=LARGEST_MANIFEST_BYTES)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise ManifestBlocked(path, "it is a symbolic link") from error
    if isinstance(data, NotRead):
        raise ManifestBlocked(path, data.reason)
    return Manifest() if data is None else parse_manifest(data)


def write_manifest(destination: Path, session_id: SessionId, additions: Mapping[bytes, str]) -> Manifest:
    """Add files to a session's manifest, with what it says already; return what it says now.

    `additions` are hashes by path relative to the archive. Nothing is written if it says all that already.
    Only one at a time may do this for a session.

    Raises:
        ManifestBlocked: a link, a folder or something else that is no manifest stands there.
        FolderIsLink, OSError: the disk refuses; the manifest is as it was.
    """
    before = read_manifest(destination, session_id)
    after = with_additions(before, additions)
    if after != before:
        name = manifest_name(session_id)
        # Nobody else writes it: such parts are of a process that was killed.
        sweep(destination, live=(), suffix=name)
        write_atomically(destination / name, print_manifest(after))
    return after
