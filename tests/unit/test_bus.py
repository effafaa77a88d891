from __future__ import annotations

import pytest

from darkroomd.bus import Bus, Lagged

pytestmark = pytest.mark.anyio


async def test_every_subscriber_hears_every_fact_in_order() -> None:
    bus = Bus[int]()
    with bus.subscribe(backlog=4) as first, bus.subscribe(backlog=4) as second:
        for number in range(3):
            bus.publish(number)

        heard = [[await anext(one) for _ in range(3)] for one in (first, second)]

    assert heard == [[0, 1, 2], [0, 1, 2]]


async def test_a_subscriber_that_does_not_keep_up_is_cut_off_after_what_it_has() -> None:
    bus = Bus[int]()
    with bus.subscribe(backlog=2) as slow, bus.subscribe(backlog=9) as quick:
        for number in range(4):
            bus.publish(number)

        assert [await anext(slow), await anext(slow)] == [0, 1]
        with pytest.raises(Lagged):
            await anext(slow)
        assert [quick.take_nowait() for _ in range(5)] == [0, 1, 2, 3, None]


async def test_nobody_needs_to_listen() -> None:
    bus = Bus[int]()

    bus.publish(1)

    with bus.subscribe(backlog=1) as late:
        assert late.take_nowait() is None
