"""A round of checks: all at once, each in bounded time, and none held up by another."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import anyio

from darkroom.errors import DarkroomError
from darkroomd.core.checks.verdict import bad, verdict, worth_a_look
from darkroomd.core.status import Check

PATIENCE_SECONDS: Final = 4.0
"""How long one subject may take: longer than what it waits for by itself."""


@dataclass(frozen=True, slots=True)
class Examination:
    """One subject of the health report.

    Attributes:
        name: of the check that is told instead where the examination cannot be made.
        examine: measures, and returns what is to be said; raises `DarkroomError` where it cannot.
    """

    name: str
    examine: Callable[[], Awaitable[Sequence[Check]]]


class HealthRound:
    """Makes all examinations anew whenever it is called, for one caller at a time."""

    def __init__(self, examinations: Sequence[Examination]) -> None:
        self._examinations = tuple(examinations)
        # However many ask: no more threads and disk than one of them takes.
        self._turn = anyio.Lock()

    async def __call__(self) -> tuple[Check, ...]:
        """Return what the daemon says of itself, in the order of the examinations."""
        found: dict[str, Sequence[Check]] = {}

        async def make(examination: Examination) -> None:
            found[examination.name] = await _made(examination)

        async with self._turn, anyio.create_task_group() as group:
            for examination in self._examinations:
                group.start_soon(make, examination)
        return tuple(check for one in self._examinations for check in found[one.name])


async def _made(examination: Examination) -> Sequence[Check]:
    name = examination.name
    try:
        with anyio.fail_after(PATIENCE_SECONDS):
            return await examination.examine()
    except DarkroomError as error:
        return [verdict(name, [bad(error.message)], otherwise="")]
    except TimeoutError:
        sentence = f"This could not be looked at within {PATIENCE_SECONDS:g} seconds. Ask again later."
        return [verdict(name, [worth_a_look(sentence)], otherwise="")]
    except OSError as error:
        sentence = f"This could not be looked at: {os.strerror(error.errno or 0)}."
        return [verdict(name, [bad(sentence)], otherwise="")]
