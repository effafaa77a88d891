"""Tells every watcher what happens, each event encoded once."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final, Protocol

import anyio
import msgspec
import structlog
from anyio.abc import TaskStatus

from darkroom.errors import DarkroomError
from darkroom.protocol.types import Event
from darkroom.wire.messages import encode_parameters
from darkroomd.api import views
from darkroomd.api.backlog import Backlog, Delivery
from darkroomd.bus import Bus
from darkroomd.core.model import Happening, SessionId, WatchMode
from darkroomd.core.status import QueueStatus
from darkroomd.core.watching import GoOn, StartOver, concern_of, cursor_after, resume

INTAKE_BACKLOG: Final = 1 << 22
"""Between two looks of the hub, which never waits for a watcher.

One change of a job with a million items tells several facts of each. More is a fault of the program.
"""

WATCHER_EVENTS: Final = 256
WATCHER_BYTES: Final = 1 << 20
"""How far a watcher may be behind before it is cut off."""

STOPPING: Final = "stopping"
_ABOUT_THE_QUEUE: Final = frozenset({"queue.changed", "inhibitor.changed"})


log = structlog.get_logger()


class Facts(Protocol):
    """What the hub has to ask to tell of a happening."""

    async def status(self) -> QueueStatus:
        """Return what a status line shows."""
        ...

    def watch_mode(self, session_id: SessionId) -> WatchMode:
        """Return how the session's folder is observed at this moment."""
        ...

    async def facts_after(self, sequence: int, *, limit: int) -> list[Happening]:
        """Return what happened after the fact with that number, oldest first."""
        ...

    async def facts_span(self) -> tuple[int, int]:
        """Return the numbers of the oldest and the newest fact that is kept; 0 where there is none."""
        ...


class Hub:
    """Subscribes once to what happens and passes it on to any number of watchers.

    Facts that are kept have consecutive numbers and are told in their order; the others, such as progress,
    come with the number of the newest one.
    """

    def __init__(
        self, bus: Bus[Happening], facts: Facts, *, identity: str, now_usec: Callable[[], int]
    ) -> None:
        self._bus = bus
        self._facts = facts
        self._identity = identity
        self._now_usec = now_usec
        self._watchers: set[Backlog] = set()
        self._changed = anyio.Event()
        self.sequence = 0
        """Number of the newest fact that was told."""
        self.stopping = anyio.Event()
        """Set once the last event has been told; nothing is told after that."""

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Pass on what happens until cancelled."""
        with self._bus.subscribe(backlog=INTAKE_BACKLOG) as happenings:
            _, self.sequence = await self._facts.facts_span()
            task_status.started()
            async for happening in happenings:
                await self._tell(happening)

    @contextmanager
    def subscribe(self) -> Generator[Backlog]:
        """Receive all that is told after `sequence`, as it is on entering; it lags if too much waits."""
        backlog = Backlog(most_events=WATCHER_EVENTS, most_bytes=WATCHER_BYTES)
        self._watchers.add(backlog)
        try:
            yield backlog
        finally:
            self._watchers.discard(backlog)

    @property
    def next_change(self) -> anyio.Event:
        """What is set once something happens from now on, or the daemon stops."""
        return self._changed

    def cursor(self, sequence: int) -> str:
        """Return the place after a fact."""
        return cursor_after(sequence, identity=self._identity)

    async def resume(self, cursor: str) -> GoOn | StartOver:
        """Return how a watcher goes on from a cursor; raise `InvalidCursor`."""
        oldest, _ = await self._facts.facts_span()
        return resume(cursor, identity=self._identity, oldest=oldest, newest=self.sequence)

    async def replay(self, after: int, *, limit: int) -> list[Delivery]:
        """Return what was told after a fact, oldest first; what is not kept any more is missing."""
        facts = await self._facts.facts_after(after, limit=limit)
        return [await self._show(fact, fact.sequence or 0) for fact in facts]

    def encode(self, kind: str) -> msgspec.Raw:
        """Return an event that only says its kind and the time."""
        return msgspec.Raw(encode_parameters(Event(kind=kind, at_usec=self._now_usec())))

    def stop(self) -> None:
        """Tell all watchers, after what has happened up to now, that the daemon is stopping."""
        self._bus.publish(Happening(STOPPING, self._now_usec()))

    async def _tell(self, happening: Happening) -> None:
        if self.stopping.is_set():
            return
        sequence = self.sequence if happening.sequence is None else happening.sequence
        if happening.sequence is not None and sequence <= self.sequence:
            # Kept between the beginning of our subscription and the look at what is kept.
            return
        delivery = await self._show(happening, sequence) if self._watchers else None
        # From here on nothing waits: whoever subscribes finds this told either before or after it.
        self.sequence = sequence
        if delivery is not None:
            for backlog in self._watchers:
                backlog.add(delivery)
        if happening.kind == STOPPING:
            self.stopping.set()
        self._note_change()

    async def _status(self) -> QueueStatus | None:
        try:
            return await self._facts.status()
        except DarkroomError as error:
            # The event is told all the same; whoever wants more asks, and gets the error.
            log.warning("status_not_told", code=error.code, message=error.message)
            return None

    async def _show(self, happening: Happening, sequence: int) -> Delivery:
        # What is told of the queue later is how it stands then: the past of it is not kept.
        status = await self._status() if happening.kind in _ABOUT_THE_QUEUE else None
        encoded = encode_parameters(views.event(happening, watch_mode=self._facts.watch_mode, status=status))
        return Delivery(
            concern=concern_of(happening),
            event=msgspec.Raw(encoded),
            size_bytes=len(encoded),
            sequence=sequence,
            last=happening.kind == STOPPING,
        )

    def _note_change(self) -> None:
        self._changed.set()
        if not self.stopping.is_set():
            self._changed = anyio.Event()
