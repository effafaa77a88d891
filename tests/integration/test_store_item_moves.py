"""Every cell of the table of items, driven against the real store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from darkroom.errors import InvalidJobState
from darkroom.protocol.types import ItemState
from darkroomd.core.lifecycle import ITEM_MOVES, ItemEvent
from darkroomd.store.database import open_database
from standing import Standing, assert_told_once, newest_fact

Attempt = Callable[[Standing], object]

REACHED: dict[ItemState, tuple[Attempt, ...]] = {
    ItemState.QUEUED: (),
    ItemState.RUNNING: (Standing.start,),
    ItemState.COMPLETED: (Standing.start, lambda one: one.end(ItemState.COMPLETED)),
    ItemState.SKIPPED: (Standing.start, lambda one: one.end(ItemState.SKIPPED)),
    ItemState.FAILED: (Standing.start, lambda one: one.end(ItemState.FAILED)),
    ItemState.CANCELED: (Standing.cancel,),
}
"""How an item comes into each state."""

ATTEMPTS: dict[ItemEvent, Attempt] = {
    ItemEvent.CLAIM: Standing.start,
    ItemEvent.COMPLETE: lambda one: one.end(ItemState.COMPLETED),
    ItemEvent.SKIP: lambda one: one.end(ItemState.SKIPPED),
    ItemEvent.FAIL: lambda one: one.end(ItemState.FAILED),
    ItemEvent.PUT_BACK: Standing.put_back,
    ItemEvent.CANCEL: Standing.cancel,
    ItemEvent.SUPERSEDE: Standing.export,
    ItemEvent.DISCARD: Standing.discard,
    ItemEvent.RETRY: lambda one: one.retry(include_canceled=False),
    ItemEvent.REVIVE: lambda one: one.retry(include_canceled=True),
}
"""What makes an event happen, where it can."""

LEGAL = [(state, event) for state, moves in ITEM_MOVES.items() for event in moves]
ILLEGAL = [(state, event) for state in ItemState for event in ItemEvent if event not in ITEM_MOVES[state]]


@pytest.fixture
def standing() -> Iterator[Standing]:
    """A photo that is developed and comes again; the item is the one of the second time."""
    database = open_database(Path(":memory:"))
    standing = Standing(database)
    standing.open()
    standing.arrive("A.NEF")
    standing.start()
    standing.end(ItemState.COMPLETED)
    standing.claim = None
    standing.job = standing.arrive("A.NEF")
    yield standing
    database.close()


def reach(standing: Standing, state: ItemState) -> None:
    for step in REACHED[state]:
        step(standing)
    assert standing.items()[0].state is state


def attempt_of(state: ItemState, event: ItemEvent) -> Attempt:
    """Return what makes the event happen: what runs ends as canceled once it has been stopped."""
    stopped: dict[tuple[ItemState, ItemEvent], Attempt] = {
        (ItemState.RUNNING, ItemEvent.CANCEL): lambda one: one.end(ItemState.CANCELED)
    }
    return stopped.get((state, event), ATTEMPTS[event])


@pytest.mark.parametrize(("state", "event"), LEGAL)
def test_an_item_moves_as_the_table_says_and_all_that_changes_is_told_once(
    standing: Standing, state: ItemState, event: ItemEvent
) -> None:
    reach(standing, state)
    before, newest = standing.all(), newest_fact(standing)

    attempt_of(state, event)(standing)

    [item] = standing.items()
    assert item.state is ITEM_MOVES[state][event]
    assert_told_once(standing, before, after_fact=newest)
    assert [told.item for told in standing.told if told.item is not None] == [item]


@pytest.mark.parametrize(("state", "event"), ILLEGAL)
def test_an_item_does_not_move_where_the_table_has_nothing(
    standing: Standing, state: ItemState, event: ItemEvent
) -> None:
    reach(standing, state)
    before, everything, newest = standing.of_job(), standing.all(), newest_fact(standing)

    with suppress(InvalidJobState):
        ATTEMPTS[event](standing)

    assert standing.of_job() == before
    assert_told_once(standing, everything, after_fact=newest)


@pytest.mark.parametrize("state", [ItemState.QUEUED, ItemState.RUNNING])
def test_work_cannot_end_as_work(standing: Standing, state: ItemState) -> None:
    reach(standing, ItemState.RUNNING)

    with pytest.raises(ValueError, match="cannot end"):
        standing.end(state)
