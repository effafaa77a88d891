"""What the watchdog is told of a real scheduler: at rest, at work, and where it hangs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from anyio.lowlevel import checkpoint

from darkroomd.core.gate import Pause
from darkroomd.core.model import JobKind
from darkroomd.core.pulse import Standing, Standstill, standstill
from darkroomd.store.store import open_store
from standing import NOW
from studio import PATIENCE_SECONDS, SESSIONS, House, arrival_in, open_house

pytestmark = pytest.mark.anyio


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


async def at_rest(house: House) -> Standing:
    """Return how the work stands once the scheduler's turn is over."""
    with anyio.fail_after(PATIENCE_SECONDS):
        while (standing := house.scheduler.standing()).turn_since is not None:
            await checkpoint()
    return standing


async def in_turn(house: House) -> Standing:
    """Return how the work stands once the scheduler is in the middle of a turn."""
    with anyio.fail_after(PATIENCE_SECONDS):
        while (standing := house.scheduler.standing()).turn_since is None:
            await checkpoint()
    return standing


def found_later(standing: Standing, *, seconds: float) -> Standstill | None:
    return standstill(standing, patience_seconds=10, now=anyio.current_time() + seconds)


async def queue_unheard(tmp_path: Path, name: str) -> None:
    """Queue a photo as a store does whose scheduler is not told of it."""
    async with open_store(tmp_path / "queue.db", lambda _: None) as other:
        arrival = arrival_in(SESSIONS[0], name)
        await other.arrive(arrival, kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW)


async def test_a_queue_without_work_stands_still_for_a_reason(house: House) -> None:
    standing = await at_rest(house)

    left = await house.scheduler.has_left_work()

    assert not left
    assert found_later(standing, seconds=1e6) is None


async def test_a_photo_in_work_is_heard_of_until_it_is_done(house: House) -> None:
    await house.arrive("1")
    await house.laboratory.until_in_work("1")

    standing = await at_rest(house)

    assert len(standing.heard_at) == 1
    assert found_later(standing, seconds=500) is None
    assert found_later(standing, seconds=700) is Standstill.WORK


async def test_a_turn_that_hangs_is_found_though_nobody_is_at_work(house: House) -> None:
    await at_rest(house)

    async with house.scheduler._choosing:
        house.scheduler.wake()
        standing = await in_turn(house)

    assert found_later(standing, seconds=9) is None
    assert found_later(standing, seconds=11) is Standstill.TURN


async def test_a_turn_waits_for_a_request_and_then_has_all_of_its_time(house: House) -> None:
    await at_rest(house)

    async with house.scheduler.aside(()):
        house.scheduler.wake()
        kept = await in_turn(house)
    after = house.scheduler.standing()

    assert kept.turn_since is not None
    assert after.turn_since is not None
    assert kept.turn_since < after.turn_since
    assert found_later(kept, seconds=500) is None
    assert found_later(kept, seconds=700) is Standstill.REQUEST


async def test_work_that_the_scheduler_was_not_woken_for_is_found(house: House, tmp_path: Path) -> None:
    await at_rest(house)

    await queue_unheard(tmp_path, "1")

    assert await house.scheduler.has_left_work()


async def test_work_that_waits_for_a_reason_is_not_left(house: House, tmp_path: Path) -> None:
    await house.gate.set_pause(Pause(reason="Lunch."))
    await at_rest(house)

    await queue_unheard(tmp_path, "1")

    assert not await house.scheduler.has_left_work()


async def test_nothing_is_left_of_a_queue_that_is_being_worked_on(house: House, tmp_path: Path) -> None:
    await house.arrive("1")
    await house.laboratory.until_in_work("1")
    await at_rest(house)

    await queue_unheard(tmp_path, "2")

    assert not await house.scheduler.has_left_work()
