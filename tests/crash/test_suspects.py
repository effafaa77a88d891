"""Who is blamed when the daemon dies with a photo in work."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest

from crash.lives import SESSION, Life, life, live_and_die, recover
from darkroom.protocol.types import ItemState
from darkroomd.core.model import Claim, Item, ItemId, JobId
from darkroomd.core.retry import USEC, RetryPolicy

NOW = 1_700_000_000_000_000
PATIENT = RetryPolicy(waits_seconds=(2.0, 10.0), attempts=3)


async def look_and_work(life: Life) -> None:
    await life.look()
    await life.work()


async def nothing(_: Life) -> None:
    return


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("session/Raw", "session/Jpg", "marks"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


def test_photos_that_kill_the_daemon_fail_after_three_times_each_and_hold_up_nobody(folder: Path) -> None:
    for name in ("kills1.NEF", "kills2.NEF", "kills3.NEF", "good.NEF"):
        (folder / "session" / "Raw" / name).write_bytes(b"RAW")

    deaths = 0
    while live_and_die(folder, before=nothing, act=look_and_work, fatal=0, told=folder / "told"):
        deaths += 1
        assert deaths <= 9

    assert deaths == 9
    assert [path.name for path in (folder / "session" / "Jpg").iterdir()] == ["good.jpg"]
    assert anyio.run(failures, folder) == {
        "kills1.NEF": "worker.crashed",
        "kills2.NEF": "worker.crashed",
        "kills3.NEF": "worker.crashed",
        "good.NEF": None,
    }


async def failures(folder: Path) -> dict[str, str | None]:
    async with life(folder, lambda _: None) as alive:
        photos = (await alive.store.known_photos(SESSION)).values()
        return {photo.name: photo.failure.code if photo.failure else None for photo in photos}


@pytest.fixture
async def alive(folder: Path) -> AsyncIterator[Life]:
    async with life(folder, lambda _: None) as alive:
        await alive.arrive("a.NEF")
        yield alive


async def claim(life: Life, seconds: float) -> Claim | None:
    return await life.store.claim(boot="b", now_usec=at(seconds))


async def begin_anew(life: Life, seconds: float) -> Item:
    """Recover as the next daemon does; return the photo's item."""
    await recover(life.store, life.gate, policy=PATIENT, now_usec=lambda: at(seconds))
    return (await life.store.items(JobId(1), states=None, cursor=None, limit=9)).entries[0]


def at(seconds: float) -> int:
    return NOW + round(seconds * USEC)


@pytest.mark.anyio
async def test_a_suspect_sits_out_anew_whenever_the_daemon_begins_anew(alive: Life) -> None:
    await claim(alive, 0)
    waits = [(await begin_anew(alive, seconds)).retry_at_usec for seconds in (1.0, 2.5, 100.0)]

    too_early, in_time = await claim(alive, 101.9), await claim(alive, 102.0)

    assert waits == [at(3.0), at(4.5), at(102.0)]
    assert too_early is None
    assert in_time is not None
    assert (in_time.item.attempt, in_time.item.deaths) == (2, 1)


@pytest.mark.anyio
async def test_each_death_with_a_suspect_in_work_makes_the_next_wait_longer_until_it_is_enough(
    alive: Life,
) -> None:
    await claim(alive, 0)
    first = await begin_anew(alive, 1.0)
    await claim(alive, 3.0)
    second = await begin_anew(alive, 4.0)
    await claim(alive, 14.0)

    third = await begin_anew(alive, 15.0)

    assert (first.retry_at_usec, second.retry_at_usec) == (at(3.0), at(14.0))
    assert (third.state, third.failure and third.failure.code) == (ItemState.FAILED, "worker.crashed")


@pytest.mark.anyio
async def test_a_photo_that_was_replaced_is_no_suspect_any_more(alive: Life) -> None:
    await claim(alive, 0)
    await begin_anew(alive, 1.0)

    await alive.arrive("a.NEF")

    item = await alive.store.item(ItemId(1))
    assert (item.deaths, item.retry_at_usec) == (0, None)
