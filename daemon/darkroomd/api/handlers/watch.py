"""Events, as they happen."""

from __future__ import annotations

from typing import Final

import anyio
import msgspec

from darkroom.errors import DARKROOM_INTERFACE, ConsumerTooSlow
from darkroom.protocol.calls import Watch
from darkroom.protocol.types import Payload
from darkroomd.api.handlers.daemon import BEAT_SECONDS, interval_seconds
from darkroomd.api.hub import Delivery, Hub
from darkroomd.api.requests import Handlers, Request, Stream
from darkroomd.bus import Lagged, Subscription
from darkroomd.core.pacing import Pace
from darkroomd.core.watching import WatchFilter

PROGRESS: Final = "progress"
_ENDS_OF_A_JOB: Final = frozenset({"job.completed", "job.failed", "job.canceled", "job.removed"})


class EncodedWatchReply(Payload, frozen=True, kw_only=True):
    """A `WatchReply` whose event was encoded once for all watchers."""

    event: msgspec.Raw
    cursor: str


class WatchHandlers:
    """Tells watchers what happens."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def table(self) -> Handlers:
        """Return the handlers by qualified method."""
        return {f"{DARKROOM_INTERFACE}.Watch": self.watch}

    async def watch(self, request: Request[Watch]) -> Payload:
        """Send events until the daemon stops; raise `ConsumerTooSlow` if the peer falls behind."""
        asked = request.parameters
        interval = interval_seconds(asked.progress_interval_usec, parameter="progressIntervalUsec")
        assert request.stream is not None
        watcher = _Watcher(self._hub, request.stream, _chosen(asked), Pace(interval=interval))
        return await watcher.run(resumes=asked.cursor is not None)


class _Watcher:
    """One client's stream of events."""

    def __init__(self, hub: Hub, stream: Stream, chosen: WatchFilter, pace: Pace[Delivery]) -> None:
        self._hub = hub
        self._stream = stream
        self._chosen = chosen
        self._pace = pace
        self._cursor = hub.cursor()
        self._beat_at = anyio.current_time() + BEAT_SECONDS

    async def run(self, *, resumes: bool) -> Payload:
        with self._hub.subscribe() as deliveries:
            self._cursor = self._hub.cursor()
            if resumes:
                # Nothing is kept of what happened before, so every cursor is too old.
                await self._send(self._hub.encode("reset"))
            await self._send(self._hub.encode("ready"))
            stopped = self._hub.stopping.is_set()
            while not stopped:
                delivery = await self._next(deliveries)
                stopped = delivery is not None and delivery.last
                await self._pass_on(None if stopped else delivery)
        return EncodedWatchReply(event=self._hub.encode("stopping"), cursor=self._cursor)

    async def _next(self, deliveries: Subscription[Delivery]) -> Delivery | None:
        """Return the next event, or None when it is time for progress or a sign of life."""
        try:
            with anyio.CancelScope(deadline=min(self._pace.due_at(), self._beat_at)):
                return await deliveries.__anext__()
        except Lagged:
            raise ConsumerTooSlow(self._cursor) from None
        return None

    async def _pass_on(self, delivery: Delivery | None) -> None:
        if delivery is not None:
            await self._sort(delivery)
        for progress in self._pace.take_due(anyio.current_time()):
            await self._send(progress.event)
        if anyio.current_time() >= self._beat_at:
            await self._send(self._hub.encode("keepalive"))

    async def _sort(self, delivery: Delivery) -> None:
        """Send an event now, hold it back or leave it out."""
        concern = delivery.concern
        self._cursor = self._hub.cursor(delivery.sequence)
        if concern.kind in _ENDS_OF_A_JOB and concern.job_id is not None:
            self._pace.drop(concern.job_id)
        if not self._chosen.admits(concern):
            return
        if concern.kind == PROGRESS:
            self._pace.hold(concern.job_id or 0, delivery)
        else:
            await self._send(delivery.event)

    async def _send(self, event: msgspec.Raw) -> None:
        await self._stream(EncodedWatchReply(event=event, cursor=self._cursor))
        self._beat_at = anyio.current_time() + BEAT_SECONDS


def _chosen(asked: Watch) -> WatchFilter:
    return WatchFilter(
        kinds=None if asked.kinds is None else frozenset(asked.kinds),
        job_ids=None if asked.job_ids is None else frozenset(asked.job_ids),
        session_ids=None if asked.session_ids is None else frozenset(asked.session_ids),
    )
