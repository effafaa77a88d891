"""What it means for an archive that a disk refuses, or a file is not what it should be."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from darkroom.errors import DarkroomError
from darkroom.protocol.types import Failure
from darkroomd.core.faults import StateUnreadable, StateUnwritable
from darkroomd.core.retry import Concern
from darkroomd.core.wording import one_line, readable
from darkroomd.files.archive import ArchiveFolderBlocked, SourceUnreadable
from darkroomd.files.archive_copy import CopyDamaged, NameTaken, SourceChanged
from darkroomd.files.folders import FolderIsLink
from darkroomd.files.manifests import ManifestBlocked
from darkroomd.services.outcomes import Failed

GONE: Final = "archive.gone"

_OF_ARCHIVE: Final = {
    errno.ENOSPC: "disk.full",
    errno.EDQUOT: "disk.full",
    errno.EFBIG: "disk.full",
    errno.EROFS: "disk.read_only",
    errno.EACCES: "disk.not_permitted",
    errno.EPERM: "disk.not_permitted",
    errno.EMFILE: "system.too_many_files",
    errno.ENFILE: "system.too_many_files",
    errno.ETIMEDOUT: "disk.not_responding",
    errno.ENOENT: GONE,
    errno.ENOTDIR: GONE,
    errno.ENODEV: GONE,
    errno.ESTALE: GONE,
}
_OF_PHOTO: Final = frozenset((errno.ENOENT, errno.ELOOP, errno.ENXIO, errno.EINVAL, errno.EISDIR))
_SECRET: Final = frozenset((errno.EACCES, errno.EPERM))
_OF_SESSION: Final = {
    errno.ENOENT: "session.gone",
    errno.ENOTDIR: "session.gone",
    errno.ETIMEDOUT: "disk.not_responding",
}
_TRIED_AGAIN: Final = (SourceChanged, CopyDamaged, NameTaken)


def failed_at(destination: Path, error: OSError) -> Failed:
    """Return what it means that an archive's disk refuses: its job waits, and nobody else does."""
    code = _OF_ARCHIVE.get(error.errno or 0, "disk.io")
    reason = os.strerror(error.errno or 0)
    facts = {"path": readable(destination), "error": errno.errorcode.get(error.errno or 0, "unknown")}
    message = (
        f"The archive {one_line(str(destination))} cannot be written ({reason}). Put that right; the job "
        "goes on by itself."
    )
    return waiting(code, message, facts)


def waiting(code: str, message: str, context: Mapping[str, object]) -> Failed:
    """Return that a job waits until something about its archive is put right."""
    failure = Failure(code=code, message=message, transient=True, context=dict(context))
    return Failed(failure, environment=True, concern=Concern.JOB)


def failed_by(error: DarkroomError | SourceUnreadable) -> Failed:
    """Return what it means that a photo's own files, or names in the archive, are not what they should be."""
    if isinstance(error, SourceUnreadable):
        return _source_unreadable(error)
    if isinstance(error, FolderIsLink):
        return Failed(_failure(error, transient=True), environment=True, concern=Concern.SESSION)
    if isinstance(error, ArchiveFolderBlocked | ManifestBlocked):
        return Failed(_failure(error, transient=False), environment=False)
    return Failed(_failure(error, transient=isinstance(error, _TRIED_AGAIN)), environment=False)


def failed_in_state(error: StateUnwritable | StateUnreadable) -> Failed:
    """Return what it means that the queue cannot be read or written: everything waits."""
    return Failed(_failure(error, transient=True), environment=True)


def _source_unreadable(error: SourceUnreadable) -> Failed:
    path = Path(os.fsdecode(error.filename))
    reason = error.strerror or "unknown"
    facts = {"path": readable(path), "error": errno.errorcode.get(error.errno or 0, "unknown")}
    if error.errno in _SECRET and _is_seen(path):
        failure = Failure(
            code="archive.source_unreadable",
            message=f"The file {one_line(path.name)} cannot be archived ({reason}). Give the user that "
            "darkroomd runs as the right to read it, then retry the job.",
            transient=False,
            context=facts,
        )
        return Failed(failure, environment=False)
    if error.errno in _OF_PHOTO and path.parent.is_dir():
        failure = Failure(
            code="archive.source_gone",
            message=f"The file {one_line(path.name)} cannot be archived ({reason}). Put it back, or export "
            "the photo again; then retry the job.",
            transient=False,
            context=facts,
        )
        return Failed(failure, environment=False)
    return session_away(path, error)


def session_away(path: Path, error: OSError) -> Failed:
    """Return what it means that a session's folder cannot be read: the session waits."""
    code = _OF_SESSION.get(error.errno or 0, "disk.io")
    reason = error.strerror or "unknown"
    failure = Failure(
        code=code,
        message=f"The session's folder cannot be read ({reason}). Put that right; the job goes on by itself.",
        transient=True,
        context={"path": readable(path), "error": errno.errorcode.get(error.errno or 0, "unknown")},
    )
    return Failed(failure, environment=True, concern=Concern.SESSION)


def _is_seen(path: Path) -> bool:
    """Tell whether a file is there, in a folder that can be read and entered."""
    try:
        path.lstat()
        with os.scandir(path.parent):
            return True
    except OSError:
        return False


def _failure(error: DarkroomError, *, transient: bool) -> Failure:
    return Failure(
        code=error.code, message=readable(error.message), transient=transient, context=error.context
    )
