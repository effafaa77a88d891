"""Who developed early waits for earlier claims, and for nothing else."""

from __future__ import annotations

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroomd.services.turnstile import Turnstile

pytestmark = pytest.mark.anyio


async def passed(turnstile: Turnstile, fence: int) -> bool:
    with anyio.move_on_after(0):
        await turnstile.turn(fence)
        return True
    return False


async def test_a_claim_alone_passes_at_once() -> None:
    turnstile = Turnstile()
    turnstile.enter(7)

    assert await passed(turnstile, 7)


async def test_a_claim_waits_while_an_earlier_one_is_inside() -> None:
    turnstile = Turnstile()
    turnstile.enter(1)
    turnstile.enter(2)

    assert not await passed(turnstile, 2)
    assert await passed(turnstile, 1)


async def test_a_claim_passes_once_the_earlier_one_has_left() -> None:
    turnstile = Turnstile()
    turnstile.enter(1)
    turnstile.enter(2)

    turnstile.leave(1)

    assert await passed(turnstile, 2)


async def test_whoever_leaves_twice_or_without_having_entered_harms_nobody() -> None:
    turnstile = Turnstile()
    turnstile.enter(2)

    turnstile.leave(1)
    turnstile.leave(1)

    assert await passed(turnstile, 2)


@given(done=st.permutations(range(6)))
def test_in_whatever_order_claims_are_done_they_pass_in_the_order_of_their_fences(done: list[int]) -> None:
    order: list[int] = []

    async def pass_and_leave(turnstile: Turnstile, fence: int) -> None:
        await turnstile.turn(fence)
        order.append(fence)
        turnstile.leave(fence)

    async def all_pass() -> None:
        turnstile = Turnstile()
        for fence in sorted(done):
            turnstile.enter(fence)
        async with anyio.create_task_group() as group:
            for fence in done:
                group.start_soon(pass_and_leave, turnstile, fence)
                await anyio.lowlevel.checkpoint()

    anyio.run(all_pass)

    assert order == sorted(done)
