"""The executor whose options change while its workers run."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio import to_thread

from darkroomd.imaging.messages import Develop, Developed, Refused, Stage
from darkroomd.services.executor import ExecutorOptions, LocalExecutor
from darkroomd.services.worker_process import WorkerSettings
from make import make_develop, make_dng
from running import has_ended

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="watches processes by descriptor"),
]

PATIENCE_SECONDS = 20.0
LESS_TALK = WorkerSettings(log_level="warning")


@asynccontextmanager
async def executor(**options: Any) -> AsyncIterator[LocalExecutor]:
    async with LocalExecutor(ExecutorOptions(**options)) as running:
        yield running


@pytest.fixture
def photos(tmp_path: Path) -> list[Develop]:
    """Two photos, each of which keeps a worker busy for a moment."""
    names = [tmp_path / f"{number}.dng" for number in range(2)]
    for name in names:
        make_dng(name, width=1_600, height=1_000)
    return [
        make_develop(name, part=name.with_suffix(".part"), fence=fence) for fence, name in enumerate(names, 1)
    ]


class Studio:
    """Photos that are being developed; `begun` holds an event for each, set at its first stage."""

    def __init__(self, running: LocalExecutor, photos: list[Develop]) -> None:
        self._running = running
        self._photos = photos
        self.begun = [anyio.Event() for _ in photos]
        self.answers: list[Developed | Refused] = []

    async def develop(self, number: int) -> None:
        def note(_stage: Stage) -> None:
            self.begun[number].set()

        photo = self._photos[number]
        answer = await self._running.develop(photo, deadline_seconds=PATIENCE_SECONDS, on_stage=note)
        self.answers.append(answer)


async def is_gone(pid: int) -> bool:
    return await to_thread.run_sync(partial(has_ended, pid))


async def test_an_idle_worker_is_replaced_when_it_would_be_started_differently(photos: list[Develop]) -> None:
    async with executor() as running:
        studio = Studio(running, photos)
        await studio.develop(0)
        [before] = running.worker_pids

        running.adopt(ExecutorOptions(worker=LESS_TALK))

        assert await is_gone(before)
        await studio.develop(1)
        assert before not in running.worker_pids
    assert [type(answer) for answer in studio.answers] == [Developed, Developed]


async def test_a_running_photo_is_finished_by_the_worker_that_has_it(photos: list[Develop]) -> None:
    async with executor() as running:
        studio = Studio(running, photos)
        with anyio.fail_after(PATIENCE_SECONDS):
            async with anyio.create_task_group() as group:
                group.start_soon(studio.develop, 0)
                await studio.begun[0].wait()
                [before] = running.worker_pids
                running.adopt(ExecutorOptions(worker=LESS_TALK))

        assert isinstance(studio.answers[0], Developed)
        assert await is_gone(before)


async def test_a_worker_that_is_idle_ends_by_the_new_time(photos: list[Develop]) -> None:
    async with executor(idle_seconds=3_600.0) as running:
        await Studio(running, photos).develop(0)
        [worker] = running.worker_pids

        running.adopt(ExecutorOptions(idle_seconds=0.0))

        assert await is_gone(worker)


async def test_one_more_worker_begins_at_once_with_what_waits(photos: list[Develop]) -> None:
    async with executor() as running:
        studio = Studio(running, photos)
        with anyio.fail_after(PATIENCE_SECONDS):
            async with anyio.create_task_group() as group:
                group.start_soon(studio.develop, 0)
                await studio.begun[0].wait()
                group.start_soon(studio.develop, 1)
                running.adopt(ExecutorOptions(workers=2))
                await studio.begun[1].wait()
                workers = running.worker_pids

    assert len(workers) == 2
    assert [type(answer) for answer in studio.answers] == [Developed, Developed]


async def test_a_worker_too_many_goes_once_its_photo_is_done(photos: list[Develop]) -> None:
    async with executor(workers=2) as running:
        studio = Studio(running, photos)
        with anyio.fail_after(PATIENCE_SECONDS):
            async with anyio.create_task_group() as group:
                group.start_soon(studio.develop, 0)
                group.start_soon(studio.develop, 1)
                await studio.begun[0].wait()
                await studio.begun[1].wait()
                before = running.worker_pids
                running.adopt(ExecutorOptions(workers=1))

        await studio.develop(0)
        assert len(running.worker_pids) == 1
        [spare] = set(before) - set(running.worker_pids)
        assert await is_gone(spare)
    assert [type(answer) for answer in studio.answers] == [Developed] * 3
