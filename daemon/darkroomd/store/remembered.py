"""What was read of the database and still holds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

import anyio

from darkroomd.store.database import Database
from darkroomd.store.front import Front, Renewal, Revision
from darkroomd.store.sharing import Shared

Result = TypeVar("Result")

KEPT_SECONDS: Final = 5.0
"""Then it is read again although nothing changed: a database that cannot be read has to be noticed."""

QUICK_SECONDS: Final = 0.001
"""Of computing: what takes longer does not hold up changes."""


class Remembered(Generic[Result]):
    """A look at the database that is taken again only once something was changed.

    All who wait for a look that is to come share it. Where somebody asked since the last change, and it is
    quick, it is taken at the end of the next one. `read` returns the same as long as nothing is changed.
    """

    def __init__(
        self,
        front: Front,
        read: Callable[[Database], Result],
        *,
        kept_seconds: float = KEPT_SECONDS,
        quick_seconds: float = QUICK_SECONDS,
    ) -> None:
        self._front = front
        self._read = read
        self._kept_seconds = kept_seconds
        self._quick_seconds = quick_seconds
        self._shared = Shared(self._look)
        self._known: tuple[Revision, float, Result] | None = None
        self._was_asked = False
        self._is_quick = True
        front.follow(self._renewal)

    @property
    def known(self) -> Result | None:
        """What `read` makes of all that anybody may know of at this moment; None: a look is needed."""
        if self._known is None:
            return None
        revision, until, found = self._known
        return found if revision == self._front.revision and anyio.current_time() < until else None

    async def get(self) -> Result:
        """Return `known`, at once, or what a look finds; raises what `Front.read` raises."""
        self._was_asked = True
        known = self.known
        return await self._shared.get() if known is None else known

    async def _look(self) -> Result:
        if (known := self.known) is not None:
            # The look before this one has found it, after all who wait for this one had asked.
            return known
        before = self._front.revision
        found = await self._front.read(self._timed)
        after = self._front.revision
        if before is not None and after in {before, (before[0], before[1] + 1)}:
            # Nothing but this look was read meanwhile, and no change ended: nobody knows more than it does.
            self._keep(found)
        return found

    def _keep(self, found: Result) -> None:
        if (revision := self._front.revision) is not None:
            self._known = revision, anyio.current_time() + self._kept_seconds, found

    def _timed(self, database: Database) -> Result:
        began = time.thread_time()
        found = self._read(database)
        self._is_quick = time.thread_time() - began < self._quick_seconds
        return found

    def _renewal(self) -> Renewal | None:
        is_wanted, self._was_asked = self._was_asked and self._is_quick, False
        return self._look_at if is_wanted else None

    def _look_at(self, database: Database) -> Callable[[], None]:
        found = self._timed(database)
        return lambda: self._keep(found)
