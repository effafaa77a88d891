"""A folder is attended to by one at a time, and whoever lets it go waits until that is over."""

from __future__ import annotations

from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from darkroomd.services.attendance import Attendance

pytestmark = pytest.mark.anyio

FOLDER = Path("/s")
PATIENCE_SECONDS = 5


async def test_whoever_stops_a_look_goes_on_once_it_has_ended() -> None:
    attendance, ended = Attendance(), list[Path]()

    async def attend(scope: anyio.CancelScope) -> None:
        with scope:
            await anyio.sleep_forever()
        await anyio.lowlevel.checkpoint()
        ended.append(FOLDER)
        attendance.end(FOLDER, scope)

    with anyio.fail_after(PATIENCE_SECONDS):
        async with anyio.create_task_group() as group:
            group.start_soon(attend, attendance.begin(FOLDER))
            await attendance.stop(FOLDER)

    assert ended == [FOLDER]
    assert FOLDER not in attendance


async def test_the_end_of_an_earlier_look_leaves_the_one_that_has_begun_since() -> None:
    attendance = Attendance()
    earlier = attendance.begin(FOLDER)
    attendance.begin(FOLDER)

    attendance.end(FOLDER, earlier)

    assert FOLDER in attendance


async def test_where_nobody_looks_there_is_nothing_to_wait_for() -> None:
    attendance = Attendance()

    with anyio.fail_after(PATIENCE_SECONDS):
        await attendance.stop(FOLDER)

    assert FOLDER not in attendance
