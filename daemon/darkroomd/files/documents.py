"""The public record of a session on disk, `boothy.session.json`."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from darkroom.errors import DarkroomError
from darkroomd.core.json_values import Broken, JsonObject, decode_object, encode_object
from darkroomd.core.model import Photo, Session
from darkroomd.core.session_document import DOCUMENT_NAME, merge
from darkroomd.files.atomic import keep_aside, write_atomically
from darkroomd.files.reading import NotRead, read_regular

LARGEST_BYTES: Final = 256 << 20
"""A document beyond this size is not one: 100 000 photos take about a third of it."""


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


def write_document(session: Session, photos: Iterable[Photo]) -> Path | None:
    """Bring a session's record on disk up to date, whole or not at all.

    A record that cannot be read is kept as `boothy.session.json.bak` and made anew; returns where to.

    Raises:
        DocumentUnwritable: it is as it was.
    """
    path = session.folder / DOCUMENT_NAME
    try:
        return _write(path, session, photos)
    except OSError as error:
        raise DocumentUnwritable(path, os.strerror(error.errno or 0)) from error


def _write(path: Path, session: Session, photos: Iterable[Photo]) -> Path | None:
    data = _read(path)
    existing = decode_object(data) if isinstance(data, bytes) else data
    kept = keep_aside(path) if isinstance(existing, Broken) else None
    document = None if isinstance(existing, Broken) else existing
    fresh = encode_object(merge(document, photos, folder=session.folder))
    if fresh != data:
        write_atomically(path, fresh)
    return kept


def _read(path: Path) -> bytes | Broken | None:
    try:
        data = read_regular(path, largest_bytes=LARGEST_BYTES)
    except OSError as error:
        if error.errno == errno.ELOOP:
            return Broken("it is a symbolic link")
        raise
    return Broken(data.reason) if isinstance(data, NotRead) else data
