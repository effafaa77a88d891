"""Where everything stands, and how the daemon is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

import anyio

from darkroom.errors import DARKROOM_INTERFACE, InvalidParameter, Stopping
from darkroom.protocol.calls import GetHealth, GetSummary, Reload
from darkroom.protocol.replies import HealthReply, ReloadReply, SummaryReply
from darkroom.protocol.types import Summary
from darkroomd.api import views
from darkroomd.api.hub import Hub
from darkroomd.api.requests import Handlers, Request, Stream
from darkroomd.api.turn import Turn
from darkroomd.core.reloading import Reloaded
from darkroomd.services.queries import Queries

USEC: Final = 1_000_000
DEFAULT_INTERVAL_USEC: Final = 500_000
BEAT_SECONDS: Final = 20.0
"""The longest silence of a stream; a peer that is gone is noticed at the next reply."""


OnReload: TypeAlias = Callable[[], Awaitable[Reloaded]]
"""Has the configuration read again; raises `InvalidConfiguration`, `Stopping`, `TimedOut`."""


class DaemonHandlers:
    """Answers about the daemon as a whole."""

    def __init__(self, queries: Queries, hub: Hub, *, reload: OnReload) -> None:
        self._queries = queries
        self._reload = reload
        self._hub = hub
        self._summary = Turn[Summary]()

    def table(self) -> Handlers:
        """Return the handlers by qualified method."""
        return {
            f"{DARKROOM_INTERFACE}.GetSummary": self.get_summary,
            f"{DARKROOM_INTERFACE}.GetHealth": self.get_health,
            f"{DARKROOM_INTERFACE}.Reload": self.reload,
        }

    async def get_summary(self, request: Request[GetSummary]) -> SummaryReply:
        """Return what a status line shows; with `stream` again upon each change, until `Stopping`."""
        interval = interval_seconds(request.parameters.interval_usec, parameter="intervalUsec")
        if request.stream is not None:
            await self._send_summaries(request.stream, interval=interval)
        return SummaryReply(summary=await self._find_summary())

    async def get_health(self, _: Request[GetHealth]) -> HealthReply:
        """Return how the daemon is."""
        health = await self._queries.health()
        return HealthReply(
            ok=health.ok,
            version=health.version,
            pid=health.pid,
            instance=health.instance,
            started_at_usec=health.started_at_usec,
            checks=tuple(map(views.check, health.checks)),
        )

    async def reload(self, _: Request[Reload]) -> ReloadReply:
        """Have the configuration read again; raise `InvalidConfiguration`, `Stopping`, `TimedOut`."""
        reloaded = await self._reload()
        return ReloadReply(changed=reloaded.changed, warnings=reloaded.warnings)

    async def _find_summary(self) -> Summary:
        if (summary := self._summary.answer) is not None:
            return summary
        totals = await self._queries.totals()
        # Where it had to be waited for, the first who did has put it into words for all.
        if (summary := self._summary.answer) is not None:
            return summary
        summary = views.summary(self._queries.status_of(totals))
        # What was read beside a change is true for whoever asked before it, and for nobody else.
        if self._queries.are_current(totals):
            self._summary.keep(summary)
        return summary

    async def _send_summaries(self, stream: Stream, *, interval: float) -> None:
        """Send the summary now, when it changes, and at each beat; raise `Stopping` at the end."""
        sent: Summary | None = None
        beat_at = anyio.current_time()
        while not self._hub.stopping.is_set():
            # Taken before the look, so that no change falls between the two.
            change = self._hub.next_change
            summary = views.summary(await self._queries.status())
            if summary != sent or anyio.current_time() >= beat_at:
                await stream(SummaryReply(summary=summary))
                sent, beat_at = summary, anyio.current_time() + BEAT_SECONDS
            with anyio.move_on_after(min(interval, BEAT_SECONDS)):
                await self._hub.stopping.wait()
            with anyio.CancelScope(deadline=beat_at):
                await change.wait()
        raise Stopping


def interval_seconds(usec: int | None, *, parameter: str) -> float:
    """Return the time between two replies; raise `InvalidParameter` where it is negative."""
    if usec is not None and usec < 0:
        raise InvalidParameter(parameter)
    return (DEFAULT_INTERVAL_USEC if usec is None else usec) / USEC
