"""How often something that changes quickly is told. Times are seconds on one monotonic clock."""

from __future__ import annotations

from typing import Generic, TypeVar

Value = TypeVar("Value")


class Pace(Generic[Value]):
    """Holds back values so that they go out at most every `interval` seconds, only the newest of each key.

    An interval of 0 lets nothing through.
    """

    def __init__(self, *, interval: float) -> None:
        self._interval = interval
        self._held: dict[int, Value] = {}
        self._free_at = float("-inf")

    def hold(self, key: int, value: Value) -> None:
        """Take in a value; it replaces the one that is held under the same key."""
        if self._interval > 0:
            # Out and in again: values go out in the order in which the newest ones came.
            self._held.pop(key, None)
            self._held[key] = value

    def drop(self, key: int) -> None:
        """Forget what is held under a key."""
        self._held.pop(key, None)

    def due_at(self) -> float:
        """Return when something may go out; infinity while nothing is held."""
        return self._free_at if self._held else float("inf")

    def take_due(self, now: float) -> list[Value]:
        """Return what may go out now, and begin the next interval if there is anything."""
        if now < self.due_at():
            return []
        due = list(self._held.values())
        self._held.clear()
        self._free_at = now + self._interval
        return due
