"""What holds the queue back goes away by itself: pauses, refusals of the store, jumps of the clock."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import anyio
import pytest

from darkroomd.core.failure_share import FailureLimit
from darkroomd.core.gate import Pause
from darkroomd.core.model import Claim, CorrelationId, Happening, JobKind, SessionId
from darkroomd.core.retry import Hold, RetryPolicy, SessionHold
from darkroomd.core.stability import Patience
from darkroomd.files.fingerprint import fingerprint_of
from darkroomd.services import named_places
from darkroomd.services import scheduler as scheduler_module
from darkroomd.services.gatekeeper import Gatekeeper, Schedule
from darkroomd.services.handover import Fate, Handover, SettledFile
from darkroomd.services.outcomes import Outcome
from darkroomd.services.presets import Presets
from darkroomd.services.scheduler import OnStage, Scheduler
from darkroomd.services.stories import Stories
from darkroomd.services.surroundings import IntakeOptions, Result, Surroundings
from darkroomd.store.history import History
from darkroomd.store.photo_desk import PhotoDesk
from darkroomd.store.store import Store, open_store
from intake_house import PLAN, at_work
from standing import arrival

pytestmark = pytest.mark.anyio

NOW = 1_700_000_000_000_000
HOUR = 3_600_000_000
OLD, NEW = Pause(reason="old", until_usec=NOW + 1), Pause(reason="new", until_usec=NOW + HOUR)
PATIENCE_SECONDS = 20.0
SESSION = SessionId("s")


@dataclass
class Once:
    """A developer that says when it was asked, and is never done."""

    asked: anyio.Event = field(default_factory=anyio.Event)

    async def develop(self, claim: Claim, on_stage: OnStage) -> Outcome:
        on_stage("unpack", claim.item.attempt)
        self.asked.set()
        await anyio.sleep_forever()
        raise AssertionError


@dataclass
class House:
    """A scheduler at work; `now` is the clock on its wall."""

    path: Path
    now: list[int] = field(default_factory=lambda: [NOW])
    told: list[Happening] = field(default_factory=list)
    developer: Once = field(default_factory=Once)
    monotonic: Callable[[], float] = anyio.current_time

    @asynccontextmanager
    async def open(self) -> AsyncIterator[tuple[Store, Gatekeeper]]:
        """Open the store, with one session in it."""
        async with open_store(self.path, self.told.append) as store:
            await store.add_session(Path("/s"), name="s", session_id=SESSION, now_usec=NOW)
            gate = Gatekeeper(
                History(store.front),
                self.told.append,
                schedule=Schedule(),
                now_usec=lambda: self.now[0],
                monotonic=self.monotonic,
            )
            yield store, gate

    @asynccontextmanager
    async def at_work(self, store: Store, gate: Gatekeeper) -> AsyncIterator[Scheduler]:
        """Run the scheduler."""
        scheduler = Scheduler(
            store,
            self.developer,
            self.told.append,
            gate=gate,
            stories=Stories(lambda: NOW),
            policy=RetryPolicy(environment_wait_seconds=0.02),
            failure_limit=FailureLimit(),
            boot="b",
            now_usec=lambda: self.now[0],
            on_photo_changed=lambda _: None,
        )
        async with anyio.create_task_group() as group:
            await group.start(scheduler.run)
            yield scheduler
            scheduler.stop(within_seconds=0)

    async def until_developing(self) -> None:
        with anyio.fail_after(PATIENCE_SECONDS):
            await self.developer.asked.wait()


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "queue.db")


def change_schema(path: Path, statement: str) -> None:
    """Change the database behind the back of the daemon, so that it refuses, or no longer does."""
    with closing(sqlite3.connect(path, timeout=PATIENCE_SECONDS)) as connection:
        connection.execute(statement)
        connection.commit()


def refuse(path: Path, table: str) -> None:
    change_schema(
        path,
        f"CREATE TRIGGER refusal BEFORE INSERT ON {table} BEGIN SELECT raise(ABORT, 'The disk is full'); END",
    )


def accept(path: Path) -> None:
    change_schema(path, "DROP TRIGGER refusal")


async def until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - nothing is told
            await anyio.sleep(0.005)


async def test_a_pause_that_is_over_ends_once(house: House) -> None:
    async with house.open() as (store, _):
        history = History(store.front)
        await history.set_pause(OLD, now_usec=NOW)
        house.told.clear()

        ended = [await history.end_pause(OLD, now_usec=NOW) for _ in range(2)]

        assert ended == [True, False]
        assert await history.pause() is None
    assert [fact.kind for fact in house.told] == ["queue.changed"]


async def test_the_end_of_a_pause_leaves_the_one_alone_that_renewed_it(house: House) -> None:
    async with house.open() as (store, _):
        history = History(store.front)
        await history.set_pause(NEW, now_usec=NOW)
        house.told.clear()

        ended = await history.end_pause(OLD, now_usec=NOW)

        assert ended is False
        assert await history.pause() == NEW
    assert house.told == []


@pytest.mark.parametrize("renewed_first", [True, False])
async def test_a_pause_that_is_renewed_while_it_lapses_stays(house: House, renewed_first: bool) -> None:
    async with house.open() as (store, gate):
        await gate.set_pause(OLD)
        house.now[0] = NOW + 2
        steps: list[Callable[[], object]] = [lambda: gate.set_pause(NEW), gate.lapse]

        async with anyio.create_task_group() as group:
            for step in steps if renewed_first else reversed(steps):
                group.start_soon(step)  # type: ignore[arg-type]  # each of them is awaitable

        assert gate.pause == NEW
        assert await History(store.front).pause() == NEW


async def test_the_queue_waits_while_the_store_cannot_be_read_and_goes_on_by_itself(house: House) -> None:
    async with house.open() as (store, gate):
        await store.arrive(arrival("A.NEF"), kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW)
        change_schema(house.path, "ALTER TABLE item RENAME TO item_elsewhere")

        async with house.at_work(store, gate):
            await until(lambda: "state.unreadable" in gate.wait_reasons())
            change_schema(house.path, "ALTER TABLE item_elsewhere RENAME TO item")

            await house.until_developing()


async def a_pause(store: Store, gate: Gatekeeper) -> None:
    await store.arrive(arrival("A.NEF"), kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW)
    await gate.set_pause(NEW)


async def a_retry(store: Store, gate: Gatekeeper) -> None:
    del gate
    await store.arrive(arrival("A.NEF"), kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW)
    claim = await store.claim(boot="b", now_usec=NOW)
    assert claim is not None
    await store.put_back(
        claim.item, fence=claim.fence, failure=None, retry_at_usec=NOW + HOUR, refund=True, now_usec=NOW
    )


@pytest.mark.parametrize("hold", [a_pause, a_retry])
async def test_what_waits_for_a_time_begins_when_the_clock_jumps_past_it(
    house: House, monkeypatch: pytest.MonkeyPatch, hold: Callable[[Store, Gatekeeper], object]
) -> None:
    monkeypatch.setattr(scheduler_module, "LONGEST_REST", 0.01)
    async with house.open() as (store, gate):
        await hold(store, gate)  # type: ignore[misc]  # each of them is awaitable
        async with house.at_work(store, gate):
            await anyio.wait_all_tasks_blocked()
            before = house.developer.asked.is_set()

            house.now[0] = NOW + HOUR

            await house.until_developing()
    assert before is False


def hold_the_queue(gate: Gatekeeper, seconds: float) -> None:
    gate.hold(Hold(seconds, "disk.full"), "The disk is full.")


def hold_the_session(gate: Gatekeeper, seconds: float) -> None:
    gate.hold_session(SESSION, SessionHold(seconds, "disk.full"), "The disk is full.")


@pytest.mark.parametrize("looks", range(1, 9))
@pytest.mark.parametrize("hold", [hold_the_queue, hold_the_session])
async def test_a_hold_that_lapses_between_two_looks_at_it_is_not_slept_through(
    house: House, hold: Callable[[Gatekeeper, float], None], looks: int
) -> None:
    # Each look at the clock takes a millisecond: the hold lapses at the look with that number.
    ticks = count()
    house.monotonic = lambda: next(ticks) / 1_000
    async with house.open() as (store, gate):
        await store.arrive(arrival("A.NEF"), kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW)
        hold(gate, looks / 1_000)

        async with house.at_work(store, gate):
            await house.until_developing()


async def test_a_session_that_the_store_refused_at_the_start_is_added_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(named_places, "RETRY_SECONDS", 0.02)
    session = tmp_path / "wedding"
    (session / "Raw").mkdir(parents=True)
    path = tmp_path / "queue.db"
    async with open_store(path, lambda _: None):
        refuse(path, "session")

    async with at_work(tmp_path, sessions=[session]) as house:
        refused = [one for one in house.told if one.kind == "session.added"]
        accept(path)

        await house.until(lambda: any(one.kind == "session.added" for one in house.told))
    assert refused == []


async def here(work: Callable[[], Result], /) -> Result:
    return work()


async def test_a_fault_is_over_once_the_files_it_held_back_are_gone(tmp_path: Path, house: House) -> None:
    faults: list[str | None] = []
    raws = [tmp_path / "Raw" / name for name in ("A.NEF", "B.NEF")]
    raws[0].parent.mkdir()
    files: list[SettledFile] = []
    for raw in raws:
        raw.write_bytes(b"MM\0*" + bytes(300))
        fingerprint = fingerprint_of(raw)
        assert fingerprint is not None
        files.append(SettledFile(raw.name, fingerprint, CorrelationId("c"), NOW))
    async with house.open() as (store, _):
        session = replace(await store.session(SESSION), folder=tmp_path)
        handover = Handover(session, surroundings(store, faults), here)
        refuse(house.path, "photo")

        fates = await handover.take(files)
        handover.forget("A.NEF")
        held = list(faults)
        handover.forget("B.NEF")

    assert set(fates.values()) == {Fate.TRY_AGAIN}
    assert held == ["state.unwritable"] * 2
    assert faults == [*held, None]


def surroundings(store: Store, faults: list[str | None]) -> Surroundings:
    return Surroundings(
        store=store,
        plan=PLAN,
        options=IntakeOptions(
            patience=Patience(quiet_seconds=0.1, blind_seconds=0.1),
            scan_seconds=60,
            poll_seconds=60,
            extensions=("nef",),
        ),
        publish=lambda _: None,
        on_document_dirty=lambda _: None,
        on_fault=lambda _session, fault: faults.append(fault),
        now_usec=lambda: NOW,
        new_correlation_id=lambda: CorrelationId("c"),
        presets=Presets(PhotoDesk(store.front), None, now_usec=lambda: NOW),
    )
