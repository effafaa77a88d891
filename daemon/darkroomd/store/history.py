"""What is kept beside the queue: the journal, figures of what was developed, log lines and settings."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import tzinfo
from typing import Final

from darkroom.protocol.types import Statistic
from darkroomd.core.gate import Pause
from darkroomd.core.model import CorrelationId, Happening, ItemId, JobId, Page
from darkroomd.core.statistics import Grouping, Sample, summarize
from darkroomd.core.story import LogLine
from darkroomd.store.catalogue import page_of, place_number
from darkroomd.store.database import Database
from darkroomd.store.front import Front
from darkroomd.store.journal import Journal, read_facts, read_span
from darkroomd.store.rows import json_text, setting_from
from darkroomd.store.samples import sample_from

PAUSE: Final = "queue.pause"
IDENTITY: Final = "database.identity"


class History:
    """Reads and writes what outlives jobs."""

    def __init__(self, front: Front) -> None:
        self._front = front

    async def identity(self, *, otherwise: str) -> str:
        """Return what this database is called as long as it lives; one without a name gets `otherwise`."""

        def change(database: Database) -> tuple[str, list[Happening]]:
            row = database.one("setting", name=IDENTITY)
            if row is not None:
                return setting_from(row, str), []
            database.run("put_setting", name=IDENTITY, value=json_text(otherwise))
            return otherwise, []

        return await self._front.write(change)

    async def facts_after(self, sequence: int, *, limit: int) -> list[Happening]:
        """Return what happened after the fact with that number, oldest first."""
        return await self._front.read(lambda database: read_facts(database, after=sequence, limit=limit))

    async def span(self) -> tuple[int, int]:
        """Return the numbers of the oldest and the newest fact that is kept; 0 where there is none."""
        return await self._front.read(read_span)

    async def pause(self) -> Pause | None:
        """Return the pause that is in force by the record."""

        def read(database: Database) -> Pause | None:
            row = database.one("setting", name=PAUSE)
            return None if row is None else setting_from(row, Pause)

        return await self._front.read(read)

    async def set_pause(self, pause: Pause | None, *, now_usec: int) -> None:
        """Record a pause, or its end, and tell of it."""

        def change(database: Database) -> tuple[None, list[Happening]]:
            if pause is None:
                database.run("delete_setting", name=PAUSE)
            else:
                database.run("put_setting", name=PAUSE, value=json_text(pause))
            journal = Journal(database, now_usec)
            journal.queue()
            return None, journal.happenings

        await self._front.write(change)

    async def end_pause(self, over: Pause, *, now_usec: int) -> bool:
        """Record the end of this pause and tell of it, unless it is no longer the one on record."""

        def change(database: Database) -> tuple[bool, list[Happening]]:
            row = database.one("setting", name=PAUSE)
            if row is None or setting_from(row, Pause) != over:
                return False, []
            database.run("delete_setting", name=PAUSE)
            journal = Journal(database, now_usec)
            journal.queue()
            return True, journal.happenings

        return await self._front.write(change)

    async def statistics(
        self, *, since_usec: int, until_usec: int, by: Grouping, zone: tzinfo
    ) -> tuple[Statistic, ...]:
        """Return what the photos that ended in that time come to; see `summarize`."""

        def read(database: Database) -> tuple[Statistic, ...]:
            rows = database.each("samples_between", since=since_usec, until=until_usec)
            return summarize(map(sample_from, rows), by=by, zone=zone)

        return await self._front.read_at_length(read)

    async def newest_samples(self, count: int) -> list[Sample]:
        """Return the newest photos that were developed, oldest first."""

        def read(database: Database) -> list[Sample]:
            return [sample_from(row) for row in reversed(database.all("newest_samples", limit=count))]

        return await self._front.read(read)

    async def log_lines(
        self,
        *,
        correlation_id: CorrelationId | None,
        job_id: JobId | None,
        item_id: ItemId | None,
        level: int,
        cursor: str | None,
        limit: int,
    ) -> Page[LogLine]:
        """Return log lines of one item, else of one job, else of one story; raise `InvalidCursor`."""
        after = place_number(cursor)
        values = {"after": after, "level": level, "limit": limit + 1}

        def read(database: Database) -> Page[LogLine]:
            if item_id is not None:
                rows = database.all("log_lines_of_item", item_id=item_id, **values)
            elif job_id is not None:
                rows = database.all("log_lines_of_job", job_id=job_id, **values)
            else:
                rows = database.all("log_lines_of_story", correlation_id=correlation_id, **values)
            lines = [
                LogLine(
                    at_usec=row["at_usec"],
                    level=row["level"],
                    event=row["event"],
                    correlation_id=row["correlation_id"],
                    job_id=row["job_id"],
                    item_id=row["item_id"],
                    fields=json.loads(row["fields"]),
                )
                for row in rows
            ]
            page = page_of(lines, limit, [row["id"] for row in rows])
            return replace(page, end_cursor=str(rows[:limit][-1]["id"]) if rows else cursor)

        return await self._front.read(read)
