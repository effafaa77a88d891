from __future__ import annotations

import msgspec
import pytest

from darkroomd.api.backlog import Backlog, Delivery
from darkroomd.bus import Lagged
from darkroomd.core.watching import Concern

pytestmark = pytest.mark.anyio


def delivery(number: int, *, size_bytes: int = 1) -> Delivery:
    return Delivery(Concern("x", None, None), msgspec.Raw(b"{}"), size_bytes=size_bytes, sequence=number)


async def numbers(backlog: Backlog, count: int) -> list[int]:
    """Return the `count` deliveries before the watcher is cut off."""
    taken = [(await backlog.take()).sequence for _ in range(count)]
    with pytest.raises(Lagged):
        await backlog.take()
    return taken


async def test_what_came_in_goes_out_in_its_order() -> None:
    backlog = Backlog(most_events=2, most_bytes=100)
    backlog.add(delivery(1))
    backlog.add(delivery(2))

    assert [(await backlog.take()).sequence for _ in range(2)] == [1, 2]


async def test_one_event_too_many_cuts_off_and_nothing_after_it_is_taken_in() -> None:
    backlog = Backlog(most_events=2, most_bytes=100)
    for number in range(4):
        backlog.add(delivery(number))
    first = await backlog.take()
    backlog.add(delivery(9))

    assert [first.sequence, *await numbers(backlog, 1)] == [0, 1]


async def test_one_byte_too_many_cuts_off() -> None:
    backlog = Backlog(most_events=100, most_bytes=10)
    backlog.add(delivery(1, size_bytes=6))
    backlog.add(delivery(2, size_bytes=5))

    assert await numbers(backlog, 1) == [1]


async def test_what_was_taken_makes_room() -> None:
    backlog = Backlog(most_events=1, most_bytes=5)

    for number in range(3):
        backlog.add(delivery(number, size_bytes=5))
        assert (await backlog.take()).sequence == number


async def test_an_event_larger_than_the_bound_gets_through_alone() -> None:
    backlog = Backlog(most_events=2, most_bytes=5)
    backlog.add(delivery(1, size_bytes=50))

    assert (await backlog.take()).sequence == 1
