"""Files that stand in archives, by the items that brought them there.

Each function is a part of one transaction.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from darkroomd.core.model import Happening, ItemId, JobId, SessionId
from darkroomd.store.database import Database
from darkroomd.store.soundness import RowUnreadable

Unchanged: TypeAlias = tuple[None, Sequence[Happening]]
"""What a change returns that nobody is told of."""

SOME_FILES: Final = 200
"""Files by one of which an archive is known again."""

_fences: Final = msgspec.json.Decoder(frozenset[int])


@dataclass(frozen=True, slots=True)
class ArchivedFile:
    """A file that stands in an archive; `path` begins at the destination.

    `listed`: the list of sums of its session names it.
    """

    item_id: ItemId
    path: bytes
    sha256: str
    listed: bool = False


@dataclass(frozen=True, slots=True)
class Unlisted:
    """A job that has ended, with files of a session that no list of sums names yet."""

    job_id: JobId
    session_id: SessionId
    destination: Path


@dataclass(frozen=True, slots=True)
class Unswept:
    """A job that has ended, and the fences of its copies that were cut short."""

    job_id: JobId
    destination: Path
    fences: frozenset[int]


def put_archived_files(database: Database, files: Sequence[ArchivedFile]) -> None:
    """Keep what stands in an archive, inside the transaction that ends the item."""
    database.many(
        "put_archived_file",
        (
            {"item_id": file.item_id, "path": file.path, "sha256": file.sha256, "listed": file.listed}
            for file in files
        ),
    )


def some_archived_files(database: Database, job_id: JobId) -> tuple[bytes, ...]:
    """Return the paths, from the destination, of some files that a job brought there, if it brought any.

    They are more than somebody takes out of an archive by hand.
    """
    rows = database.all("some_archived_files", job_id=job_id, limit=SOME_FILES)
    return tuple(bytes(row["path"]) for row in rows)


def read_settled(database: Database, job_id: JobId) -> frozenset[str]:
    """Return the stems, with their folders, of photos that a job is done with."""
    paths = (os.fsdecode(row["path"]) for row in database.all("archived_by_done", job_id=job_id))
    return frozenset(path.partition(".")[0] for path in paths)


def note_dead_fence(database: Database, job_id: JobId, fence: int) -> None:
    """Keep that a copy of this claim was cut short, and may have left its part."""
    database.run("note_dead_fence", job_id=job_id, fence=fence)


def read_unswept(database: Database) -> list[Unswept]:
    """Return the jobs that have ended, and may have left parts of copies."""
    return [
        Unswept(
            JobId(row["job_id"]),
            Path(os.fsdecode(row["destination"])),
            fences_from(row["dead_fences"]),
        )
        for row in database.all("archives_unswept")
    ]


def forget_dead_fences(database: Database, job_id: JobId, fences: frozenset[int]) -> Unchanged:
    """Note that no part with one of these fences is left; one that was noted meanwhile stays."""
    row = database.one("archive_of_job", job_id=job_id)
    if row is not None and fences_from(row["dead_fences"]) <= fences:
        database.run("forget_dead_fences", job_id=job_id, dead_fences=row["dead_fences"])
    return None, ()


def fences_from(text: str) -> frozenset[int]:
    """Return the fences in a column of `archive`."""
    try:
        return _fences.decode(text)
    except msgspec.MsgspecError as error:
        raise RowUnreadable(f"archive: {error}") from error


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


def mark_listed(database: Database, files: Sequence[ArchivedFile]) -> Unchanged:
    """Note that a list of sums names these files."""
    values = ({"item_id": file.item_id, "path": file.path, "sha256": file.sha256} for file in files)
    database.many("mark_listed", values)
    return None, ()
