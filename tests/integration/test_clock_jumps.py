"""What waits goes on, however the clock on the wall is set."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from darkroom.protocol.types import Failure
from darkroomd.core.gate import Pause
from darkroomd.core.model import JobKind, SessionId
from darkroomd.core.retry import Hold, SessionHold
from darkroomd.services.gatekeeper import Gatekeeper, Schedule
from darkroomd.store.history import History
from darkroomd.store.store import Store, open_store
from make import make_arrival

pytestmark = pytest.mark.anyio

NOW = 1_700_000_000_000_000
SECOND = 1_000_000
HOUR = 3600 * SECOND
SESSION = SessionId("s")


@dataclass
class Clocks:
    """One clock that people set, and one that nobody can."""

    wall_usec: int = NOW
    monotonic: float = 100.0


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "queue.db", lambda _: None) as store:
        yield store


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def gate(store: Store, clocks: Clocks) -> Gatekeeper:
    return Gatekeeper(
        History(store.front),
        lambda _: None,
        schedule=Schedule(),
        now_usec=lambda: clocks.wall_usec,
        monotonic=lambda: clocks.monotonic,
    )


jumps = pytest.mark.parametrize(
    "jump_usec",
    [
        pytest.param(0, id="no-jump"),
        pytest.param(HOUR, id="set-forward"),
        pytest.param(-HOUR, id="set-back"),
        pytest.param(-NOW, id="set-to-1970"),
    ],
)


@jumps
async def test_a_fault_is_given_its_time_whatever_is_done_to_the_clock(
    gate: Gatekeeper, clocks: Clocks, jump_usec: int
) -> None:
    gate.hold(Hold(5.0, "state.unwritable"), "Full.")
    clocks.wall_usec += jump_usec
    clocks.monotonic += 4.0

    before = gate.permission().reasons, gate.seconds_to_change()
    clocks.monotonic += 1.0
    after = gate.permission().reasons, gate.seconds_to_change()

    assert before == (("state.unwritable",), 1.0)
    assert after == ((), math.inf)


@jumps
async def test_a_session_is_given_its_time_whatever_is_done_to_the_clock(
    gate: Gatekeeper, clocks: Clocks, jump_usec: int
) -> None:
    gate.hold_session(SESSION, SessionHold(5.0, "session.gone"), "Gone.")
    clocks.wall_usec += jump_usec
    clocks.monotonic += 4.0

    before = gate.waiting_sessions(), gate.seconds_to_change()
    clocks.monotonic += 1.0
    after = gate.waiting_sessions(), gate.seconds_to_change()

    assert before == ({SESSION}, 1.0)
    assert after == (frozenset(), math.inf)


async def test_a_pause_ends_by_the_clock_on_the_wall(gate: Gatekeeper, clocks: Clocks) -> None:
    await gate.set_pause(Pause(reason=None, until_usec=NOW + HOUR))
    before = gate.seconds_to_change()

    clocks.wall_usec += HOUR

    assert before == 3600.0
    assert gate.pause is None
    assert gate.permission().reasons == ()


async def put_off(store: Store, *, until_usec: int) -> None:
    """Have the one item of the queue tried again at a time."""
    await store.add_session(Path("/s"), name="s", session_id=SESSION, now_usec=NOW)
    arrival = make_arrival("a.NEF", session_id=SESSION)
    await store.arrive(arrival, kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW)
    claim = await store.claim(boot="b", now_usec=NOW)
    assert claim is not None
    failure = Failure(code="worker.crashed", message="It crashed.", transient=True, context={})
    await store.put_back(
        claim.item, fence=claim.fence, failure=failure, retry_at_usec=until_usec, refund=False, now_usec=NOW
    )


async def test_a_retry_waits_no_longer_than_the_longest_wait_once_the_clock_was_set_back(
    store: Store,
) -> None:
    await put_off(store, until_usec=NOW + 60 * SECOND)
    earlier = NOW - HOUR

    at_once = await store.claim(boot="b", longest_wait_usec=60 * SECOND, now_usec=earlier)
    due_usec = await store.next_retry_usec()
    in_time = await store.claim(boot="b", longest_wait_usec=60 * SECOND, now_usec=earlier + 60 * SECOND)

    assert at_once is None
    assert due_usec == earlier + 60 * SECOND
    assert in_time is not None
    assert in_time.item.attempt == 2


@pytest.mark.parametrize("seconds", [0, 1, 59])
async def test_a_retry_within_the_longest_wait_is_left_as_it_is(store: Store, seconds: int) -> None:
    await put_off(store, until_usec=NOW + 60 * SECOND)

    claim = await store.claim(boot="b", longest_wait_usec=60 * SECOND, now_usec=NOW + seconds * SECOND)

    assert claim is None
    assert await store.next_retry_usec() == NOW + 60 * SECOND
