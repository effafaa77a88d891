"""Events, as they happened and as they happen."""

from __future__ import annotations

from typing import Final

import anyio
import msgspec
from anyio import lowlevel

from darkroom.errors import DARKROOM_INTERFACE, ConsumerTooSlow
from darkroom.protocol.calls import Watch
from darkroom.protocol.types import Payload
from darkroomd.api.backlog import Backlog, Delivery
from darkroomd.api.handlers.daemon import BEAT_SECONDS, interval_seconds
from darkroomd.api.hub import STOPPING, Hub
from darkroomd.api.requests import Handlers, Request, Stream
from darkroomd.bus import Lagged
from darkroomd.core.pacing import Pace
from darkroomd.core.watching import GoOn, WatchFilter

PROGRESS: Final = "progress"
REPLAY_PAGE: Final = 100
_ENDS_OF_A_JOB: Final = frozenset({"job.completed", "job.failed", "job.canceled", "job.removed"})
_NEWS_OF_A_JOB: Final = _ENDS_OF_A_JOB | {"job.updated"}


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
        """Send events until the daemon stops.

        Raises:
            InvalidCursor: see `core.watching.resume`.
            ConsumerTooSlow: the peer fell behind.
        """
        asked = request.parameters
        interval = interval_seconds(asked.progress_interval_usec, parameter="progressIntervalUsec")
        assert request.stream is not None
        start = None if asked.cursor is None else await self._hub.resume(asked.cursor)
        watcher = _Watcher(self._hub, request.stream, _chosen(asked), Pace(interval=interval))
        if isinstance(start, GoOn):
            await watcher.go_on(after=start.after)
        else:
            await watcher.start(over=start is not None)
        return watcher.farewell()


class _Watcher:
    """One client's stream of events; `_sequence` is the newest fact it needs to hear no more of."""

    def __init__(self, hub: Hub, stream: Stream, chosen: WatchFilter, pace: Pace[Delivery]) -> None:
        self._hub = hub
        self._stream = stream
        self._chosen = chosen
        self._pace = pace
        self._sequence = hub.sequence
        self._beat_at = anyio.current_time() + BEAT_SECONDS

    async def start(self, *, over: bool) -> None:
        """Tell what happens from now on, until the daemon stops; `over`: what was before is lost."""
        with self._hub.subscribe() as backlog:
            self._sequence = self._hub.sequence
            if over:
                await self._send(self._hub.encode("reset"))
            await self._follow(backlog)

    async def go_on(self, *, after: int) -> None:
        """Tell what happened after a fact, then what happens, until the daemon stops."""
        self._sequence = after
        # Most of it before anything is collected for us, which a long replay would leave no room for.
        while self._sequence + REPLAY_PAGE < self._hub.sequence:
            await self._replay(REPLAY_PAGE)
        with self._hub.subscribe() as backlog:
            # Exactly what was told before: the backlog has what comes after.
            upto = self._hub.sequence
            while self._sequence < upto:
                await self._replay(min(REPLAY_PAGE, upto - self._sequence))
            await self._follow(backlog)

    def farewell(self) -> Payload:
        """Return the last reply."""
        return EncodedWatchReply(event=self._hub.encode(STOPPING), cursor=self._cursor())

    async def _replay(self, limit: int) -> None:
        page = await self._hub.replay(self._sequence, limit=limit)
        if not page or page[0].sequence != self._sequence + 1:
            # Forgotten while this watcher was on its way to it.
            raise ConsumerTooSlow(self._cursor())
        for delivery in page:
            await lowlevel.checkpoint()
            await self._sort(delivery)

    async def _follow(self, backlog: Backlog) -> None:
        await self._send(self._hub.encode("ready"))
        stopped = self._hub.stopping.is_set()
        while not stopped:
            delivery = await self._next(backlog)
            stopped = delivery is not None and delivery.last
            await self._pass_on(None if stopped else delivery)

    async def _next(self, backlog: Backlog) -> Delivery | None:
        """Return the next event, or None when it is time for progress or a sign of life."""
        try:
            with anyio.CancelScope(deadline=min(self._pace.due_at(), self._beat_at)):
                return await backlog.take()
        except Lagged:
            raise ConsumerTooSlow(self._cursor()) from None
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
        self._sequence = delivery.sequence
        if concern.kind in _ENDS_OF_A_JOB and concern.job_id is not None:
            self._pace.drop(concern.job_id)
        if not self._chosen.admits(concern):
            return
        if concern.kind == PROGRESS:
            self._pace.hold(concern.job_id or 0, delivery)
        else:
            if concern.kind in _NEWS_OF_A_JOB and concern.job_id is not None:
                # What is held back is older: told after this, the job would seem to go back.
                self._pace.drop(concern.job_id)
            await self._send(delivery.event)

    async def _send(self, event: msgspec.Raw) -> None:
        await self._stream(EncodedWatchReply(event=event, cursor=self._cursor()))
        self._beat_at = anyio.current_time() + BEAT_SECONDS

    def _cursor(self) -> str:
        return self._hub.cursor(self._sequence)


def _chosen(asked: Watch) -> WatchFilter:
    return WatchFilter(
        kinds=None if asked.kinds is None else frozenset(asked.kinds),
        job_ids=None if asked.job_ids is None else frozenset(asked.job_ids),
        session_ids=None if asked.session_ids is None else frozenset(asked.session_ids),
    )
