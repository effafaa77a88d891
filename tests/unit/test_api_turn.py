from __future__ import annotations

import anyio
import pytest
from anyio.lowlevel import checkpoint

from darkroomd.api.turn import Turn

pytestmark = pytest.mark.anyio


async def test_there_is_no_answer_until_one_is_kept() -> None:
    assert Turn[int]().answer is None


async def test_whoever_was_to_run_before_the_answer_was_kept_gets_it() -> None:
    turn, found = Turn[int](), list[int | None]()

    async def ask() -> None:
        found.append(turn.answer)

    async with anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(ask)
        turn.keep(1)

    assert found == [1, 1, 1]


async def test_whoever_is_heard_of_later_does_not_get_it() -> None:
    turn, found = Turn[int](), list[int | None]()

    async def ask() -> None:
        found.append(turn.answer)

    async with anyio.create_task_group() as group:
        turn.keep(1)
        for _ in range(3):
            group.start_soon(ask)

    assert found == [None, None, None]


async def test_whoever_gives_way_asks_anew() -> None:
    turn = Turn[int]()
    turn.keep(1)
    kept = turn.answer
    await checkpoint()

    assert (kept, turn.answer) == (1, None)
