"""Files that stand in archives, by the items that brought them there.

Each function is a part of one transaction.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from darkroomd.core.model import ItemId, JobId, SessionId
from darkroomd.store.database import Database


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """A file that stands in an archive; `path` begins at the destination."""

    item_id: ItemId
    path: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class Unlisted:
    """A job that has ended, with files of a session that no list of sums names yet."""

    job_id: JobId
    session_id: SessionId
    destination: Path


def put_archived_files(database: Database, files: Sequence[ArchivedFile]) -> None:
    """Keep what stands in an archive, inside the transaction that ends the item."""
    values = ({"item_id": file.item_id, "path": file.path, "sha256": file.sha256} for file in files)
    database.many("put_archived_file", values)


def read_unlisted(database: Database, job_id: JobId, session_id: SessionId) -> list[ArchivedFile]:
    """Return the files of a session in a job that no list of sums names yet."""
    return [
        ArchivedFile(ItemId(row["item_id"]), row["path"], row["sha256"])
        for row in database.all("unlisted_files", job_id=job_id, session_id=session_id)
    ]


def read_sessions_unlisted(database: Database) -> list[Unlisted]:
    """Return the sessions in jobs that have ended some of whose files no list of sums names yet."""
    return [
        Unlisted(JobId(row["job_id"]), SessionId(row["session_id"]), Path(os.fsdecode(row["destination"])))
        for row in database.all("sessions_unlisted")
    ]


def mark_listed(database: Database, files: Sequence[ArchivedFile]) -> None:
    """Note that a list of sums names these files."""
    values = ({"item_id": file.item_id, "path": file.path, "sha256": file.sha256} for file in files)
    database.many("mark_listed", values)
