"""Jobs and their items."""

from __future__ import annotations

from darkroom.errors import DARKROOM_INTERFACE
from darkroom.protocol.calls import GetJob, ListItems, ListJobs
from darkroom.protocol.replies import ItemsReply, JobReply, JobsReply
from darkroomd.api import views
from darkroomd.api.paging import page_size, send_pages
from darkroomd.api.requests import Handlers, Request
from darkroomd.core.model import Item, Job, JobId, Page
from darkroomd.services.queries import Queries


class JobHandlers:
    """Answers about jobs."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    def table(self) -> Handlers:
        """Return the handlers by qualified method."""
        return {
            f"{DARKROOM_INTERFACE}.ListJobs": self.list_jobs,
            f"{DARKROOM_INTERFACE}.GetJob": self.get_job,
            f"{DARKROOM_INTERFACE}.ListItems": self.list_items,
        }

    async def list_jobs(self, request: Request[ListJobs]) -> JobsReply:
        """Return a page of jobs; raise `InvalidCursor`."""
        asked = request.parameters
        limit = page_size(asked.limit)

        async def fetch(cursor: str | None) -> Page[Job]:
            return await self._queries.jobs(
                asked.filter, by_position=bool(asked.by_position), cursor=cursor, limit=limit
            )

        def show(page: Page[Job]) -> JobsReply:
            return JobsReply(jobs=tuple(map(views.job, page.entries)), next_cursor=page.next_cursor)

        return await send_pages(fetch, show, cursor=asked.cursor, stream=request.stream)

    async def get_job(self, request: Request[GetJob]) -> JobReply:
        """Return one job; raise `NoSuchJob`."""
        job = await self._queries.job(JobId(request.parameters.job_id))
        return JobReply(job=views.job(job))

    async def list_items(self, request: Request[ListItems]) -> ItemsReply:
        """Return a page of a job's items; raise `NoSuchJob`, `InvalidCursor`."""
        asked = request.parameters
        limit = page_size(asked.limit)

        async def fetch(cursor: str | None) -> Page[Item]:
            return await self._queries.items(
                JobId(asked.job_id), states=asked.states, cursor=cursor, limit=limit
            )

        def show(page: Page[Item]) -> ItemsReply:
            items = tuple(views.item(item, stage=self._queries.stage(item.id)) for item in page.entries)
            return ItemsReply(items=items, next_cursor=page.next_cursor)

        return await send_pages(fetch, show, cursor=asked.cursor, stream=request.stream)
