"""Archives as they enter the queue, and what they have brought to their places.

Each function is one transition, or a part of one, in one transaction.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from darkroom.errors import NoSuchJob, NoSuchSession
from darkroom.protocol.types import Failure, ItemState, JobState, Priority
from darkroomd.core.archive_request import (
    Candidate,
    Contents,
    Selection,
    Share,
    archive_key,
    is_finished,
)
from darkroomd.core.lifecycle import is_live
from darkroomd.core.model import (
    CorrelationId,
    Happening,
    ItemId,
    JobId,
    JobKind,
    Photo,
    PhotoId,
    PhotoState,
    SessionId,
)
from darkroomd.core.story import LEVELS, LogLine
from darkroomd.core.wall_clock import in_zone
from darkroomd.core.wording import readable
from darkroomd.store.archived import fences_from
from darkroomd.store.bulk import counted_by_hand
from darkroomd.store.catalogue import read_photos_by_id
from darkroomd.store.database import Database
from darkroomd.store.journal import Journal, write_log_lines
from darkroomd.store.rescans import Asked, Rescanned, job_asked_for, note_asked
from darkroomd.store.rows import PRIORITIES, failure_text, fingerprint_from, json_text
from darkroomd.store.turns import ARCHIVE_LANE, PRIORITY_OF_KIND, take_turns

ITEMS_AT_ONCE: Final = 500
"""Items added in one transaction: a few milliseconds."""

PHOTOS_AT_ONCE: Final = 500
"""Photos read at a time."""


@dataclass(frozen=True, slots=True)
class NewArchive:
    """What is asked for.

    Attributes:
        destination: real and absolute.
        session_id: None where there are several.
        paused: nothing of it is started before the job is resumed.
    """

    destination: Path
    selection: Selection
    session_id: SessionId | None
    label: str
    correlation_id: CorrelationId
    priority: Priority = PRIORITY_OF_KIND[JobKind.ARCHIVE]
    paused: bool = False
    creator: str | None = None
    creator_uid: int | None = None

    @property
    def key(self) -> str:
        """What its items are queued as."""
        return archive_key(self.destination, self.selection.contents)


@dataclass(frozen=True, slots=True)
class Begun:
    """The job, without items so far, and the photos that it is to have."""

    job_id: JobId
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class Order:
    """What the items of a job are to do; copies with `dead_fences` were cut short."""

    destination: Path
    selection: Selection
    dead_fences: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Member:
    """An item of an archive and its photo as it stands now."""

    item_id: ItemId
    photo: Photo
    state: ItemState

    @property
    def has_ended(self) -> bool:
        """Whether the item is over."""
        return self.state not in {ItemState.QUEUED, ItemState.RUNNING}


def read_candidates(database: Database, session_ids: Sequence[SessionId]) -> list[Candidate]:
    """Return the photos of sessions that are not discarded; raise `NoSuchSession`."""
    _require_sessions(database, session_ids)
    return [
        Candidate(
            id=PhotoId(row["id"]),
            session_id=session_id,
            name=os.fsdecode(row["name"]),
            state=PhotoState(row["state"]),
            finished=is_finished(PhotoState(row["state"]), aged=bool(row["aged"])),
            raw_bytes=fingerprint_from(row["fingerprint"]).size_bytes,
            output_bytes=row["output_bytes"],
            taken_usec=in_zone(
                row["captured_at_usec"] if row["corrected_at_usec"] is None else row["corrected_at_usec"],
                row["zone_minutes"],
            ),
        )
        for session_id in session_ids
        for row in database.all("archive_candidates", session_id=session_id)
    ]


def begin_archive(
    database: Database,
    archive: NewArchive,
    shares: Sequence[Share],
    *,
    asked: Asked | None,
    now_usec: int,
) -> tuple[Begun | Rescanned, list[Happening]]:
    """Make the job, which has no item yet and is told to nobody; raise `NoSuchSession`.

    Photos that another job takes to the same place already are left to that one. Where there are no others,
    or the same was asked for before, that job is returned.
    """
    if asked is not None and (before := job_asked_for(database, asked, now_usec=now_usec)) is not None:
        return before, []
    _require_sessions(database, list(dict.fromkeys(share.photo.session_id for share in shares)))
    queued = [share.photo.id for share in shares if share.state is ItemState.QUEUED]
    rows = database.all("archived_elsewhere", photo_ids=json_text(queued), recipe=archive.key)
    elsewhere = {row["photo_id"]: JobId(row["job_id"]) for row in rows}
    left = tuple(share for share in shares if share.photo.id not in elsewhere)
    if elsewhere and not any(share.state is ItemState.QUEUED for share in left):
        job_id = min(elsewhere.values())
        row = database.one("job_by_id", id=job_id)
        return Rescanned(job_id, 0 if row is None else int(row["total"])), []
    if not left:
        return Rescanned(None, 0), []
    begun = Begun(_insert_job(database, archive, now_usec=now_usec), left)
    if asked is not None:
        note_asked(database, asked, Rescanned(begun.job_id, len(left)), now_usec=now_usec)
    return begun, []


def add_items(
    database: Database, archive: NewArchive, job_id: JobId, shares: Sequence[Share], *, now_usec: int
) -> tuple[bool, list[Happening]]:
    """Give the job more items, of which none is started yet; False: it was canceled meanwhile."""
    if not _is_open(database, job_id):
        return False, []
    priority = PRIORITIES.index(archive.priority)
    turn = take_turns(database, ARCHIVE_LANE, priority=priority, count=len(shares))
    newest = database.one("newest_item")
    assert newest is not None
    rows = [
        {
            "job_id": job_id,
            "photo_id": share.photo.id,
            "session_id": share.photo.session_id,
            "recipe": archive.key,
            "state": share.state,
            "priority": priority,
            "turn": turn + number,
            "correlation_id": archive.correlation_id,
            "failure": failure_text(share.failure),
            "now": now_usec,
        }
        for number, share in enumerate(shares)
    ]
    with counted_by_hand(database):
        database.many("insert_archive_item", rows)
    database.run("count_archive_items", job_id=job_id, after=newest["id"])
    _tell_left_out(database, archive, job_id, shares, after=newest["id"], now_usec=now_usec)
    return True, []


def complete_archive(
    database: Database, archive: NewArchive, job_id: JobId, *, refusal: Failure | None, now_usec: int
) -> tuple[bool, list[Happening]]:
    """Let the job go, and tell of it; False: it was canceled meanwhile.

    One with a `refusal`, or without an item that waits, has ended by that.
    """
    if not _is_open(database, job_id):
        return False, []
    database.run("complete_archive", job_id=job_id)
    if refusal is not None:
        database.run("job_first_failure", id=job_id, failure=failure_text(refusal))
    if archive.paused:
        database.run("pause_job", id=job_id, paused=True)
    else:
        database.run("hold_items", job_id=job_id, held=False)
    journal = Journal(database, now_usec)
    journal.job(job_id, "job.created")
    database.run("job_ended", id=job_id, now=now_usec)
    if not _is_open(database, job_id):
        journal.job(job_id)
    return True, journal.happenings


def forget_begun(database: Database, *, now_usec: int) -> tuple[int, list[Happening]]:
    """Forget jobs whose making a dead daemon left half done; return how many."""
    journal = Journal(database, now_usec)
    jobs = [JobId(row["job_id"]) for row in database.all("archives_begun")]
    for job_id in jobs:
        database.run("forget_asked_job", job_id=job_id)
        database.run("delete_items", job_id=job_id)
        database.run("delete_job", id=job_id)
        journal.job_removed(job_id, None)
    return len(jobs), journal.happenings


def read_order(database: Database, job_id: JobId) -> Order:
    """Return what a job of kind archive is to do; raise `NoSuchJob`."""
    row = database.one("archive_of_job", job_id=job_id)
    if row is None:
        raise NoSuchJob(job_id)
    selection = Selection(Contents(row["contents"]), partial=bool(row["partial"]))
    return Order(Path(os.fsdecode(row["destination"])), selection, fences_from(row["dead_fences"]))


def read_members(database: Database, job_id: JobId, *, after: int = 0) -> list[Member]:
    """Return some of a job's items with their photos, in order; none behind the last."""
    rows = database.all("archive_photos", job_id=job_id, after=after, limit=PHOTOS_AT_ONCE)
    photos = read_photos_by_id(database, [PhotoId(row["photo_id"]) for row in rows])
    return [Member(ItemId(row["id"]), photos[row["photo_id"]], ItemState(row["state"])) for row in rows]


def read_open_items(database: Database, job_id: JobId, session_id: SessionId) -> frozenset[ItemId]:
    """Return the items of a session in a job that have not ended."""
    rows = database.all("archive_items_open", job_id=job_id, session_id=session_id)
    return frozenset(ItemId(row["id"]) for row in rows)


def _require_sessions(database: Database, session_ids: Sequence[SessionId]) -> None:
    there = {row["id"] for row in database.all("sessions_there", session_ids=json_text(session_ids))}
    for session_id in session_ids:
        if session_id not in there:
            raise NoSuchSession(session_id)


def _insert_job(database: Database, archive: NewArchive, *, now_usec: int) -> JobId:
    priority = PRIORITIES.index(archive.priority)
    row = database.one(
        "insert_job",
        kind=JobKind.ARCHIVE,
        priority=priority,
        turn=take_turns(database, ARCHIVE_LANE, priority=priority, count=1),
        session_id=archive.session_id,
        label=readable(archive.label),
        creator=archive.creator,
        creator_uid=archive.creator_uid,
        correlation_id=archive.correlation_id,
        now=now_usec,
    )
    assert row is not None
    job_id = JobId(row["id"])
    database.run(
        "insert_archive",
        job_id=job_id,
        destination=os.fsencode(archive.destination),
        contents=archive.selection.contents,
        partial=archive.selection.partial,
    )
    return job_id


def _is_open(database: Database, job_id: JobId) -> bool:
    row = database.one("job_by_id", id=job_id)
    return row is not None and row["ended_at_usec"] is None and is_live(JobState(row["state"]))


def _tell_left_out(
    database: Database,
    archive: NewArchive,
    job_id: JobId,
    shares: Sequence[Share],
    *,
    after: int,
    now_usec: int,
) -> None:
    """Keep a log line of each photo that is left out."""
    left_out = {share.photo.id: share.photo for share in shares if share.state is ItemState.SKIPPED}
    if not left_out:
        return
    rows = database.all("archive_photos", job_id=job_id, after=after, limit=len(shares))
    lines = [
        LogLine(
            at_usec=now_usec,
            level=LEVELS["info"],
            event="item_skipped",
            correlation_id=archive.correlation_id,
            job_id=job_id,
            item_id=row["id"],
            fields={"reason": "not_finished", "raw": readable(photo.name), "state": str(photo.state)},
        )
        for row in rows
        if (photo := left_out.get(row["photo_id"])) is not None
    ]
    write_log_lines(database, lines)
