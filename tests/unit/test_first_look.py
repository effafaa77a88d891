from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import anyio
import pytest
from trio.testing import MockClock

from darkroom.errors import DARKROOM_INTERFACE
from darkroom.protocol.methods import QUALIFIED_METHODS
from darkroom.protocol.replies import EmptyReply
from darkroomd.api.deferral import ABOUT_FOLDERS, deferred
from darkroomd.api.requests import Request
from darkroomd.services.first_look import FILES_SECONDS, FOLDERS_SECONDS, FirstLook

pytestmark = pytest.mark.anyio

SUMMARY = f"{DARKROOM_INTERFACE}.GetSummary"
PAUSE = f"{DARKROOM_INTERFACE}.PauseQueue"


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "trio", {"clock": MockClock(autojump_threshold=0)}


async def answer(_: Request[Any]) -> EmptyReply:
    return EmptyReply()


async def all_known() -> Sequence[anyio.Event]:
    known = anyio.Event()
    known.set()
    return [known]


async def still_written() -> Sequence[anyio.Event]:
    return [anyio.Event()]


async def silent_share() -> Sequence[anyio.Event]:
    return await anyio.sleep_forever()


@pytest.mark.parametrize(
    ("folders_seen", "seconds"),
    [
        pytest.param(all_known, 0.0, id="all-known"),
        pytest.param(still_written, FILES_SECONDS, id="a-file-is-still-written"),
        pytest.param(silent_share, FOLDERS_SECONDS, id="a-share-never-answers"),
    ],
)
async def test_the_first_look_is_waited_for_and_never_for_long(folders_seen: Any, seconds: float) -> None:
    begun_at = anyio.current_time()
    look = FirstLook(folders_seen)

    await look.run()

    assert look.over.is_set()
    assert anyio.current_time() - begun_at == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("method", "seconds"), [pytest.param(SUMMARY, 3.0, id="state"), pytest.param(PAUSE, 0.0, id="orders")]
)
async def test_what_is_said_of_folders_waits_until_they_were_looked_at(method: str, seconds: float) -> None:
    begun_at, looked = anyio.current_time(), anyio.Event()
    handlers = deferred({method: answer}, until=looked)

    async def look() -> None:
        await anyio.sleep(3.0)
        looked.set()

    async with anyio.create_task_group() as group:
        group.start_soon(look)
        await handlers[method](cast("Request[Any]", None))
        answered_at = anyio.current_time()

    assert answered_at - begun_at == pytest.approx(seconds)


def test_only_methods_there_are_wait_for_folders() -> None:
    assert QUALIFIED_METHODS.keys() >= ABOUT_FOLDERS
