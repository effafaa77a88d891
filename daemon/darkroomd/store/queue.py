"""Writing: each function is one transition, to be run inside one transaction, and tells what happened."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from darkroom.protocol.types import Failure, ItemState, JobState, Priority
from darkroomd.core.archive_request import is_archived_by
from darkroomd.core.cancellation import canceled
from darkroomd.core.lifecycle import is_ending, waiting_state
from darkroomd.core.model import (
    Claim,
    Happening,
    Item,
    ItemId,
    JobId,
    JobKind,
    Output,
    Photo,
    PhotoId,
    PhotoState,
    SessionId,
)
from darkroomd.core.story import LogLine
from darkroomd.store.archived import ArchivedFile, put_archived_files
from darkroomd.store.background import return_to_background
from darkroomd.store.catalogue import has_outputs, photo_of, read_job, read_photo, read_session
from darkroomd.store.database import Database, Row
from darkroomd.store.export_items import (
    is_of_export,
    is_replaced,
    return_rest,
    skip_along,
    skip_photo,
    spare_photo,
    start_photo,
    tell_if_changed,
)
from darkroomd.store.journal import Journal, write_log_lines
from darkroomd.store.outputs import put_output
from darkroomd.store.rows import (
    PRIORITIES,
    failure_text,
    item_from,
    json_text,
)
from darkroomd.store.samples import Work, take_sample, was_developed
from darkroomd.store.turns import PRIORITY_OF_KIND, take_turns

_NO_SAMPLE: Final = frozenset({ItemState.CANCELED, ItemState.SKIPPED})
"""Ends of items that tell nothing of how long photos take, or how many fail."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How an item ended.

    `others` are outputs beside `output`, which work that made one always has.
    `captured_at_usec`, `zone_minutes`, `camera`, `pixels` and `left_out` are what the RAW file says, and what
    it did not allow; they only count with an output.
    `busy_usec` is what the work took by a clock that does not jump; None: as the clock on the wall has it.
    `along` are items of the same job that wait, and are skipped with one that was: for the same reason.
    `looked_at` is the photo that was found up to date.
    `rest_is_due`: outputs that the job does not ask for are to be made, by a backfill.
    `archived` is what an item of an archive brought there, or found there already.
    """

    state: ItemState
    output: Output | None = None
    failure: Failure | None = None
    photo_state: PhotoState | None = None
    captured_at_usec: int | None = None
    camera: str = ""
    pixels: int | None = None
    busy_usec: int | None = None
    lines: tuple[LogLine, ...] = ()
    others: tuple[Output, ...] = ()
    zone_minutes: int | None = None
    left_out: tuple[str, ...] = ()
    along: tuple[ItemId, ...] = ()
    rest_is_due: bool = False
    looked_at: Photo | None = None
    archived: tuple[ArchivedFile, ...] = ()

    @property
    def outputs(self) -> tuple[Output, ...]:
        """All outputs that were made."""
        return () if self.output is None else (self.output, *self.others)


class Kinds(Enum):
    """Whether an item may be taken for what it does to its photo."""

    ANY = 0
    NO_ARCHIVES = 1
    AN_ARCHIVE_THAT_IS_FIRST = 2
    """An archive may be, if nothing else stands before it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What may be claimed; see `Store.claim`."""

    boot: str
    least_priority: Priority
    waiting_sessions: Collection[SessionId] = ()
    longest_wait_usec: int | None = None
    waiting_jobs: Collection[JobId] = ()
    kinds: Kinds = Kinds.ANY


def conditions(wanted: Wanted) -> dict[str, int | str]:
    """Return what the statements that look for an item to start are given."""
    return {
        "least_priority": PRIORITIES.index(wanted.least_priority),
        "waiting_sessions": json_text(sorted(wanted.waiting_sessions)),
        "waiting_jobs": json_text(sorted(wanted.waiting_jobs)),
        "no_archives": wanted.kinds is Kinds.NO_ARCHIVES,
    }


def claim(database: Database, wanted: Wanted, *, now_usec: int) -> tuple[Claim | None, list[Happening]]:
    """Take the next item: the attempt and a new fence are committed before its work begins."""
    _free_retries(database, wanted.longest_wait_usec, now_usec=now_usec)
    row = database.one(
        "claim_item",
        boot=wanted.boot,
        now=now_usec,
        only_archives=wanted.kinds is Kinds.AN_ARCHIVE_THAT_IS_FIRST,
        **conditions(wanted),
    )
    if row is None:
        return None, []
    database.run("note_claim", priority=row["priority"], turn=row["turn"], fence=row["fence"])
    database.run("job_started", id=row["job_id"], now=now_usec)
    job = read_job(database, JobId(row["job_id"]), running=row)
    started, shows_it = start_photo(database, row, job, now_usec=now_usec)
    session = read_session(database, SessionId(row["session_id"]))
    taken = Claim(
        item=item_from(row),
        job=job,
        photo=photo_of(database, started, session),
        session=session,
        fence=row["fence"],
        failed_before=bool(row["failed_before"]),
    )
    journal = Journal(database, now_usec)
    journal.item_as(taken.item, session.id)
    journal.job_as(taken.job)
    if shows_it:
        journal.photo_as(taken.photo)
        journal.session_as(session)
    return taken, journal.happenings


def _free_retries(database: Database, longest_wait_usec: int | None, *, now_usec: int) -> None:
    """Let retries that are due take part again, and bound those that are due too late."""
    row = database.one("retries")
    # Looking is cheaper than changing nothing, and most claims find none.
    if row is None or row["first"] is None:
        return
    if row["first"] <= now_usec:
        database.run("ready_retries", now=now_usec)
    if longest_wait_usec is not None and row["last"] > now_usec + longest_wait_usec:
        database.run("bound_retries", latest=now_usec + longest_wait_usec)


def end_and_claim(
    database: Database, item: Item, ending: Ending, *, fence: int, wanted: Wanted, now_usec: int
) -> tuple[tuple[bool, Claim | None], list[Happening]]:
    """Record how the item of this claim ended, and take the next: what happens is as after one and the other.

    False, and nothing changed or taken, if the claim is stale.
    """
    ended = end(database, item, ending, fence=fence, now_usec=now_usec)
    if ended is None:
        return (False, None), []
    taken, begun = claim(database, wanted, now_usec=now_usec)
    return (True, taken), [*ended, *begun]


def record_intent(database: Database, item: Item, *, fence: int, intent: str) -> bool:
    """Commit what is about to be renamed into place; False if this claim is no longer the item's."""
    return database.one("record_intent", id=item.id, fence=fence, intent=intent) is not None


def end(
    database: Database, item: Item, ending: Ending, *, fence: int, now_usec: int
) -> list[Happening] | None:
    """Record how the item of this claim ended; None, and nothing changed, if the claim is stale.

    A photo whose export was canceled meanwhile returns to the background queue.
    """
    if not is_ending(ending.state):
        raise ValueError(f"Work cannot end as {ending.state}.")
    failure = failure_text(ending.failure)
    row = database.one("end_item", id=item.id, fence=fence, state=ending.state, failure=failure, now=now_usec)
    if row is None:
        return None
    if is_archived_by(row["recipe"]):
        return _end_archived(database, row, ending, now_usec=now_usec)
    journal = Journal(database, now_usec)
    if ending.along:
        skip_along(database, journal, item.job_id, ending.along, now_usec=now_usec)
    skipped = ending.state is ItemState.SKIPPED
    before = database.one("photo_by_id", id=row["photo_id"]) if skipped else None
    again = was_developed(database, PhotoId(row["photo_id"]))
    ended = _end_photo(database, journal, row, ending, now_usec=now_usec)
    replaced = ended["state"] == PhotoState.OUTDATED
    if ending.rest_is_due:
        ended = return_rest(database, journal, row, ended, now_usec=now_usec)
    # Read after the photo has changed: it counts its photos.
    session = read_session(database, SessionId(row["session_id"]))
    photo = photo_of(database, ended, session)
    write_log_lines(database, ending.lines)
    if ending.state not in _NO_SAMPLE:
        take_sample(database, photo, _work(row, ending, again=again, now_usec=now_usec), now_usec=now_usec)
    _end_job(database, row, now_usec=now_usec)
    journal.item_as(item_from(row, photo.outputs if has_outputs(row) else ()), session.id)
    journal.job(JobId(row["job_id"]))
    if replaced and _goes_on(photo, ending):
        _queue_again(database, journal, row, photo, now_usec=now_usec)
    if before is None or photo.revision != before["revision"]:
        journal.photo_as(photo)
        journal.session_as(session)
    return journal.happenings


def _end_archived(database: Database, row: Row, ending: Ending, *, now_usec: int) -> list[Happening]:
    """Keep what an item brought into an archive; of its photo nothing changes."""
    write_log_lines(database, ending.lines)
    put_archived_files(database, ending.archived)
    journal = Journal(database, now_usec)
    after_end(database, journal, row, now_usec=now_usec)
    return journal.happenings


def _end_photo(database: Database, journal: Journal, item: Row, ending: Ending, *, now_usec: int) -> Row:
    """Bring the photo of an item that ended up to date, and return its row."""
    photo_id, row = PhotoId(item["photo_id"]), None
    if ending.output is not None:
        for output in ending.outputs:
            put_output(database, output)
        replaced = any(is_replaced(database, output) for output in ending.outputs)
        row = database.one(
            "photo_developed",
            id=photo_id,
            state=PhotoState.OUTDATED if replaced else PhotoState.DEVELOPED,
            captured_at_usec=ending.captured_at_usec,
            zone_minutes=ending.zone_minutes,
            left_out=json_text(ending.left_out),
            camera=ending.camera,
            pixels=ending.pixels,
            now=now_usec,
        )
    elif ending.state is ItemState.SKIPPED:
        skip_photo(database, photo_id, looked_at=ending.looked_at, now_usec=now_usec)
    elif ending.state is ItemState.CANCELED and is_of_export(database, item):
        spare_photo(database, item, now_usec=now_usec)
        job = read_job(database, JobId(item["job_id"]))
        return_to_background(database, journal, job, [item], join=True, now_usec=now_usec)
    elif ending.failure is not None:
        state, failure = ending.photo_state or PhotoState.FAILED, failure_text(ending.failure)
        database.run("photo_failed", id=photo_id, state=state, failure=failure, now=now_usec)
    row = row or database.one("photo_by_id", id=photo_id)
    assert row is not None
    return row


def put_back(
    database: Database,
    item: Item,
    *,
    fence: int,
    failure: Failure | None,
    retry_at_usec: int | None,
    refund: bool,
    now_usec: int,
) -> list[Happening] | None:
    """Queue the item again; with `refund` the attempt was not the photo's and is not counted."""
    row = database.one(
        "put_back_item",
        id=item.id,
        fence=fence,
        failure=failure_text(failure),
        retry_at_usec=retry_at_usec,
        refund=int(refund),
    )
    if row is None:
        return None
    if read_job(database, JobId(row["job_id"])).state is JobState.CANCELING:
        # Canceled while its work was being put away: there is no queue to go back to.
        return _cancel(database, row, failure or canceled(), now_usec=now_usec)
    journal = Journal(database, now_usec)
    database.run("job_waits_again", id=row["job_id"])
    journal.item(row)
    journal.job(JobId(row["job_id"]))
    if is_archived_by(row["recipe"]):
        return journal.happenings
    photo = read_photo(database, PhotoId(row["photo_id"]))
    shows_it = photo.state is PhotoState.DEVELOPED
    if not ((refund or shows_it) and spare_photo(database, row, now_usec=now_usec)):
        state, reason = waiting_state(has_output=bool(photo.outputs)), failure_text(failure)
        refunded = int(refund)
        database.run(
            "photo_put_back", id=photo.id, state=state, failure=reason, refund=refunded, now=now_usec
        )
    tell_if_changed(database, journal, photo)
    return journal.happenings


def _cancel(database: Database, row: Row, failure: Failure, *, now_usec: int) -> list[Happening]:
    text, photo_id = failure_text(failure), PhotoId(row["photo_id"])
    row = database.one("cancel_queued_item", id=row["id"], failure=text, now=now_usec) or row
    journal = Journal(database, now_usec)
    after_end(database, journal, row, now_usec=now_usec)
    if is_archived_by(row["recipe"]):
        return journal.happenings
    before = read_photo(database, photo_id)
    _end_photo(database, journal, row, Ending(ItemState.CANCELED, failure=failure), now_usec=now_usec)
    tell_if_changed(database, journal, before)
    return journal.happenings


def after_end(
    database: Database, journal: Journal, row: Row, *, now_usec: int, tell_job: bool = True
) -> None:
    """Bring the job of an item that ended up to date, and tell of both."""
    _end_job(database, row, now_usec=now_usec)
    journal.item(row)
    if tell_job:
        journal.job(JobId(row["job_id"]))


def after_ends(database: Database, journal: Journal, rows: Sequence[Row], *, now_usec: int) -> None:
    """Bring the job of items that ended together up to date, and tell of them; the job is for the caller."""
    if rows:
        _end_job(database, rows[0], now_usec=now_usec)
    for row in rows:
        journal.item(row)


def _end_job(database: Database, row: Row, *, now_usec: int) -> None:
    if row["failure"] is not None and row["state"] != ItemState.SKIPPED:
        database.run("job_first_failure", id=row["job_id"], failure=row["failure"])
    database.run("job_ended", id=row["job_id"], now=now_usec)


def _queue_again(database: Database, journal: Journal, row: Row, photo: Photo, *, now_usec: int) -> None:
    priority = PRIORITIES.index(PRIORITY_OF_KIND[JobKind.DEVELOP])
    turn = take_turns(database, photo.session_id, priority=priority, count=1)
    values = {"priority": priority, "turn": turn, "session_id": photo.session_id}
    job = database.one(
        "insert_job",
        kind=JobKind.DEVELOP,
        label=os.fsencode(photo.name).decode("utf-8", "replace"),
        creator=None,
        creator_uid=None,
        correlation_id=photo.correlation_id,
        now=now_usec,
        **values,
    )
    assert job is not None
    database.run(
        "insert_item",
        job_id=job["id"],
        photo_id=photo.id,
        recipe=row["recipe"],
        correlation_id=photo.correlation_id,
        **values,
    )
    journal.job(JobId(job["id"]), "job.created")


def _goes_on(photo: Photo, ending: Ending) -> bool:
    """Whether a photo has to be developed once more, as soon as its item has ended."""
    if photo.discarded_by is not None or ending.state is ItemState.CANCELED:
        return False
    return photo.state is PhotoState.OUTDATED


def _work(row: Row, ending: Ending, *, again: bool, now_usec: int) -> Work:
    on_the_wall = max(0, now_usec - (row["started_at_usec"] or now_usec))
    return Work(
        failed=ending.output is None,
        again=again,
        bytes_written=sum(output.size_bytes for output in ending.outputs),
        busy_usec=on_the_wall if ending.busy_usec is None else ending.busy_usec,
        pixels=ending.pixels,
    )
