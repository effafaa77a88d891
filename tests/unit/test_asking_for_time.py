from __future__ import annotations

from itertools import pairwise

import anyio
import pytest
from trio.testing import MockClock

from darkroomd.services.heartbeat import EXTENSION_SECONDS, LONGEST_START_SECONDS, ask_for_time

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "trio", {"clock": MockClock(autojump_threshold=0)}


async def test_a_long_start_is_waited_for_an_hour_without_a_gap() -> None:
    asked: list[float] = []

    await ask_for_time(lambda _: asked.append(anyio.current_time()), anyio.CancelScope())

    assert all(later - earlier < EXTENSION_SECONDS for earlier, later in pairwise(asked))
    assert anyio.current_time() - asked[0] == LONGEST_START_SECONDS


async def test_a_daemon_that_is_ready_asks_for_no_more_time() -> None:
    starting, asked = anyio.CancelScope(), list[float]()

    async with anyio.create_task_group() as group:
        group.start_soon(ask_for_time, asked.append, starting)
        await anyio.sleep(0.5)
        starting.cancel()

    assert asked == [EXTENSION_SECONDS]
