"""Forgetting what is old, a little at a time: no transaction here keeps the queue waiting for long.

The file does not shrink. Its pages are used again, so that it stays as large as what is kept at its most.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from darkroomd.core.model import Happening, JobId, SessionId
from darkroomd.store.database import Database
from darkroomd.store.front import Front
from darkroomd.store.journal import Journal

ROWS_AT_ONCE: Final = 200
"""Rows that one transaction drops: a few milliseconds."""

ALL: Final = 2**63 - 1
ANY_TIME_USEC: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was dropped; `partly`: of the job that is next, some items are gone already."""

    jobs: int = 0
    items: int = 0
    partly: bool = False


class Pruning:
    """Each method goes on until nothing is left to drop, with one transaction for every `ROWS_AT_ONCE` rows.

    All raise `StateUnwritable`, and `StateUnreadable` where they count; what was dropped until then stays so.
    """

    def __init__(self, front: Front) -> None:
        self._front = front

    async def jobs(self, *, ended_before_usec: int, items: int, now_usec: int) -> Pruned:
        """Drop jobs with their items that ended before, and of the others the first that ended.

        Of those as many as it takes until there are no more than `items`, those of jobs that go on included;
        jobs that go on are never dropped.
        """
        old = await self._jobs(ended_before_usec=ended_before_usec, wanted=ALL, now_usec=now_usec)
        excess = await self._front.read(_count_items) - items
        many = await self._jobs(ended_before_usec=ANY_TIME_USEC, wanted=excess, now_usec=now_usec)
        return Pruned(old.jobs + many.jobs, old.items + many.items)

    async def log_lines(self, *, before_usec: int, keep: int) -> int:
        """Drop log lines that are older, and all but the newest `keep`; return how many."""
        return await self._rows("prune_log_lines", before=before_usec, keep=keep)

    async def facts(self, *, before_usec: int, keep: int) -> int:
        """Drop facts that are older, and all but the newest `keep`; return how many."""
        return await self._rows("prune_facts", before=before_usec, keep=keep)

    async def samples(self, *, before_usec: int, keep: int) -> int:
        """Drop figures that are older, and all but the newest `keep`; return how many."""
        old = await self._rows("prune_old_samples", before=before_usec)
        return old + await self._rows("prune_first_samples", keep=keep)

    async def _jobs(self, *, ended_before_usec: int, wanted: int, now_usec: int) -> Pruned:
        """Drop whole jobs until none is left that ended before, or `wanted` items are gone."""
        jobs = items = 0
        partly = False
        while partly or items < wanted:
            change = partial(
                prune_jobs,
                ended_before_usec=ended_before_usec,
                wanted=max(1, wanted - items),
                now_usec=now_usec,
            )
            some = await self._front.write(change)
            jobs, items, partly = jobs + some.jobs, items + some.items, some.partly
            if some == Pruned():
                break
        return Pruned(jobs, items)

    async def _rows(self, statement: str, **values: int) -> int:
        def change(database: Database) -> tuple[int, Sequence[Happening]]:
            return len(database.all(statement, most=ROWS_AT_ONCE, **values)), ()

        dropped = 0
        while count := await self._front.write(change):
            dropped += count
        return dropped


def prune_jobs(
    database: Database, *, ended_before_usec: int, wanted: int, now_usec: int
) -> tuple[Pruned, list[Happening]]:
    """Drop the first jobs that ended before until `wanted` items are gone, or `ROWS_AT_ONCE` rows."""
    journal = Journal(database, now_usec)
    jobs = items = 0
    while jobs + items < ROWS_AT_ONCE and items < wanted:
        job = database.one("oldest_ended_job", before=ended_before_usec)
        if job is None:
            break
        items += len(database.all("prune_items", job_id=job["id"], most=ROWS_AT_ONCE - jobs - items))
        if database.one("any_item_of_job", job_id=job["id"]) is not None:
            return Pruned(jobs, items, partly=True), journal.happenings
        database.run("delete_job", id=job["id"])
        session_id = None if job["session_id"] is None else SessionId(job["session_id"])
        journal.job_removed(JobId(job["id"]), session_id)
        jobs += 1
    return Pruned(jobs, items), journal.happenings


def _count_items(database: Database) -> int:
    row = database.one("count_items")
    assert row is not None
    return int(row["items"])
