"""While what somebody asked for waits and may run, nothing else is started, and nobody waits without need."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from darkroom.protocol.types import Failure, JobState, Priority
from darkroomd.core.precedence import PATIENCE, RunningBackground
from studio import SESSIONS, House, open_house

pytestmark = pytest.mark.anyio

RETRIES = Failure(code="raw.truncated", message="Not all there yet.", transient=True, context={})


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as opened:
        yield opened


async def test_an_export_stops_the_background_work_on_its_own_photos_alone(house: House) -> None:
    first, second = await house.arrive("1", "2")
    await house.laboratory.until_in_work("1", "2")

    export = await house.export("2")

    assert export is not None
    assert (await house.store.job(second)).state is JobState.CANCELED
    assert (await house.store.job(first)).state is JobState.RUNNING
    await house.settled(export, JobState.RUNNING)
    await house.laboratory.until_in_work("1", "2")


async def test_while_what_was_asked_for_waits_nothing_else_is_started(house: House) -> None:
    await house.arrive("1", "2", "3", "4")
    await house.find("a", "b", "c", session=SESSIONS[1])
    await house.laboratory.until_in_work("1", "2")
    await house.export("a", "b", "c", session=SESSIONS[1])

    house.laboratory.finish("1", "2", "a", "b")

    await house.laboratory.until(lambda: "c" in house.laboratory.begun)
    await house.laboratory.until(lambda: "3" in house.laboratory.begun)
    assert house.laboratory.begun[:6] == ["1", "2", "a", "b", "c", "3"]


async def hold_session(house: House) -> None:
    house.gate.await_visit([SESSIONS[1]])
    await house.export("a", "b", session=SESSIONS[1])
    house.laboratory.finish("1", "2")


async def pause_job(house: House) -> None:
    await house.export("a", "b", session=SESSIONS[1], paused=True)
    house.laboratory.finish("1", "2")


async def retry_later(house: House) -> None:
    await house.export("a", "b", session=SESSIONS[1])
    house.laboratory.finish("a", "b", failure=RETRIES)
    house.laboratory.finish("1", "2")
    await house.laboratory.until(lambda: {"a", "b"} <= set(house.laboratory.begun))


@pytest.mark.parametrize("stand_in_the_way", [hold_session, pause_job, retry_later])
async def test_what_was_asked_for_but_cannot_run_keeps_nobody_waiting(
    house: House, stand_in_the_way: Callable[[House], Awaitable[None]]
) -> None:
    await house.arrive("1", "2")
    await house.laboratory.until_in_work("1", "2")
    await house.find("a", "b", session=SESSIONS[1])

    await stand_in_the_way(house)
    await house.arrive("3", "4")

    await house.laboratory.until_in_work("3", "4")


async def test_background_photos_of_another_session_are_finished(house: House) -> None:
    await house.arrive("1", "2")
    await house.find("a", session=SESSIONS[1])
    await house.laboratory.until_in_work("1", "2")

    await house.export("a", session=SESSIONS[1])
    await house.scheduler.settle()

    assert house.laboratory.in_work == ["1", "2"]
    house.laboratory.finish("1")
    await house.laboratory.until_in_work("2", "a")


@pytest.mark.parametrize("workers", [1, 2])
async def test_background_photos_make_way_where_that_is_wanted(tmp_path: Path, workers: int) -> None:
    async with open_house(tmp_path, workers=workers, running_background=RunningBackground.STOP) as house:
        background = (await house.arrive("1", "2"))[:workers]
        await house.laboratory.until_in_work(*["1", "2"][:workers])
        await house.find("a", session=SESSIONS[1])

        await house.export("a", session=SESSIONS[1])

        await house.laboratory.until(lambda: "a" in house.laboratory.in_work)
        items = [
            item
            for job in background
            for item in (await house.store.items(job, states=None, cursor=None, limit=9)).entries
        ]
        assert {item.attempt for item in items} <= {0, 1}
        house.laboratory.finish("a", "1", "2")
        for job in background:
            await house.settled(job, JobState.COMPLETED)


async def test_one_export_after_the_other_does_not_keep_the_background_from_its_end(tmp_path: Path) -> None:
    async with open_house(tmp_path, workers=1, running_background=RunningBackground.STOP) as house:
        await house.arrive("1", "2")
        names = [f"a{number}" for number in range(PATIENCE + 1)]
        await house.find(*names, session=SESSIONS[1])
        for name in names[:-1]:
            await house.laboratory.until_in_work("1")
            await house.export(name, session=SESSIONS[1])
            await house.laboratory.until_in_work(name)
            house.laboratory.finish(name)
        await house.laboratory.until_in_work("1")

        last = await house.export(names[-1], session=SESSIONS[1])
        assert last is not None
        # The scheduler has its look at the queue between these.
        for _ in range(9):
            await house.store.job(last)

        assert house.laboratory.in_work == ["1"]
        house.laboratory.finish("1")
        await house.laboratory.until_in_work(names[-1])
        assert house.laboratory.begun.count("1") == PATIENCE + 1
        assert "1" in house.laboratory.published


async def test_a_higher_priority_stops_nothing_where_it_cannot_run(tmp_path: Path) -> None:
    async with open_house(tmp_path, running_background=RunningBackground.STOP) as house:
        await house.arrive("1", "2")
        await house.laboratory.until_in_work("1", "2")
        await house.find("a", session=SESSIONS[1])

        await house.export("a", session=SESSIONS[1], paused=True)
        await house.scheduler.settle()

        assert house.laboratory.in_work == ["1", "2"]
        assert house.laboratory.begun == ["1", "2"]


async def test_a_job_that_is_hurried_makes_others_give_way(tmp_path: Path) -> None:
    async with open_house(tmp_path, workers=1, running_background=RunningBackground.STOP) as house:
        _, second = await house.arrive("1", "2")
        await house.laboratory.until_in_work("1")

        await house.jobs.set_priority([second], Priority.HIGH)

        await house.laboratory.until_in_work("2")


async def test_nobody_makes_way_for_an_archive(tmp_path: Path) -> None:
    async with open_house(tmp_path, workers=1, running_background=RunningBackground.STOP) as house:
        finished = await house.find("a", "b", session=SESSIONS[1])
        house.laboratory.finish("a", "b")
        await house.settled(finished, JobState.COMPLETED)
        await house.arrive("1", "2")
        await house.laboratory.until_in_work("1")

        await house.archive(SESSIONS[1], Priority.HIGH)
        await house.laboratory.until_in_work("1", "a")
        await house.arrive("3")
        house.laboratory.finish("1")

        await house.laboratory.until_in_work("2", "a")
        assert house.laboratory.begun == ["a", "b", "1", "a", "2"]
