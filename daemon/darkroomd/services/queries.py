"""Answers to "where does it stand", each from memory or one query, never behind a photo being developed."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import tzinfo
from typing import Final

from darkroom.protocol.types import ItemState, JobFilter, Statistic
from darkroomd.core.estimate import remaining_usec
from darkroomd.core.gate import Holder
from darkroomd.core.intake import arriving_page, is_arriving_cursor
from darkroomd.core.model import (
    CorrelationId,
    Happening,
    Item,
    ItemId,
    Job,
    JobId,
    JobKind,
    Page,
    Photo,
    PhotoId,
    PhotoState,
    Progress,
    Session,
    SessionId,
    WatchMode,
)
from darkroomd.core.statistics import Grouping
from darkroomd.core.status import Check, Health, QueueStatus
from darkroomd.core.story import LogLine, Subject
from darkroomd.services.gatekeeper import Gatekeeper
from darkroomd.services.intake import Intake
from darkroomd.services.scheduler import Scheduler
from darkroomd.store.catalogue import Totals
from darkroomd.store.history import History
from darkroomd.store.store import Store

FOREVER: Final = 2**62

CheckUp = Callable[[], Awaitable[tuple[Check, ...]]]


class Queries:
    """Reads for the protocol's handlers. Errors are those of the protocol.

    Args:
        told_of: returns the log lines of a story, a job or an item that are not stored yet.
        check_up: looks at everything, and returns what is to be said of it.
    """

    def __init__(
        self,
        *,
        store: Store,
        scheduler: Scheduler,
        gate: Gatekeeper,
        history: History,
        told_of: Callable[[Subject], tuple[LogLine, ...]],
        zone: tzinfo,
        intake: Intake,
        about: Health,
        check_up: CheckUp,
    ) -> None:
        self._store = store
        self._scheduler = scheduler
        self._gate = gate
        self._history = history
        self._told_of = told_of
        self._zone = zone
        self._intake = intake
        self._about = about
        self._check_up = check_up

    @property
    def wait_reasons(self) -> tuple[str, ...]:
        """Why nothing, or not everything, is started."""
        return self._gate.wait_reasons()

    async def facts_after(self, sequence: int, *, limit: int) -> list[Happening]:
        """Return what happened after the fact with that number, oldest first."""
        return await self._history.facts_after(sequence, limit=limit)

    async def facts_span(self) -> tuple[int, int]:
        """Return the numbers of the oldest and the newest fact that is kept; 0 where there is none."""
        return await self._history.span()

    def reasons_of(self, session_id: SessionId | None) -> tuple[str, ...]:
        """Return why nothing of one session is started."""
        return self._gate.reasons_of(session_id)

    def holds_of(self, job_id: JobId) -> tuple[str, ...]:
        """Return what stands in the way of a job by itself."""
        return self._gate.holds_of(job_id)

    @property
    def holders(self) -> tuple[Holder, ...]:
        """Who holds work back, oldest first."""
        return self._gate.holders

    async def status(self) -> QueueStatus:
        """Return what a status line shows."""
        return self.status_of(await self.totals())

    async def totals(self) -> Totals:
        """Return the counters of the whole queue, at once where they are known."""
        return await self._store.totals.get()

    def are_current(self, totals: Totals) -> bool:
        """Tell whether nobody can know of other counters than these at this moment."""
        return totals is self._store.totals.known

    def status_of(self, totals: Totals) -> QueueStatus:
        """Return what a status line shows of these counters at this moment."""
        running = totals.running
        work = None if running is None else self._scheduler.work_on(running.id)
        return QueueStatus(
            counts=totals.counts,
            progress=self._with_remaining(totals.progress),
            wait_reasons=self.wait_reasons,
            current_job_id=None if running is None else running.job_id,
            current_raw=totals.running_raw,
            stage=None if work is None else work.stage,
            percent=None if work is None else work.percent,
            pause=self._gate.pause,
            holders=self._gate.holders,
        )

    async def sessions(self, *, cursor: str | None, limit: int) -> Page[Session]:
        """Return a page of sessions."""
        return await self._store.sessions(cursor=cursor, limit=limit)

    async def session(self, session_id: SessionId) -> Session:
        """Return the session; raise `NoSuchSession`."""
        return await self._store.session(session_id)

    def watch_mode(self, session_id: SessionId) -> WatchMode:
        """Return how the session's folder is observed at this moment."""
        return self._intake.watch_mode(session_id)

    async def photos(
        self,
        session_id: SessionId,
        *,
        states: tuple[str, ...] | None,
        discarded: bool | None,
        cursor: str | None,
        limit: int,
    ) -> Page[Photo]:
        """Return a page of a session's photos; raise `NoSuchSession`, `InvalidCursor`.

        What still arrives is known to intake alone; it is listed first where its state is asked for.
        """
        if PhotoState.ARRIVING in (states or ()) and not discarded and is_arriving_cursor(cursor):
            arriving = arriving_page(self._intake.arriving(session_id), cursor=cursor, limit=limit)
            if arriving.entries:
                return arriving
            cursor = None
        return await self._store.photos(
            session_id, states=states, discarded=discarded, cursor=cursor, limit=limit
        )

    async def photo(self, photo_id: PhotoId) -> Photo:
        """Return the photo; raise `NoSuchPhoto`."""
        return await self._store.photo(photo_id)

    async def jobs(
        self, job_filter: JobFilter | None, *, by_position: bool, cursor: str | None, limit: int
    ) -> Page[Job]:
        """Return a page of jobs; raise `InvalidCursor`."""
        page = await self._store.jobs(job_filter, by_position=by_position, cursor=cursor, limit=limit)
        return replace(page, entries=tuple(map(self._with_estimate, page.entries)))

    async def job(self, job_id: JobId) -> Job:
        """Return the job; raise `NoSuchJob`."""
        return self._with_estimate(await self._store.job(job_id))

    async def items(
        self, job_id: JobId, *, states: tuple[ItemState, ...] | None, cursor: str | None, limit: int
    ) -> Page[Item]:
        """Return a page of a job's items; raise `NoSuchJob`, `InvalidCursor`."""
        return await self._store.items(job_id, states=states, cursor=cursor, limit=limit)

    async def item(self, item_id: ItemId) -> Item:
        """Return the item; raise `NoSuchItem`."""
        return await self._store.item(item_id)

    async def statistics(
        self, *, since_usec: int | None, until_usec: int | None, by: Grouping
    ) -> tuple[Statistic, ...]:
        """Return what was developed in a time, kept apart by something."""
        return await self._history.statistics(
            since_usec=since_usec or 0,
            until_usec=FOREVER if until_usec is None else until_usec,
            by=by,
            zone=self._zone,
        )

    async def log_lines(
        self, subject: Subject, *, level: int, cursor: str | None, limit: int
    ) -> Page[LogLine]:
        """Return stored log lines of a subject; raise `InvalidCursor`."""
        story, job, item = subject.correlation_id, subject.job_id, subject.item_id
        return await self._history.log_lines(
            correlation_id=None if story is None else CorrelationId(story),
            job_id=None if job is None else JobId(job),
            item_id=None if item is None else ItemId(item),
            level=level,
            cursor=cursor,
            limit=limit,
        )

    def lines_to_come(self, subject: Subject, *, level: int) -> tuple[LogLine, ...]:
        """Return lines that are stored once an item ends, such as those of a photo that waits."""
        return tuple(_as_stored(line) for line in self._told_of(subject) if line.level >= level)

    def _with_estimate(self, job: Job) -> Job:
        # How long photos take to develop says nothing of how long they take to copy.
        if job.ended_at_usec is not None or job.kind is JobKind.ARCHIVE:
            return job
        return replace(job, progress=self._with_remaining(job.progress))

    def _with_remaining(self, progress: Progress) -> Progress:
        usec = remaining_usec(self._scheduler.rate, progress, workers=self._scheduler.workers)
        return replace(progress, remaining_usec=usec if progress.total > progress.ended else None)

    def percent(self, item_id: int | None) -> int:
        """Return how far the item is, if it is being worked on; else 0."""
        work = self._scheduler.work_on(item_id)
        return 0 if work is None else work.percent

    def stage(self, item_id: int) -> str | None:
        """Return the stage that the item is in, if it is being worked on."""
        work = self._scheduler.work_on(item_id)
        return None if work is None else work.stage

    async def health(self) -> Health:
        """Return what the daemon says of itself."""
        checks = await self._check_up()
        return Health(
            version=self._about.version,
            pid=self._about.pid,
            instance=self._about.instance,
            started_at_usec=self._about.started_at_usec,
            checks=checks,
        )


def _as_stored(line: LogLine) -> LogLine:
    """Return a line with its facts as they are once they were written and read again."""
    return replace(line, fields=json.loads(json.dumps(line.fields, default=str)))
