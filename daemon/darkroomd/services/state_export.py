"""The state handed out as one file, while a daemon works with it or none does."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from darkroom.errors import DarkroomError
from darkroomd.core.naming import part_name
from darkroomd.core.state_faults import BackupNotMade, ExportExists, ExportNotWritten, NoState
from darkroomd.core.state_file import DATABASE_NAME, MANIFEST_NAME, Manifest, new_manifest
from darkroomd.files.atomic import OWN_PARTS
from darkroomd.files.bundle import digest_of, write_bundle
from darkroomd.files.folders import open_folder, sync_folder
from darkroomd.files.sweep import sweep
from darkroomd.store.backup import copy_database
from darkroomd.store.takeover import check_foreign

_NO_HARD_LINKS: Final = frozenset((errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.ENOSYS))


def export_state(
    state: Path,
    target: Path,
    *,
    version: str,
    at: datetime,
    on_step: Callable[[], None] = lambda: None,
) -> Manifest:
    """Write the state in a folder, as it is at one moment, to the new file `target`; return its manifest.

    `version` is that of this darkroomd. For a while the disk of `target` holds the database twice.

    Raises:
        NoState: there is none.
        ExportExists, ExportNotWritten: there is no such file after this, or it is as it was.
        StateFileInvalid, StateFileTooNew: the database is damaged, or of a newer darkroomd.
    """
    database = state / DATABASE_NAME
    if not database.exists():
        raise NoState(state)
    target = Path(os.path.realpath(target.parent), target.name)
    if os.path.lexists(target):
        raise ExportExists(target)
    copy_name = f"{target.name}.db"
    number = secrets.choice(OWN_PARTS)
    copy, part = (target.with_name(part_name(name, number)) for name in (copy_name, target.name))
    try:
        # What was left by one that was killed while it wrote the same file.
        sweep(target.parent, live=OWN_PARTS, suffix=(target.name, copy_name))
        copy_database(database, copy, on_step=on_step)
        schema = check_foreign(copy, file=database, on_step=on_step)
        size_bytes, sha256 = digest_of(copy, on_step=on_step)
        manifest = new_manifest(version=version, schema=schema, at=at, size_bytes=size_bytes, sha256=sha256)
        write_bundle(
            part,
            msgspec.json.encode(manifest),
            copy,
            names=(MANIFEST_NAME, DATABASE_NAME),
            mtime=int(at.timestamp()),
            on_step=on_step,
        )
        _appear(part, target)
    except BackupNotMade as error:
        raise ExportNotWritten(target, error.problem) from error
    except OSError as error:
        raise ExportNotWritten(target, os.strerror(error.errno or 0)) from error
    finally:
        for leftover in (copy, part):
            with suppress(OSError):
                leftover.unlink(missing_ok=True)
    return manifest


def _appear(part: Path, target: Path) -> None:
    """Give a whole file its name, which nobody else must have taken meanwhile."""
    try:
        target.hardlink_to(part)
    except FileExistsError as error:
        raise ExportExists(target) from error
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        part.rename(target)
    with suppress(DarkroomError), open_folder(target.parent) as folder:
        sync_folder(folder)
