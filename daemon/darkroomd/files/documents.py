"""The public record of a session on disk, `boothy.session.json`."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from darkroom.errors import DarkroomError
from darkroomd.core.json_values import Broken, JsonObject, decode_object, encode_object
from darkroomd.core.model import Fingerprint, Photo, Session
from darkroomd.core.session_document import DOCUMENT_NAME, merge
from darkroomd.core.stability import Lease
from darkroomd.files.atomic import keep_aside, write_atomically
from darkroomd.files.fingerprint import fingerprint_of
from darkroomd.files.folders import open_folder
from darkroomd.files.lease import probe
from darkroomd.files.mounts import is_remote
from darkroomd.files.reading import NotRead, read_regular

LARGEST_BYTES: Final = 256 << 20
"""A document beyond this size is not one: 100 000 photos take about a third of it."""

TRIES: Final = 5
"""How often in a row somebody else may come between the reading of a record and its writing."""


class DocumentUnwritable(DarkroomError):
    """The record of a session could not be written."""

    code = "session.record_unwritable"

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"The session's record {path} cannot be written: {problem}. Free some space, or correct the "
            "rights on the folder; it is written again by itself.",
            path=str(path),
            problem=problem,
        )


def read_document(folder: Path) -> JsonObject | None:
    """Return the record of the session in `folder`; None if there is none that can be read."""
    try:
        data = _read(folder / DOCUMENT_NAME)
    except OSError:
        return None
    document = decode_object(data) if isinstance(data, bytes) else data
    return None if isinstance(document, Broken) else document


def document_written_at(folder: Path) -> int | None:
    """Return when a session's record was last written, in microseconds since the epoch; None: never."""
    try:
        return (folder / DOCUMENT_NAME).lstat().st_mtime_ns // 1000
    except OSError:
        return None


@dataclass(frozen=True, slots=True)
class Written:
    """The record says what is known.

    Attributes:
        changed: the file had to be written.
        kept: where a file was kept that stood there and could not be read.
    """

    changed: bool
    kept: Path | None = None


@dataclass(frozen=True, slots=True)
class Unsettled:
    """Somebody else is at work on the record, which is as it was: `seen` is how it stood."""

    seen: Fingerprint | None


def write_document(
    session: Session, photos: Iterable[Photo], *, settled: Fingerprint | None = None
) -> Written | Unsettled:
    """Bring a session's record on disk up to date, whole or not at all, with all that others wrote into it.

    A record that cannot be read may be one that is being written: only if it is `settled` (how it stood when
    it was last looked at) it is kept as `boothy.session.json.bak` and made anew.

    Raises:
        DocumentUnwritable: it is as it was.
    """
    path = session.folder / DOCUMENT_NAME
    try:
        for _ in range(TRIES):
            outcome = _write(path, session, photos, settled)
            if outcome is not None:
                return outcome
        return Unsettled(fingerprint_of(path))
    except OSError as error:
        raise DocumentUnwritable(path, os.strerror(error.errno or 0)) from error


def _write(
    path: Path, session: Session, photos: Iterable[Photo], settled: Fingerprint | None
) -> Written | Unsettled | None:
    """Write the record once; None if somebody else wrote it meanwhile."""
    before = fingerprint_of(path)
    if before is not None and before != settled and _has_writer(path):
        return Unsettled(before)
    data = _read(path)
    existing = decode_object(data) if isinstance(data, bytes) else data
    broken = isinstance(existing, Broken)
    if broken and isinstance(data, bytes) and before != settled:
        return Unsettled(before)
    readable = None if isinstance(existing, Broken) else existing
    document = merge(readable, photos, preset_id=session.preset_id)
    fresh = encode_object(document)
    if fresh == data:
        return Written(changed=False)
    kept = keep_aside(path) if broken else None
    if write_atomically(path, fresh, unless=lambda: _is_another(before, fingerprint_of(path))):
        return Written(changed=True, kept=kept)
    return None


def _is_another(before: Fingerprint | None, now: Fingerprint | None) -> bool:
    if before is None or now is None:
        return before is not now
    # Not by the time of the last change of the inode: a copy that is kept aside is another name of it.
    return (before.inode, before.size_bytes, before.mtime_ns) != (now.inode, now.size_bytes, now.mtime_ns)


def _has_writer(path: Path) -> bool:
    if is_remote(path.parent):
        return False
    with open_folder(path.parent) as folder:
        try:
            return probe(path.name, folder) is Lease.HELD
        except FileNotFoundError:
            return False


def _read(path: Path) -> bytes | Broken | None:
    try:
        data = read_regular(path, largest_bytes=LARGEST_BYTES)
    except OSError as error:
        if error.errno == errno.ELOOP:
            return Broken("it is a symbolic link")
        raise
    return Broken(data.reason) if isinstance(data, NotRead) else data
