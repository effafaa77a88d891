"""Open the databases in folders, and be killed just before an effect on the disk: see `effects.py`."""

from __future__ import annotations

from pathlib import Path

from crash.effects import be_victim
from darkroomd.store.database import Database
from darkroomd.store.rescue import open_rescued

OPEN: list[Database] = []
"""Kept, lest they be closed in good order."""


def upgrade(folder: Path) -> None:
    database, _ = open_rescued(folder / "queue.db")
    OPEN.append(database)


if __name__ == "__main__":
    be_victim(upgrade)
