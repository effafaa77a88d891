"""What the daemon has written down: log lines, statistics and figures, the methods of the client."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import NamedTuple

from darkroom.aio.exchange import PAGE_ENTRIES, Exchange
from darkroom.aio.patience import Patience
from darkroom.errors import METRICS_INTERFACE, ConnectionLost, DaemonUnreachable, Stopping
from darkroom.protocol import calls, metrics, replies
from darkroom.protocol.types import LogLine, Statistic


class LogOf(NamedTuple):
    """Whose log lines: of one correlation ID, job or item; give one of them."""

    correlation_id: str | None = None
    job_id: int | None = None
    item_id: int | None = None


class RecordCalls(Exchange):
    """Asks for log lines, statistics and figures."""

    async def get_statistics(
        self, *, from_usec: int | None = None, until_usec: int | None = None, group_by: str | None = None
    ) -> tuple[Statistic, ...]:
        """Return what was done in a time, by interval or name.

        Args:
            from_usec: microseconds since the Unix epoch; None: from the beginning.
            until_usec: the same; None: until now.
            group_by: hour, day, month, preset, camera or session; None: day.
        """
        question = calls.GetStatistics(from_usec=from_usec, until_usec=until_usec, group_by=group_by)
        return (await self._ask(question, replies.StatisticsReply)).statistics

    async def get_metrics(self) -> str:
        """Return the figures of this moment as OpenMetrics text, for monitoring."""
        return (await self._ask(metrics.GetMetrics(), metrics.MetricsReply, interface=METRICS_INTERFACE)).text

    def list_log_lines(
        self,
        *,
        correlation_id: str | None = None,
        job_id: int | None = None,
        item_id: int | None = None,
        minimum_level: str | None = None,
        follow: bool = False,
        patience: float = 30.0,
    ) -> AsyncIterator[LogLine]:
        """Return the log lines of one correlation ID, job or item: give one of the three.

        Args:
            correlation_id: joins what several programs did for one photo.
            job_id: of a job.
            item_id: of an item.
            minimum_level: debug, info, warning, error or critical; None: all.
            follow: go on with new lines as they are written, also after a restart of the daemon.
            patience: seconds to wait for a daemon that went away while it is followed.
        """
        whose = LogOf(correlation_id, job_id, item_id)
        if follow:
            return self._followed(whose, minimum_level=minimum_level, patience=patience)
        return self._recorded(whose, minimum_level=minimum_level)

    def _recorded(self, whose: LogOf, *, minimum_level: str | None) -> AsyncIterator[LogLine]:
        return self._entries(
            lambda cursor: calls.ListLogLines(
                **whose._asdict(), minimum_level=minimum_level, limit=PAGE_ENTRIES, cursor=cursor
            ),
            replies.LogLinesReply,
            lambda page: page.lines,
        )

    async def _followed(
        self, whose: LogOf, *, minimum_level: str | None, patience: float
    ) -> AsyncGenerator[LogLine, None]:
        waiting = Patience(patience)
        cursor: str | None = None
        while True:
            question = calls.ListLogLines(
                **whose._asdict(), minimum_level=minimum_level, follow=True, cursor=cursor
            )
            try:
                # The contract promises no sign of life while nothing is written.
                following = self._follow(question, replies.LogLinesReply, silence_seconds=None)
                async with aclosing(following) as answers:
                    async for page in answers:
                        waiting.renew()
                        # An empty page is a sign of life; after lines without a cursor the place is lost.
                        cursor = page.next_cursor if page.lines else cursor
                        for entry in page.lines:
                            yield entry
            except (ConnectionLost, DaemonUnreachable, Stopping) as error:
                if cursor is None:
                    # Nothing says where to go on: all lines would come again.
                    raise
                await waiting.wait_after(error)
            else:
                return
