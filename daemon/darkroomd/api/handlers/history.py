"""What was done, and what the log says of it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final, TypeAlias

import anyio

from darkroom.errors import DARKROOM_INTERFACE, InvalidParameter, Stopping
from darkroom.protocol.calls import GetStatistics, ListLogLines
from darkroom.protocol.replies import LogLinesReply, StatisticsReply
from darkroomd.api import views
from darkroomd.api.handlers.daemon import BEAT_SECONDS
from darkroomd.api.hub import Hub
from darkroomd.api.paging import fitting_page, page_size, send_pages
from darkroomd.api.requests import Handlers, Request, Stream
from darkroomd.core.model import Page
from darkroomd.core.statistics import Grouping
from darkroomd.core.story import LEVELS, LogLine, Subject
from darkroomd.services.queries import Queries

EVERYTHING: Final = "debug"

LOOK_SECONDS: Final = 1.0
"""How long a line may be written before those who follow the log are told."""


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
        """Return log lines; with `stream` and `follow` those there are, and new ones as they are written."""
        asked = request.parameters
        if asked.minimum_level is not None and asked.minimum_level not in LEVELS:
            raise InvalidParameter("minimumLevel")
        subject = _subject(asked)
        if asked.follow and request.stream is None:
            raise InvalidParameter("follow")
        limit = page_size(asked.limit)
        tail = _Tail(self._queries, subject, level=LEVELS[asked.minimum_level or EVERYTHING])
        if asked.follow and request.stream is not None:
            await self._follow(tail, asked.cursor, limit, request.stream)
        return await send_pages(tail.look, _show, cursor=asked.cursor, limit=limit, stream=request.stream)

    async def _follow(self, tail: _Tail, cursor: str | None, limit: int, stream: Stream) -> None:
        """Send what there is, and then what is added, until the daemon stops: `Stopping`."""
        cursor, _ = _place(cursor)
        beat_at = anyio.current_time() + BEAT_SECONDS
        while not self._hub.stopping.is_set():
            # Taken before the look, so that no line falls between the two.
            change = self._hub.next_change
            page, reply = await fitting_page(tail.look, _show_open, cursor=cursor, limit=limit)
            if page.entries or anyio.current_time() >= beat_at:
                await stream(reply)
                beat_at = anyio.current_time() + BEAT_SECONDS
            tail.pass_on(page)
            if page.entries or page.end_cursor != cursor:
                cursor = page.end_cursor
                continue
            # Not every line is written at a change that is told of.
            with anyio.move_on_after(LOOK_SECONDS):
                await change.wait()
        raise Stopping


_MOST_SEEN: Final = 9999
"""So many lines that are not stored yet can be told in pages; what is seen is read once more each time."""

_NUMBER_AND_COUNT: Final = re.compile(r"[0-9]{1,18}\.[0-9]{1,4}")

_Mark: TypeAlias = tuple[int, str, str | None, int | None]


class _Tail:
    """A log as it grows: what is stored, and behind it what is not yet, each line once."""

    def __init__(self, queries: Queries, subject: Subject, *, level: int) -> None:
        self._queries = queries
        self._subject = subject
        self._level = level
        self._stored: frozenset[_Mark] = frozenset()
        self._told: set[_Mark] = set()

    async def look(self, cursor: str | None, limit: int) -> Page[LogLine]:
        """Return the lines at a cursor that were not passed on before they were stored."""
        after, seen = _place(cursor)
        # Taken before the look, and not told twice: meanwhile they may be stored.
        to_come = self._queries.lines_to_come(self._subject, level=self._level)
        page = await self._queries.log_lines(
            self._subject, level=self._level, cursor=after, limit=limit + seen
        )
        self._stored = frozenset(map(_mark, page.entries))
        lines = [line for line in page.entries if _mark(line) not in self._told]
        if page.next_cursor is None:
            known = self._stored | self._told
            lines += [line for line in to_come if _mark(line) not in known]
        shown = tuple(lines[seen : seen + limit])
        if seen + limit < min(len(lines), _MOST_SEEN):
            # What is not stored has no number: it is counted from the last that has one.
            return replace(page, entries=shown, next_cursor=f"{after or 0}.{seen + limit}")
        return replace(page, entries=shown)

    def pass_on(self, page: Page[LogLine]) -> None:
        """Remember what the last look returned as told, as long as it may come again."""
        self._told.difference_update(self._stored)
        self._told.update(mark for mark in map(_mark, page.entries) if mark not in self._stored)


def _place(cursor: str | None) -> tuple[str | None, int]:
    """Return the cursor among what is stored, and how many lines behind it were told already."""
    if cursor is None or _NUMBER_AND_COUNT.fullmatch(cursor) is None:
        return cursor, 0
    after, _, seen = cursor.partition(".")
    return after, int(seen)


def _mark(line: LogLine) -> _Mark:
    """Return what tells a line from others; its facts are not the same any more once they were stored."""
    return (line.at_usec, line.event, line.correlation_id, line.item_id)


def _subject(asked: ListLogLines) -> Subject:
    """Return whose lines are wanted; raise `InvalidParameter` unless it is said exactly once."""
    selectors = {"itemId": asked.item_id, "jobId": asked.job_id, "correlationId": asked.correlation_id}
    given = [name for name, selector in selectors.items() if selector is not None]
    if len(given) != 1:
        raise InvalidParameter(given[-1] if given else "correlationId")
    return Subject(asked.correlation_id, job_id=asked.job_id, item_id=asked.item_id)


def _show(page: Page[LogLine]) -> LogLinesReply:
    return LogLinesReply(lines=tuple(map(views.log_line, page.entries)), next_cursor=page.next_cursor)


def _show_open(page: Page[LogLine]) -> LogLinesReply:
    """Show a page of a list that goes on for ever, so that each says where to go on."""
    return _show(replace(page, next_cursor=page.end_cursor))
