"""One life of the queue: real store, real disk, real verbs; only the pictures are made up.

A life can be lived in a child process that is killed before its n-th effect, and gone on with by the next.
"""

from __future__ import annotations

import hashlib
import os
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import anyio

from darkroom.protocol.types import Failure
from darkroomd.core.failure_share import FailureLimit
from darkroomd.core.model import (
    Arrival,
    Claim,
    CorrelationId,
    Happening,
    Inputs,
    JobKind,
    Output,
    PhotoState,
    SessionId,
)
from darkroomd.core.naming import output_id, photo_id
from darkroomd.core.output_plan import OutputPlan
from darkroomd.core.recipes import Recipe
from darkroomd.core.retry import RetryPolicy
from darkroomd.files.fingerprint import fingerprint_of, sha256_of, stat_of
from darkroomd.files.sidecars import read_look
from darkroomd.imaging.messages import Develop, Developed, Part, Refused, Stage
from darkroomd.services.development import Development
from darkroomd.services.disks import Disks
from darkroomd.services.gatekeeper import Gatekeeper, Schedule
from darkroomd.services.jobs import Jobs
from darkroomd.services.recovery import Recovery
from darkroomd.services.scheduler import Scheduler
from darkroomd.services.stories import Stories
from darkroomd.services.turnstile import Turnstile
from darkroomd.store.arrivals import NewJob
from darkroomd.store.desk import JobDesk
from darkroomd.store.history import History
from darkroomd.store.restoring import Restored
from darkroomd.store.store import Store, open_store

SESSION: Final = SessionId("s")
POLICY: Final = RetryPolicy(waits_seconds=(0.01,), attempts=3, environment_wait_seconds=0.01)
PATIENCE_SECONDS: Final = 20.0
"""Bound on every wait; never reached by a test that passes."""

RETRIES: Final = Failure(code="raw.truncated", message="Not all there yet.", transient=True, context={})
FAILS: Final = Failure(code="raw.unsupported", message="No such camera.", transient=False, context={})
CRASHES: Final = Failure(code="worker.crashed", message="The worker died.", transient=True, context={})
FULL: Final = Failure(code="disk.full", message="The disk is full.", transient=True, context={})


def now_usec() -> int:
    return time.time_ns() // 1000


def write_durably(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def listed(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


def remove(path: Path) -> None:
    path.unlink()


class Laboratory:
    """Develops what a RAW file's name asks for; what happens once only leaves a mark beside the session."""

    def __init__(self, folder: Path) -> None:
        self._marks = folder / "marks"
        self.busy: Final = anyio.Event()

    async def warm(self) -> None:
        return

    async def develop(
        self, request: Develop, *, deadline_seconds: float, on_stage: Callable[[Stage], None]
    ) -> Developed | Refused:
        del deadline_seconds
        source, part = Path(os.fsdecode(request.source)), Path(os.fsdecode(request.targets[0].part))
        on_stage(Stage(fence=request.fence, stage="unpack", percent=0))
        picture = b"picture of " + source.name.encode()
        write_durably(part, picture)
        refusal = await self._fate(source, part)
        if refusal is not None:
            remove(part)
            return Refused(fence=request.fence, failure=refusal, environment=refusal.code.startswith("disk."))
        raw_sha256 = sha256_of(source)
        assert raw_sha256 is not None
        return Developed(
            fence=request.fence,
            parts=(Part(size_bytes=len(picture), sha256=hashlib.sha256(picture).hexdigest()),),
            raw_sha256=raw_sha256,
            width=2,
            height=2,
            captured_at_usec=None,
            camera="",
            pipeline="p",
        )

    async def _fate(self, source: Path, part: Path) -> Failure | None:
        match source.stem.rstrip("0123456789"):
            case "fails":
                return FAILS
            case "crashes":
                return CRASHES
            case "retries":
                return RETRIES if self._first_time(source) else None
            case "full":
                return FULL if self._first_time(source) else None
            case "changes":
                if self._first_time(source):
                    write_durably(source, b"another RAW file")
            case "kills":
                os.kill(os.getpid(), signal.SIGKILL)
            case "hangs":
                await self._hang(source, part)
            case _:
                pass
        return None

    async def _hang(self, source: Path, part: Path) -> None:
        if self._first_time(source):
            self.busy.set()
            try:
                await anyio.sleep_forever()
            finally:
                remove(part)

    def _first_time(self, source: Path) -> bool:
        mark = self._marks / source.name
        if mark.exists():
            return False
        mark.touch()
        return True


@dataclass(eq=False)
class Life:
    """A queue at work in a folder."""

    folder: Path
    store: Store
    history: History
    gate: Gatekeeper
    scheduler: Scheduler
    jobs: Jobs
    laboratory: Laboratory
    news: list[anyio.Event]
    start_scheduler: Callable[[], Awaitable[object]]

    @property
    def raw(self) -> Path:
        return self.folder / "session" / "Raw"

    async def look(self) -> None:
        """Do what intake does with what is in `Raw/`: adopt, queue what is new, queue again what changed."""
        known = await self.store.known_photos(SESSION)
        found = [arrival_of(path) for path in listed(self.raw)]
        fresh = [each for each in found if each.name not in known]
        adopted = [
            Restored(each, PhotoState.DEVELOPED, (output_of(self.folder, each),))
            for each in fresh
            if each.name.startswith("adopted")
        ]
        await self.store.restore(SESSION, adopted, now_usec=now_usec())
        await self.store.arrive_many(
            [each for each in fresh if not each.name.startswith("adopted")],
            job=NewJob(JobKind.BACKFILL, SESSION, "found", CorrelationId("b")),
            recipe="jpg",
            now_usec=now_usec(),
        )
        for each in found:
            if each.name in known and known[each.name].fingerprint != each.fingerprint:
                await self.store.arrive(each, kind=JobKind.DEVELOP, recipe="jpg", now_usec=now_usec())

    async def arrive(self, *names: str) -> None:
        """Let photos arrive, each with a job of its own."""
        for name in names:
            (self.raw / name).write_bytes(b"RAW " + name.encode())
            await self.store.arrive(
                arrival_of(self.raw / name), kind=JobKind.DEVELOP, recipe="jpg", now_usec=now_usec()
            )

    async def work(self) -> None:
        """Develop until nothing is left that may be."""
        await self.start_scheduler()
        with anyio.fail_after(PATIENCE_SECONDS):
            while True:
                news = self.news[-1]
                counts = (await self.store.totals.get()).counts
                if not counts.queued and not counts.running:
                    return
                await news.wait()

    async def begin_hanging(self) -> None:
        """Develop until a photo hangs."""
        await self.start_scheduler()
        with anyio.fail_after(PATIENCE_SECONDS):
            await self.laboratory.busy.wait()


def arrival_of(path: Path) -> Arrival:
    fingerprint = fingerprint_of(path)
    assert fingerprint is not None
    return Arrival(
        session_id=SESSION,
        name=path.name,
        fingerprint=fingerprint,
        look=read_look(path).look,
        preset_id=None,
        unsupported=(),
        warnings=(),
        correlation_id=CorrelationId("c-" + path.name),
        arrived_at_usec=now_usec(),
    )


def output_of(folder: Path, arrival: Arrival) -> Output:
    path = folder / "session" / "Jpg" / (arrival.name.rpartition(".")[0] + ".jpg")
    found, sha256 = stat_of(path), sha256_of(path)
    assert found is not None
    assert sha256 is not None
    photo = photo_id(SESSION, arrival.name)
    return Output(
        id=output_id(photo, "jpg"),
        photo_id=photo,
        recipe="jpg",
        path=path,
        media_type="image/jpeg",
        size_bytes=found.size_bytes,
        mtime_ns=found.mtime_ns,
        sha256=sha256,
        inputs=Inputs(arrival.fingerprint, "r", arrival.look, "recipe", "p"),
        created_at_usec=now_usec(),
    )


async def recover(
    store: Store, gate: Gatekeeper, *, policy: RetryPolicy, now_usec: Callable[[], int]
) -> None:
    """Settle what a former life left running, and sweep."""
    recovery = Recovery(
        store,
        gate,
        Disks(),
        policy=policy,
        output_folders=("Jpg",),
        now_usec=now_usec,
        on_stale=lambda _: None,
    )
    async with anyio.create_task_group() as group:
        await group.start(recovery.run)


@asynccontextmanager
async def life(folder: Path, told: Callable[[Happening], None], *, workers: int = 1) -> AsyncGenerator[Life]:
    """Live in `folder`: what a former life left running is recovered; the scheduler is not started yet."""
    news = [anyio.Event()]

    def announce(_: Happening) -> None:
        news.append(anyio.Event())
        news.pop(0).set()

    listeners: list[Callable[[Happening], None]] = [told, announce]

    def publish(happening: Happening) -> None:
        for listener in listeners:
            listener(happening)

    async with open_store(folder / "queue.db", publish) as store, anyio.create_task_group() as group:
        history = History(store.front)
        gate = Gatekeeper(history, publish, schedule=Schedule(), now_usec=now_usec)
        laboratory, turnstile = Laboratory(folder), Turnstile()

        def look_again(_: Claim) -> None:
            group.start_soon(alive.look)

        scheduler = Scheduler(
            store,
            Development(
                store,
                laboratory,
                plan=OutputPlan((Recipe(),), "p"),
                deadline_seconds=9,
                now_usec=now_usec,
                disks=Disks(),
                turnstile=turnstile,
            ),
            publish,
            gate=gate,
            stories=Stories(now_usec),
            policy=POLICY,
            failure_limit=FailureLimit(),
            boot="b",
            now_usec=now_usec,
            on_photo_changed=look_again,
            workers=workers,
            turnstile=turnstile,
        )
        listeners.append(scheduler.notice)
        gate.on_change = scheduler.wake
        jobs = Jobs(JobDesk(store.front), scheduler, gate, now_usec=now_usec)
        running = anyio.Event()

        async def start_scheduler() -> None:
            # It would take items from itself: it never runs twice at a time.
            if not running.is_set():
                running.set()
                await group.start(scheduler.run)

        alive = Life(
            folder=folder,
            store=store,
            history=history,
            gate=gate,
            scheduler=scheduler,
            jobs=jobs,
            laboratory=laboratory,
            news=news,
            start_scheduler=start_scheduler,
        )
        await gate.load()
        await recover(store, gate, policy=POLICY, now_usec=now_usec)
        await store.add_session(folder / "session", name="s", session_id=SESSION, now_usec=now_usec())
        yield alive
        scheduler.stop(within_seconds=0)


Act = Callable[[Life], Awaitable[None]]


class Executioner:
    """Kills this process before its n-th effect on the disk, once it is `armed`."""

    def __init__(self, *, fatal: int) -> None:
        self._fatal = fatal
        self._effects = 0
        self.armed = False
        sys.addaudithook(self._audit)
        sync, connect = os.fsync, sqlite3.connect

        def fsync(descriptor: int) -> None:
            self._count()
            sync(descriptor)

        def connected(*values: Any, **named: Any) -> sqlite3.Connection:
            connection = connect(*values, **named)
            connection.set_trace_callback(lambda sql: self._count() if sql.startswith("COMMIT") else None)
            return connection

        os.fsync = fsync  # type: ignore[assignment] # same signature, counted
        sqlite3.connect = connected  # type: ignore[assignment] # same signature, counted

    def _audit(self, event: str, values: tuple[Any, ...]) -> None:
        creates = event == "open" and isinstance(values[2], int) and values[2] & os.O_CREAT
        if event in {"os.rename", "os.link", "os.remove", "os.mkdir"} or creates:
            self._count()

    def _count(self) -> None:
        self._effects += self.armed
        if self.armed and self._effects == self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)


def live_and_die(folder: Path, *, before: Act, act: Act, fatal: int, told: Path, workers: int = 1) -> bool:
    """Do `before`, then `act` in a child process that dies before the effect `fatal` of it.

    What a watcher was told is in the file `told`, a number a line. Returns whether the child got to die.
    """
    child = os.fork()
    if child == 0:
        status = 1
        try:
            executioner = Executioner(fatal=fatal)
            anyio.run(partial(_live, folder, before, act, executioner, told, workers=workers))
            status = 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    assert status in {0, signal.SIGKILL}, status
    return status == signal.SIGKILL


async def _live(
    folder: Path, before: Act, act: Act, executioner: Executioner, told: Path, *, workers: int
) -> None:
    channel = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def tell(happening: Happening) -> None:
        if happening.sequence is not None:
            os.write(channel, b"%d\n" % happening.sequence)

    async with life(folder, tell, workers=workers) as alive:
        await before(alive)
        executioner.armed = True
        await act(alive)
        # The end of the process is the end of this life: nothing is put in order.
        os._exit(0)
