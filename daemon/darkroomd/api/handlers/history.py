"""What was done, and what the log says of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import anyio

from darkroom.errors import DARKROOM_INTERFACE, InvalidParameter, Stopping
from darkroom.protocol.calls import GetStatistics, ListLogLines
from darkroom.protocol.replies import LogLinesReply, StatisticsReply
from darkroomd.api import views
from darkroomd.api.handlers.daemon import BEAT_SECONDS
from darkroomd.api.hub import Hub
from darkroomd.api.paging import Fetch, fitting_page, page_size, send_pages
from darkroomd.api.requests import Handlers, Request, Stream
from darkroomd.core.model import Page
from darkroomd.core.statistics import Grouping
from darkroomd.core.story import LEVELS, LogLine
from darkroomd.services.queries import Queries

EVERYTHING: Final = "debug"


class HistoryHandlers:
    """Answers about what is over."""

    def __init__(self, queries: Queries, hub: Hub) -> None:
        self._queries = queries
        self._hub = hub

    def table(self) -> Handlers:
        """Return the handlers by qualified method."""
        return {
            f"{DARKROOM_INTERFACE}.GetStatistics": self.get_statistics,
            f"{DARKROOM_INTERFACE}.ListLogLines": self.list_log_lines,
        }

    async def get_statistics(self, request: Request[GetStatistics]) -> StatisticsReply:
        """Return figures by day, or by what was asked for."""
        asked = request.parameters
        try:
            grouping = Grouping.DAY if asked.group_by is None else Grouping(asked.group_by)
        except ValueError:
            raise InvalidParameter("groupBy") from None
        statistics = await self._queries.statistics(
            since_usec=asked.from_usec, until_usec=asked.until_usec, by=grouping
        )
        return StatisticsReply(statistics=statistics)

    async def list_log_lines(self, request: Request[ListLogLines]) -> LogLinesReply:
        """Return log lines; with `stream` and `follow` those that are stored, and new ones as they are."""
        asked = request.parameters
        if asked.minimum_level is not None and asked.minimum_level not in LEVELS:
            raise InvalidParameter("minimumLevel")
        _check_selector(asked)
        if asked.follow and request.stream is None:
            raise InvalidParameter("follow")
        limit = page_size(asked.limit)
        level = LEVELS[asked.minimum_level or EVERYTHING]

        async def fetch(cursor: str | None, at_most: int) -> Page[LogLine]:
            return await self._queries.log_lines(
                correlation_id=asked.correlation_id,
                job_id=asked.job_id,
                item_id=asked.item_id,
                level=level,
                cursor=cursor,
                limit=at_most,
            )

        if asked.follow and request.stream is not None:
            await self._follow(fetch, asked.cursor, limit, request.stream)

        async def fetch_all(cursor: str | None, at_most: int) -> Page[LogLine]:
            # Taken before the look, and not told twice: meanwhile they may be stored.
            to_come = self._queries.lines_to_come(asked.correlation_id, level=level)
            page = await fetch(cursor, at_most)
            if page.next_cursor is not None:
                return page
            fresh = (line for line in to_come if line not in page.entries)
            return replace(page, entries=(*page.entries, *fresh)[:at_most])

        return await send_pages(fetch_all, _show, cursor=asked.cursor, limit=limit, stream=request.stream)

    async def _follow(self, fetch: Fetch[LogLine], cursor: str | None, limit: int, stream: Stream) -> None:
        """Send what there is, and then what is added, until the daemon stops: `Stopping`."""
        while not self._hub.stopping.is_set():
            # Taken before the look, so that no line falls between the two.
            change = self._hub.next_change
            page, reply = await fitting_page(fetch, _show_open, cursor=cursor, limit=limit)
            if page.entries:
                cursor = page.end_cursor
                await stream(reply)
                continue
            with anyio.move_on_after(BEAT_SECONDS) as beat:
                await change.wait()
            if beat.cancelled_caught:
                await stream(_show(page))
        raise Stopping


def _check_selector(asked: ListLogLines) -> None:
    """Raise `InvalidParameter` unless it is said, exactly once, whose lines are wanted."""
    selectors = {"itemId": asked.item_id, "jobId": asked.job_id, "correlationId": asked.correlation_id}
    given = [name for name, selector in selectors.items() if selector is not None]
    if len(given) != 1:
        raise InvalidParameter(given[-1] if given else "correlationId")


def _show(page: Page[LogLine]) -> LogLinesReply:
    return LogLinesReply(lines=tuple(map(views.log_line, page.entries)), next_cursor=page.next_cursor)


def _show_open(page: Page[LogLine]) -> LogLinesReply:
    """Show a page of a list that goes on for ever, so that each says where to go on."""
    return _show(replace(page, next_cursor=page.end_cursor) if page.entries else page)
