"""Answers that are found once for all calls of one turn of the event loop."""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Turn(Generic[Answer]):
    """Keeps an answer for all whose calls had come when it was found, and for nobody else.

    The loop runs in order what is to be run, and whoever was heard of before the answer was kept comes before
    it is forgotten. An answer of before what a caller did last would be no answer: between two calls of one
    connection the loop has to have its turn.
    """

    def __init__(self) -> None:
        self.answer: Answer | None = None
        """The one to give now; None: it has to be found."""

    def keep(self, answer: Answer) -> None:
        """Give this answer, true at this moment, until the loop comes to what it hears of from now on."""
        self.answer = answer
        asyncio.get_running_loop().call_soon(self._forget)

    def _forget(self) -> None:
        self.answer = None
