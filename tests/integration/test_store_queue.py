"""Order, turns and the journal of the queue, on a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import fields, replace
from pathlib import Path

import pytest

from darkroom.protocol.types import Priority
from darkroomd.core.model import Arrival, CorrelationId, Happening, JobKind, Session, SessionId
from darkroomd.store.arrivals import NewJob
from darkroomd.store.journal import decode_happening, encode_happening, write_facts
from darkroomd.store.store import Store, open_store
from make import make_arrival

pytestmark = pytest.mark.anyio

NOW = 1_700_000_000_000_000


@pytest.fixture
def told() -> list[Happening]:
    return []


@pytest.fixture
async def store(tmp_path: Path, told: list[Happening]) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "queue.db", told.append) as store:
        yield store


async def add_session(store: Store, name: str) -> Session:
    return await store.add_session(Path("/s") / name, name=name, session_id=SessionId(name), now_usec=NOW)


def arrival(session: Session, name: str) -> Arrival:
    return make_arrival(name, session_id=session.id)


async def backfill(store: Store, session: Session, count: int) -> None:
    await store.arrive_many(
        [arrival(session, f"{session.id}{number}") for number in range(count)],
        job=NewJob(JobKind.BACKFILL, session.id, "found", CorrelationId("b")),
        recipe="jpg",
        now_usec=NOW,
    )


async def claimed(store: Store, count: int) -> list[str]:
    claims = [await store.claim(boot="b", now_usec=NOW) for _ in range(count)]
    return [claim.photo.name for claim in claims if claim is not None]


async def test_sessions_of_one_priority_take_turns_however_much_each_has_waiting(store: Store) -> None:
    a, b = await add_session(store, "a"), await add_session(store, "b")
    await backfill(store, a, 100)
    first = await claimed(store, 3)

    await backfill(store, b, 3)

    assert first == ["a0", "a1", "a2"]
    assert await claimed(store, 7) == ["a3", "b0", "a4", "b1", "a5", "b2", "a6"]


async def test_a_session_that_waits_is_passed_over(store: Store) -> None:
    a, b = await add_session(store, "a"), await add_session(store, "b")
    await backfill(store, a, 2)
    await backfill(store, b, 1)

    claim = await store.claim(boot="b", now_usec=NOW, waiting_sessions={a.id})
    none = await store.claim(boot="b", now_usec=NOW, waiting_sessions={a.id})

    assert claim is not None
    assert claim.photo.name == "b0"
    assert none is None


async def test_nothing_below_the_least_priority_is_started(store: Store) -> None:
    a = await add_session(store, "a")
    await backfill(store, a, 1)
    await store.arrive(arrival(a, "new"), kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW)

    high = await store.claim(boot="b", now_usec=NOW, least_priority=Priority.HIGH)
    normal = await store.claim(boot="b", now_usec=NOW, least_priority=Priority.NORMAL)
    none = await store.claim(boot="b", now_usec=NOW, least_priority=Priority.NORMAL)

    assert (high, none) == (None, None)
    assert normal is not None
    assert normal.photo.name == "new"


async def test_every_fact_that_is_told_has_the_next_number(store: Store, told: list[Happening]) -> None:
    a = await add_session(store, "a")
    await backfill(store, a, 3)
    await store.claim(boot="b", now_usec=NOW)

    assert [fact.sequence for fact in told] == list(range(1, len(told) + 1))


async def test_a_fact_is_told_as_it_was_but_for_its_number(store: Store) -> None:
    values = {field.name: field.name for field in fields(Happening)}
    fact = Happening(**{**values, "at_usec": NOW, "photo": None, "sequence": None})  # type: ignore[arg-type] # any

    await store.front.write(lambda _: (None, [replace(fact, kind="first")]))
    told = await store.front.write(lambda database: (write_facts(database, [fact]), []))

    assert told == [replace(fact, sequence=2)]


async def test_a_fact_comes_back_from_the_journal_as_it_was_told(store: Store, told: list[Happening]) -> None:
    a = await add_session(store, "n")
    await store.arrive(arrival(a, "\udcfe.NEF"), kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW)

    assert [decode_happening(encode_happening(fact)) for fact in told] == told
