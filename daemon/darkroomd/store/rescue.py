"""Opening a database that may be damaged: moved aside, and begun anew with what a backup knows better."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from darkroomd.core.damage import Damage
from darkroomd.core.faults import StateCorrupt, StateUnusable
from darkroomd.store.aside import mark_damaged, move_marked
from darkroomd.store.database import Database, open_database
from darkroomd.store.salvage import salvage


def open_rescued(path: Path, *, backups: Path | None = None) -> tuple[Database, Damage | None]:
    """Open the database at `path` as `open_database` does; one that is damaged is moved aside first.

    The new one begins with what the newest good one of `backups`, a folder, knows and session folders do not.

    Raises:
        StateTooNew, UpgradeRefused, StateUnusable: see `open_database`.
    """
    rebuild = partial(_rebuild, path, backups)
    try:
        damage = move_marked(path, rebuild=rebuild)
        try:
            return open_database(path), damage
        except StateCorrupt as error:
            mark_damaged(path, error.problem)
            damage = move_marked(path, rebuild=rebuild)
        return open_database(path), damage
    except OSError as error:
        raise StateUnusable(path.parent, os.strerror(error.errno or 0)) from error


def _rebuild(path: Path, backups: Path | None) -> Path | None:
    return None if backups is None else salvage(path, backups)
