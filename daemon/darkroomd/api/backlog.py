"""What one watcher has not been sent yet: bounded, so that nobody who reads slowly costs much."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import anyio
import msgspec
from anyio import lowlevel

from darkroomd.bus import Lagged
from darkroomd.core.watching import Concern


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way to watchers.

    Attributes:
        concern: what it is about.
        event: the protocol's `Event`, encoded.
        size_bytes: of the encoded event.
        sequence: number of the newest fact that is kept, this one included.
        last: nothing comes after it.
    """

    concern: Concern
    event: msgspec.Raw
    size_bytes: int
    sequence: int
    last: bool = False


class Backlog:
    """Deliveries in their order; one too many cuts the watcher off."""

    def __init__(self, *, most_events: int, most_bytes: int) -> None:
        self._most_events = most_events
        self._most_bytes = most_bytes
        self._bytes = 0
        self._waiting = deque[Delivery]()
        self._changed = anyio.Event()
        self._is_cut_off = False

    def add(self, delivery: Delivery) -> None:
        """Take in a delivery. Never waits: what does not fit is lost, and all that comes after it."""
        full = len(self._waiting) >= self._most_events or self._bytes + delivery.size_bytes > self._most_bytes
        # An event that is larger than the bound has to get through alone.
        self._is_cut_off = self._is_cut_off or (full and bool(self._waiting))
        if not self._is_cut_off:
            self._waiting.append(delivery)
            self._bytes += delivery.size_bytes
        self._changed.set()

    async def take(self) -> Delivery:
        """Return the next delivery; raise `Lagged` once there is none before the first that was lost."""
        await lowlevel.checkpoint()
        while not self._waiting:
            if self._is_cut_off:
                raise Lagged
            self._changed = anyio.Event()
            await self._changed.wait()
        delivery = self._waiting.popleft()
        self._bytes -= delivery.size_bytes
        return delivery
