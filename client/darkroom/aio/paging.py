"""Lists that are fetched page by page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from darkroom.client.exchange import Entry, further


class Entries(AsyncIterator[Entry]):
    """The entries of all pages, each of which is asked for when the one before was taken.

    Nothing has to be closed where it is left before its end.

    Args:
        ask: returns the entries of a page and the cursor of the next one.
    """

    def __init__(self, ask: Callable[[str | None], Awaitable[tuple[tuple[Entry, ...], str | None]]]) -> None:
        self._ask = ask
        self._page: list[Entry] = []
        self._cursor: str | None = None
        self._is_last = False

    async def __anext__(self) -> Entry:
        """Return the next entry."""
        while not self._page:
            if self._is_last:
                raise StopAsyncIteration
            entries, cursor = await self._ask(self._cursor)
            self._page = list(reversed(entries))
            self._is_last = cursor is None
            if cursor is not None:
                self._cursor = further(cursor, self._cursor)
        return self._page.pop()
