"""What was read of the database and still holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from darkroomd.store.database import Database
from darkroomd.store.front import Front, Renewal
from darkroomd.store.sharing import Shared

Result = TypeVar("Result")


class Remembered(Generic[Result]):
    """A look at the database that is taken again only once something was changed.

    All who ask while it is taken share it. Where somebody asked since the last change, it is taken at the end
    of the next one. `read` returns the same as long as nothing is changed.
    """

    def __init__(self, front: Front, read: Callable[[Database], Result]) -> None:
        self._front = front
        self._read = read
        self._shared = Shared(self._look)
        self._known: tuple[int, Result] | None = None
        self._was_asked = False
        front.follow(self._renewal)

    @property
    def known(self) -> Result | None:
        """What `read` makes of all that is committed at this moment; None: a look is needed."""
        self._was_asked = True
        if self._known is None or self._known[0] != self._front.revision:
            return None
        return self._known[1]

    async def get(self) -> Result:
        """Return what `read` makes of all that is committed; raises what `Front.read` raises."""
        known = self.known
        return await self._shared.get() if known is None else known

    async def _look(self) -> Result:
        before = self._front.revision
        found = await self._front.read(self._read)
        # What is committed during the look may be in it or not.
        if before is not None and before == self._front.revision:
            self._known = before, found
        return found

    def _renewal(self) -> Renewal | None:
        was_asked, self._was_asked = self._was_asked, False
        return self._look_at if was_asked else None

    def _look_at(self, database: Database) -> Callable[[], None]:
        found = self._read(database)

        def learn() -> None:
            if (revision := self._front.revision) is not None:
                self._known = revision, found

        return learn
