"""One answer for all who ask the same at the same time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import anyio
from anyio import lowlevel

Answer = TypeVar("Answer")


class _Round(Generic[Answer]):
    """An answer to come; `answers` stays empty where whoever was to fetch it did not get it."""

    def __init__(self) -> None:
        self.over = anyio.Event()
        self.answers: list[Answer] = []


class Shared(Generic[Answer]):
    """Fetches an answer once for all who wait for it: at most one fetch is under way.

    Nobody gets an answer whose fetch had begun when they asked: it may be of before what they did last.
    """

    def __init__(self, fetch: Callable[[], Awaitable[Answer]]) -> None:
        self._fetch = fetch
        self._present: _Round[Answer] | None = None
        self._next: _Round[Answer] | None = None

    async def get(self) -> Answer:
        """Return the answer; raises what fetching raises."""
        while (coming := self._next) is not None:
            await coming.over.wait()
            if coming.answers:
                return coming.answers[0]
        return await self._lead(_Round())

    async def _lead(self, own: _Round[Answer]) -> Answer:
        self._next = own
        try:
            await lowlevel.checkpoint()
            if self._present is not None:
                await self._present.over.wait()
            self._present, self._next = own, None
            own.answers.append(await self._fetch())
            return own.answers[0]
        finally:
            self._next = None if self._next is own else self._next
            self._present = None if self._present is own else self._present
            own.over.set()
