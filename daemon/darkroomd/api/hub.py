"""Tells every watcher what happens, each event encoded once."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Protocol

import anyio
import msgspec
from anyio.abc import TaskStatus

from darkroom.protocol.types import Event
from darkroom.wire.messages import encode_parameters
from darkroomd.api import views
from darkroomd.bus import Bus, Subscription
from darkroomd.core.model import Happening, QueueStatus, SessionId, WatchMode
from darkroomd.core.watching import Concern, concern_of

INTAKE_BACKLOG: Final = 1 << 16
"""Between two looks of the hub, which never waits for a watcher. More is a fault of the program."""

WATCHER_BACKLOG: Final = 1000
"""How far a watcher may be behind before it is cut off."""

STOPPING: Final = "stopping"
_EPHEMERAL: Final = frozenset({"progress", "photo.arriving", STOPPING})


class Facts(Protocol):
    """What the hub has to ask to tell of a happening."""

    async def status(self) -> QueueStatus:
        """Return what a status line shows."""
        ...

    def watch_mode(self, session_id: SessionId) -> WatchMode:
        """Return how the session's folder is observed at this moment."""
        ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way to watchers.

    Attributes:
        concern: what it is about.
        event: the protocol's `Event`, encoded.
        sequence: number of the newest event that is not ephemeral, this one included.
        last: nothing comes after it.
    """

    concern: Concern
    event: msgspec.Raw
    sequence: int
    last: bool = False


class Hub:
    """Subscribes once to what happens and passes it on to any number of watchers."""

    def __init__(
        self, bus: Bus[Happening], facts: Facts, *, instance: str, now_usec: Callable[[], int]
    ) -> None:
        self._bus = bus
        self._facts = facts
        self._instance = instance
        self._now_usec = now_usec
        self._watchers = Bus[Delivery]()
        self._watching = 0
        self._sequence = 0
        self._changed = anyio.Event()
        self.stopping = anyio.Event()
        """Set once the last event has been told; nothing is told after that."""

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Pass on what happens until cancelled."""
        with self._bus.subscribe(backlog=INTAKE_BACKLOG) as happenings:
            task_status.started()
            async for happening in happenings:
                await self._tell(happening)

    @contextmanager
    def subscribe(self) -> Generator[Subscription[Delivery], None, None]:
        """Receive all events from now on; the stream lags at more than `WATCHER_BACKLOG`."""
        self._watching += 1
        try:
            with self._watchers.subscribe(backlog=WATCHER_BACKLOG) as deliveries:
                yield deliveries
        finally:
            self._watching -= 1

    @property
    def next_change(self) -> anyio.Event:
        """What is set once something happens from now on, or the daemon stops."""
        return self._changed

    def cursor(self, sequence: int | None = None) -> str:
        """Return the place after an event; by default after the newest."""
        return f"{self._instance}.{self._sequence if sequence is None else sequence}"

    def encode(self, kind: str) -> msgspec.Raw:
        """Return an event that only says its kind and the time."""
        return _encode(Event(kind=kind, at_usec=self._now_usec()))

    def stop(self) -> None:
        """Tell all watchers, after what has happened up to now, that the daemon is stopping."""
        self._bus.publish(Happening(STOPPING, self._now_usec()))

    async def _tell(self, happening: Happening) -> None:
        if self.stopping.is_set():
            return
        last = happening.kind == STOPPING
        if happening.kind not in _EPHEMERAL:
            self._sequence += 1
        if self._watching:
            status = await self._facts.status() if happening.kind == "queue.changed" else None
            event = views.event(happening, watch_mode=self._facts.watch_mode, status=status)
            delivery = Delivery(concern_of(happening), _encode(event), self._sequence, last=last)
            self._watchers.publish(delivery)
        if last:
            self.stopping.set()
        self._note_change()

    def _note_change(self) -> None:
        self._changed.set()
        if not self.stopping.is_set():
            self._changed = anyio.Event()


def _encode(event: Event) -> msgspec.Raw:
    return msgspec.Raw(encode_parameters(event))
