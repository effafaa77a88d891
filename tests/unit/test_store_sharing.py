from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import anyio
import pytest
from anyio.lowlevel import checkpoint

from darkroomd.store.sharing import Shared

pytestmark = pytest.mark.anyio


class BrokenWellError(Exception):
    """What a fetch can raise."""


@dataclass
class Well:
    """Answers with the number of the fetch, once it is let; the numbers in `broken` raise."""

    broken: frozenset[int] = frozenset()
    fetches: int = 0
    most_at_once: int = 0
    gates: dict[int, anyio.Event] = field(default_factory=dict)
    _under_way: int = 0

    async def fetch(self) -> int:
        self.fetches += 1
        number = self.fetches
        self._under_way += 1
        self.most_at_once = max(self.most_at_once, self._under_way)
        try:
            await self.gate(number).wait()
            if number in self.broken:
                raise BrokenWellError
            return number
        finally:
            self._under_way -= 1

    def gate(self, number: int) -> anyio.Event:
        return self.gates.setdefault(number, anyio.Event())

    def open(self, *numbers: int) -> None:
        for number in numbers:
            self.gate(number).set()


async def note(into: list[int | None], get: Callable[[], Awaitable[int]]) -> None:
    try:
        into.append(await get())
    except BrokenWellError:
        into.append(None)


async def test_all_who_ask_at_once_share_one_fetch() -> None:
    well, answers = Well(), list[int | None]()
    shared = Shared(well.fetch)
    well.open(1)

    async with anyio.create_task_group() as group:
        for _ in range(50):
            group.start_soon(note, answers, shared.get)

    assert answers == [1] * 50
    assert well.fetches == 1


async def test_nobody_gets_an_answer_whose_fetch_had_begun_when_they_asked() -> None:
    well, early, late = Well(), list[int | None](), list[int | None]()
    shared = Shared(well.fetch)

    async with anyio.create_task_group() as group:
        group.start_soon(note, early, shared.get)
        await anyio.wait_all_tasks_blocked()
        for _ in range(5):
            group.start_soon(note, late, shared.get)
        await anyio.wait_all_tasks_blocked()
        well.open(1, 2)

    assert (early, late) == ([1], [2] * 5)
    assert well.most_at_once == 1


async def test_one_who_asks_after_the_answer_has_it_fetched_again() -> None:
    well = Well()
    shared = Shared(well.fetch)
    well.open(1, 2)

    assert [await shared.get(), await shared.get()] == [1, 2]


async def test_an_error_reaches_whoever_fetched_and_the_others_try_again() -> None:
    well, answers = Well(broken=frozenset({1})), list[int | None]()
    shared = Shared(well.fetch)
    well.open(1, 2)

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(note, answers, shared.get)

    assert answers == [None, 2, 2]
    assert well.fetches == 2


async def test_the_others_get_their_answer_though_whoever_fetched_it_hangs_up() -> None:
    well, answers, scope = Well(), list[int | None](), anyio.CancelScope()
    shared = Shared(well.fetch)

    async def hang_up() -> None:
        with scope:
            await shared.get()

    async with anyio.create_task_group() as group:
        group.start_soon(hang_up)
        await checkpoint()
        for _ in range(3):
            group.start_soon(note, answers, shared.get)
        await anyio.wait_all_tasks_blocked()
        scope.cancel()
        well.open(2)

    assert answers == [2] * 3
    assert well.most_at_once == 1


async def test_whoever_hangs_up_before_their_turn_holds_nobody_up() -> None:
    well, answers, scope = Well(), list[int | None](), anyio.CancelScope()
    shared = Shared(well.fetch)

    async def hang_up() -> None:
        with scope:
            await shared.get()

    async with anyio.create_task_group() as group:
        group.start_soon(note, answers, shared.get)
        await anyio.wait_all_tasks_blocked()
        group.start_soon(hang_up)
        await anyio.wait_all_tasks_blocked()
        group.start_soon(note, answers, shared.get)
        await anyio.wait_all_tasks_blocked()
        scope.cancel()
        await anyio.wait_all_tasks_blocked()
        well.open(1, 2)

    assert answers == [1, 2]
    assert well.most_at_once == 1
