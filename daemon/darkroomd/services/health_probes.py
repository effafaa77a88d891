"""Questions whose answers take their time, asked behind the back of whoever wants to know."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import anyio
from anyio.abc import TaskStatus

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Kept(Generic[Answer]):
    """An answer, and when it came, by the event loop's clock."""

    answer: Answer
    at: float


class Probe(Generic[Answer]):
    """Asks one question at a time, only when somebody wants to know, and keeps the last answer.

    Args:
        ask: returns the answer, however long that takes.
        keep_seconds: how old an answer may be that is given without asking again.
    """

    def __init__(self, ask: Callable[[], Awaitable[Answer]], *, keep_seconds: float) -> None:
        self._ask = ask
        self._keep_seconds = keep_seconds
        self._kept: Kept[Answer] | None = None
        self._wanted = anyio.Event()
        self._answered = anyio.Event()

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Ask whenever somebody wants to know, until cancelled."""
        task_status.started()
        while True:
            await self._wanted.wait()
            self._kept = Kept(await self._ask(), anyio.current_time())
            self._wanted = anyio.Event()
            self._answered.set()
            self._answered = anyio.Event()

    async def newest(self, *, within_seconds: float) -> Kept[Answer] | None:
        """Return an answer that is not too old, else the last one there is; None: there is none yet.

        Where an answer is too old, a new one is waited for as long as this, and comes later if it must.
        """
        kept = self._kept
        if kept is not None and anyio.current_time() - kept.at < self._keep_seconds:
            return kept
        self._wanted.set()
        with anyio.move_on_after(within_seconds):
            await self._answered.wait()
        return self._kept
