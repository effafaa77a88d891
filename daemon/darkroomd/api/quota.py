"""How many of something one user may have at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager

from darkroom.errors import LimitReached


class Quota:
    """Counts by user; `name` says of what, in the plural."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._taken = Counter[int]()

    @contextmanager
    def take(self, uid: int, *, maximum: int) -> Generator[None, None, None]:
        """Count one for as long as the context lasts; raise `LimitReached` if there are too many."""
        if self._taken[uid] >= maximum:
            raise LimitReached(self._name, maximum)
        self._taken[uid] += 1
        try:
            yield
        finally:
            self._taken[uid] -= 1
            if not self._taken[uid]:
                del self._taken[uid]
