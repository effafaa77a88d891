"""What was read once is told again for as long as it is true, and no longer."""

from __future__ import annotations

import math
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import anyio
import pytest
from anyio import to_thread

from darkroomd.core.faults import StateCorrupt, StateUnreadable
from darkroomd.core.model import Happening, SessionId
from darkroomd.store.arrivals import add_session
from darkroomd.store.database import Database
from darkroomd.store.remembered import Remembered
from darkroomd.store.store import Store, open_store

pytestmark = pytest.mark.anyio

NOW = 1_700_000_000_000_000


class RefusedError(Exception):
    """Why a change is not made."""


class SessionCount:
    """Counts the sessions, and how often it was asked to."""

    def __init__(self) -> None:
        self.looks = 0
        self.fault: Exception | None = None

    def __call__(self, database: Database) -> int:
        self.looks += 1
        if self.fault is not None:
            raise self.fault
        return len(database.all("sessions_page", after="", limit=100))


class SlowChange:
    """Adds a session, and is over once it may be."""

    def __init__(self, refusal: Exception | None = None) -> None:
        self._refusal = refusal
        self._has_begun = threading.Event()
        self._may_end = threading.Event()

    def __call__(self, database: Database) -> tuple[None, Sequence[Happening]]:
        _, happenings = add_session(
            database, Path("/photos/slow"), name="slow", session_id=SessionId("slow"), now_usec=NOW
        )
        self._has_begun.set()
        assert self._may_end.wait(30)
        if self._refusal is not None:
            raise self._refusal
        return None, happenings

    async def begun(self) -> None:
        assert await to_thread.run_sync(self._has_begun.wait, 30)

    def end(self) -> None:
        self._may_end.set()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with open_store(tmp_path / "queue.db", lambda _: None) as store:
        yield store


@pytest.fixture
def count() -> SessionCount:
    return SessionCount()


@pytest.fixture
def remembered(store: Store, count: SessionCount) -> Remembered[int]:
    return remembering(store, count)


def remembering(store: Store, read: Callable[[Database], int]) -> Remembered[int]:
    """However slow the machine is at this moment, no look is, and none is too old."""
    return Remembered(store.front, read, kept_seconds=math.inf, quick_seconds=math.inf)


async def add(store: Store, name: str) -> None:
    await store.add_session(Path("/photos") / name, name=name, session_id=SessionId(name), now_usec=NOW)


async def test_nothing_is_known_before_the_first_look(remembered: Remembered[int]) -> None:
    assert remembered.known is None


async def test_it_is_read_once_for_as_long_as_nothing_changes(
    remembered: Remembered[int], count: SessionCount, store: Store
) -> None:
    await add(store, "first")

    assert [await remembered.get() for _ in range(3)] == [1, 1, 1]
    assert remembered.known == 1
    assert count.looks == 1


async def test_what_somebody_asks_for_is_known_as_soon_as_a_change_is_over(
    remembered: Remembered[int], count: SessionCount, store: Store
) -> None:
    await remembered.get()
    await add(store, "first")

    assert remembered.known == 1
    assert count.looks == 2


async def test_what_nobody_asked_for_since_is_not_looked_at_with_each_change(
    remembered: Remembered[int], count: SessionCount, store: Store
) -> None:
    await remembered.get()
    for name in ("first", "second", "third"):
        await add(store, name)

    assert count.looks == 2
    assert remembered.known is None
    assert await remembered.get() == 3


async def test_beside_a_change_it_is_known_as_before_until_somebody_reads(
    remembered: Remembered[int], store: Store, count: SessionCount
) -> None:
    change = SlowChange()
    assert await remembered.get() == 0
    async with anyio.create_task_group() as group:
        group.start_soon(store.front.write, change)
        await change.begun()
        before = remembered.known
        # Whoever reads now may learn of the change before its end: nobody may be told the contrary then.
        await store.sessions(cursor=None, limit=9)
        then = remembered.known
        asked = [await remembered.get(), await remembered.get()]
        looks = count.looks
        await store.sessions(cursor=None, limit=9)
        after_another = remembered.known
        change.end()

    assert (before, then, asked, after_another) == (0, None, [0, 0], None)
    assert looks == 2
    assert remembered.known == 1


class SlowLook:
    """Counts the sessions, and is over once it may be; only the first time."""

    def __init__(self) -> None:
        self.looks = 0
        self._has_read = threading.Event()
        self._may_end = threading.Event()

    def __call__(self, database: Database) -> int:
        found = len(database.all("sessions_page", after="", limit=100))
        self.looks += 1
        is_first = not self._has_read.is_set()
        self._has_read.set()
        assert not is_first or self._may_end.wait(30)
        return found

    async def begun(self) -> None:
        assert await to_thread.run_sync(self._has_read.wait, 30)

    def end(self) -> None:
        self._may_end.set()


async def test_whoever_asks_during_a_look_beside_which_nothing_changes_shares_it(store: Store) -> None:
    look, found = SlowLook(), list[int]()
    remembered = remembering(store, look)

    async def ask() -> None:
        found.append(await remembered.get())

    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        await look.begun()
        for _ in range(3):
            group.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        look.end()

    assert (found, look.looks) == ([0] * 4, 1)


async def test_what_is_read_while_a_change_begins_is_known_as_long_as_nobody_else_reads(store: Store) -> None:
    look, change, found = SlowLook(), SlowChange(), list[int]()
    remembered = remembering(store, look)

    async def ask() -> None:
        found.append(await remembered.get())
        found.append(await remembered.get())
        change.end()

    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        await look.begun()
        group.start_soon(store.front.write, change)
        await change.begun()
        look.end()

    assert (found, look.looks) == ([0, 0], 2)
    assert remembered.known == 1


async def test_what_is_read_while_a_change_ends_is_not_remembered(store: Store) -> None:
    look, found = SlowLook(), list[int]()
    remembered = remembering(store, look)

    async def ask() -> None:
        found.append(await remembered.get())
        found.append(await remembered.get())

    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        await look.begun()
        await add(store, "first")
        look.end()

    assert found == [0, 1]
    assert look.looks == 2


async def test_what_is_read_while_others_read_beside_a_change_is_not_remembered(store: Store) -> None:
    look, change, known = SlowLook(), SlowChange(), list[int | None]()
    remembered = remembering(store, look)

    async def ask() -> None:
        await remembered.get()
        known.append(remembered.known)
        change.end()

    async with anyio.create_task_group() as group:
        group.start_soon(store.front.write, change)
        await change.begun()
        group.start_soon(ask)
        await look.begun()
        # They may have seen what the look has not.
        await store.front.read_at_length(SessionCount())
        look.end()

    assert known == [None]


async def test_a_change_that_is_refused_changes_nothing_that_is_told(
    remembered: Remembered[int], store: Store
) -> None:
    change = SlowChange(RefusedError())
    await remembered.get()
    change.end()
    with pytest.raises(RefusedError):
        await store.front.write(change)

    assert remembered.known is None
    assert await remembered.get() == 0


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(sqlite3.OperationalError("disk I/O error"), id="disk"),
        pytest.param(sqlite3.InterfaceError("bad parameter"), id="interface"),
        pytest.param(MemoryError(), id="memory"),
        pytest.param(AssertionError(), id="mistake"),
    ],
)
async def test_a_change_is_made_and_told_whatever_ails_the_look_at_what_it_left(
    tmp_path: Path, count: SessionCount, fault: Exception
) -> None:
    told = list[Happening]()
    async with open_store(tmp_path / "queue.db", told.append) as store:
        remembered = remembering(store, count)
        await remembered.get()
        count.fault = fault
        await add(store, "first")
        known = remembered.known
        count.fault = None

        assert (known, await remembered.get()) == (None, 1)
    assert [happening.kind for happening in told] == ["session.added"]


async def test_a_database_that_cannot_be_read_is_noticed_though_nothing_changes(
    count: SessionCount, store: Store
) -> None:
    remembered = Remembered(store.front, count, kept_seconds=0.0)
    await remembered.get()
    count.fault = sqlite3.OperationalError("disk I/O error")

    assert remembered.known is None
    with pytest.raises(StateUnreadable):
        await remembered.get()


async def test_a_slow_look_holds_up_no_change(count: SessionCount, store: Store) -> None:
    remembered = Remembered(store.front, count, quick_seconds=0.0)
    await remembered.get()
    await add(store, "first")

    assert count.looks == 1
    assert await remembered.get() == 1


async def test_nothing_is_known_of_a_database_that_is_damaged(
    remembered: Remembered[int], store: Store, count: SessionCount
) -> None:
    await remembered.get()
    before = remembered.known
    damage = sqlite3.DatabaseError("malformed")
    damage.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    count.fault = damage
    with pytest.raises(StateCorrupt):
        await store.front.read(count)

    assert (before, remembered.known) == (0, None)
