"""Jobs and their items."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import anyio

from darkroom.errors import DARKROOM_INTERFACE, InvalidParameter, Stopping, TimedOut
from darkroom.protocol import types
from darkroom.protocol.calls import GetItem, GetJob, ListItems, ListJobs, WaitJob
from darkroom.protocol.replies import ItemReply, ItemsReply, JobReply, JobsReply
from darkroomd.api import views
from darkroomd.api.handlers.daemon import BEAT_SECONDS
from darkroomd.api.hub import Hub
from darkroomd.api.paging import page_size, send_pages
from darkroomd.api.requests import Handlers, Request, Stream
from darkroomd.core.model import Item, ItemId, Job, JobId, Page
from darkroomd.services.queries import Queries

USEC: Final = 1_000_000


class JobHandlers:
    """Answers about jobs."""

    def __init__(self, queries: Queries, hub: Hub) -> None:
        self._queries = queries
        self._hub = hub

    def table(self) -> Handlers:
        """Return the handlers by qualified method."""
        return {
            f"{DARKROOM_INTERFACE}.ListJobs": self.list_jobs,
            f"{DARKROOM_INTERFACE}.GetJob": self.get_job,
            f"{DARKROOM_INTERFACE}.ListItems": self.list_items,
            f"{DARKROOM_INTERFACE}.GetItem": self.get_item,
            f"{DARKROOM_INTERFACE}.WaitJob": self.wait_job,
        }

    async def list_jobs(self, request: Request[ListJobs]) -> JobsReply:
        """Return a page of jobs; raise `InvalidCursor`."""
        asked = request.parameters

        async def fetch(cursor: str | None, limit: int) -> Page[Job]:
            return await self._queries.jobs(
                asked.filter, by_position=bool(asked.by_position), cursor=cursor, limit=limit
            )

        def show(page: Page[Job]) -> JobsReply:
            return JobsReply(jobs=tuple(map(self._job, page.entries)), next_cursor=page.next_cursor)

        return await send_pages(
            fetch, show, cursor=asked.cursor, limit=page_size(asked.limit), stream=request.stream
        )

    async def get_job(self, request: Request[GetJob]) -> JobReply:
        """Return one job; raise `NoSuchJob`."""
        job = await self._queries.job(JobId(request.parameters.job_id))
        return JobReply(job=self._job(job))

    async def list_items(self, request: Request[ListItems]) -> ItemsReply:
        """Return a page of a job's items; raise `NoSuchJob`, `InvalidCursor`."""
        asked = request.parameters

        async def fetch(cursor: str | None, limit: int) -> Page[Item]:
            return await self._queries.items(
                JobId(asked.job_id), states=asked.states, cursor=cursor, limit=limit
            )

        def show(page: Page[Item]) -> ItemsReply:
            return ItemsReply(items=tuple(map(self._item, page.entries)), next_cursor=page.next_cursor)

        return await send_pages(
            fetch, show, cursor=asked.cursor, limit=page_size(asked.limit), stream=request.stream
        )

    async def get_item(self, request: Request[GetItem]) -> ItemReply:
        """Return one item; raise `NoSuchItem`."""
        item = await self._queries.item(ItemId(request.parameters.item_id))
        return ItemReply(item=self._item(item))

    async def wait_job(self, request: Request[WaitJob]) -> JobReply:
        """Return the job once it has ended; raise `NoSuchJob`, `TimedOut`, `Stopping`.

        With `stream` it is sent before that too: now, upon each change, and at each beat.
        """
        asked = request.parameters
        if asked.timeout_usec is not None and asked.timeout_usec < 0:
            raise InvalidParameter("timeoutUsec")
        seconds = None if asked.timeout_usec is None else asked.timeout_usec / USEC
        deadline = float("inf") if seconds is None else anyio.current_time() + seconds
        return await self._wait(JobId(asked.job_id), request.stream, deadline=deadline)

    async def _wait(self, job_id: JobId, stream: Stream | None, *, deadline: float) -> JobReply:
        sent: types.Job | None = None
        beat_at = anyio.current_time()
        while not self._hub.stopping.is_set():
            # Taken before the look, so that no change falls between the two.
            change = self._hub.next_change
            job = self._job(await self._queries.job(job_id))
            if job.state in views.ENDED_JOB:
                return JobReply(job=job)
            if anyio.current_time() >= deadline:
                raise TimedOut
            if stream is not None and (job != sent or anyio.current_time() >= beat_at):
                await stream(JobReply(job=job))
                sent, beat_at = job, anyio.current_time() + BEAT_SECONDS
            with anyio.CancelScope(deadline=deadline if stream is None else min(deadline, beat_at)):
                await change.wait()
        raise Stopping

    def _job(self, job: Job) -> types.Job:
        reasons = self._queries.reasons_of(job.session_id)
        percent = self._queries.percent(job.progress.current_item_id)
        held = replace(job, state_reasons=(*job.state_reasons, *self._queries.holds_of(job.id)))
        return views.job(held, queue_reasons=reasons, item_percent=percent)

    def _item(self, item: Item) -> types.Item:
        return views.item(item, stage=self._queries.stage(item.id))
