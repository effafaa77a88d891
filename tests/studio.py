"""A scheduler with several hands at work in two sessions, whose photos are developed when a test says so."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio

from darkroom.protocol.types import Failure, ItemState, JobState, Priority
from darkroomd.core.archive_request import Contents, Selection, admit, in_order
from darkroomd.core.failure_share import FailureLimit
from darkroomd.core.model import Arrival, Claim, CorrelationId, Happening, JobId, JobKind, SessionId
from darkroomd.core.naming import photo_id
from darkroomd.core.precedence import RunningBackground
from darkroomd.core.retry import RetryPolicy
from darkroomd.services.development import Developed, Failed, Outcome
from darkroomd.services.gatekeeper import Gatekeeper, Schedule
from darkroomd.services.jobs import Jobs
from darkroomd.services.scheduler import OnStage, Scheduler
from darkroomd.services.stories import Stories
from darkroomd.services.turnstile import Turnstile
from darkroomd.store import archives
from darkroomd.store.archives import Begun, NewArchive
from darkroomd.store.arrivals import NewJob
from darkroomd.store.database import Database
from darkroomd.store.desk import JobDesk
from darkroomd.store.exports import Exported, NewExport
from darkroomd.store.history import History
from darkroomd.store.store import Store, open_store
from standing import arrival, output_of

NOW = 1_700_000_000_000_000
HOUR = 3_600_000_000
PATIENCE_SECONDS = 20.0
SESSIONS = (SessionId("s"), SessionId("t"))


def arrival_in(session: SessionId, name: str) -> Arrival:
    return replace(arrival(name), session_id=session)


@dataclass
class Laboratory:
    """Develops photos when a test says so, and as it says; publishes through the turnstile.

    Attributes:
        in_work: photos that are being developed.
        begun: all that were, in order.
        published: those whose outputs stand, in order.
    """

    turnstile: Turnstile
    in_work: list[str] = field(default_factory=list)
    begun: list[str] = field(default_factory=list)
    published: list[str] = field(default_factory=list)
    _ends: dict[str, Outcome | None] = field(default_factory=dict)
    _news: anyio.Event = field(default_factory=anyio.Event)

    async def develop(self, claim: Claim, on_stage: OnStage) -> Outcome:
        name = claim.photo.name
        self.begun.append(name)
        self.in_work.append(name)
        self._tell()
        try:
            on_stage("unpack", 5)
            while name not in self._ends:
                await self._news.wait()
            failure = self._ends.pop(name)
            if failure is not None:
                return failure
            await self.turnstile.turn(claim.fence)
        finally:
            self.in_work.remove(name)
            self._tell()
        self.published.append(name)
        return Developed(
            output_of(claim.photo), captured_at_usec=None, camera="", pixels=1, busy_usec=1, seconds={}
        )

    def finish(self, *names: str, failure: Failure | None = None, environment: bool = False) -> None:
        """Let the work on photos end, now or as soon as it has begun."""
        self._ends |= {name: failure and Failed(failure, environment=environment) for name in names}
        self._tell()

    async def until(self, condition: Callable[[], bool]) -> None:
        with anyio.fail_after(PATIENCE_SECONDS):
            while not condition():
                await self._news.wait()

    async def until_in_work(self, *names: str) -> None:
        """Wait until these photos, and no others, are being developed."""
        await self.until(lambda: sorted(self.in_work) == sorted(names))

    def _tell(self) -> None:
        news, self._news = self._news, anyio.Event()
        news.set()


@dataclass
class House:
    """A scheduler with several hands at work, and two sessions."""

    store: Store
    scheduler: Scheduler
    gate: Gatekeeper
    jobs: Jobs
    laboratory: Laboratory
    told: list[Happening]
    news: list[anyio.Event]

    async def arrive(self, *names: str, session: SessionId = SESSIONS[0]) -> list[JobId]:
        """Queue photos, each with a job of its own."""
        queued = [
            await self.store.arrive(
                arrival_in(session, name), kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW
            )
            for name in names
        ]
        return [each.job_id for each in queued]

    async def find(self, *names: str, session: SessionId = SESSIONS[0]) -> JobId:
        """Queue photos in one job of low priority."""
        job = NewJob(JobKind.BACKFILL, session, "found", CorrelationId("b"))
        found = [arrival_in(session, name) for name in names]
        job_id = await self.store.arrive_many(found, job=job, recipe="jpg", now_usec=NOW)
        assert job_id is not None
        return job_id

    async def export(
        self, *names: str, session: SessionId = SESSIONS[0], paused: bool = False
    ) -> JobId | None:
        """Ask for photos that are known already."""
        photos = tuple(photo_id(session, name) for name in names)
        order = NewExport(session, photos, "jpg", "export", CorrelationId("e"), paused=paused)
        exported = await self.jobs.export(order)
        assert isinstance(exported, Exported)
        return exported.job_id

    async def archive(self, session: SessionId, priority: Priority) -> JobId:
        """Have the photos of a session archived, all of which are developed."""

        def begin(database: Database) -> tuple[JobId, list[Happening]]:
            found = archives.read_candidates(database, [session])
            shares = admit(in_order(found, [session]), partial=False).shares
            selection, story = Selection(Contents.BOTH), CorrelationId("a")
            order = NewArchive(Path("/archive"), selection, session, "archive", story, priority)
            begun, _ = archives.begin_archive(database, order, shares, asked=None, now_usec=NOW)
            assert isinstance(begun, Begun)
            archives.add_items(database, order, begun.job_id, shares, now_usec=NOW)
            _, told = archives.complete_archive(database, order, begun.job_id, refusal=None, now_usec=NOW)
            return begun.job_id, told

        return await self.store.front.write(begin)

    async def settled(self, job_id: JobId, state: JobState) -> None:
        """Wait until a job is in this state."""
        with anyio.fail_after(PATIENCE_SECONDS):
            while True:
                news = self.news[-1]
                if (await self.store.job(job_id)).state is state:
                    return
                await news.wait()

    async def states(self, job_id: JobId) -> list[ItemState]:
        page = await self.store.items(job_id, states=None, cursor=None, limit=99)
        return [item.state for item in page.entries]


@asynccontextmanager
async def open_house(
    folder: Path,
    *,
    workers: int = 2,
    running_background: RunningBackground = RunningBackground.FINISH,
    failure_limit: FailureLimit | None = None,
) -> AsyncIterator[House]:
    told: list[Happening] = []
    news = [anyio.Event()]
    listeners: list[Callable[[Happening], None]] = [told.append]

    def publish(happening: Happening) -> None:
        for listener in listeners:
            listener(happening)
        news.append(anyio.Event())
        news.pop(0).set()

    turnstile = Turnstile()
    laboratory = Laboratory(turnstile)
    async with open_store(folder / "queue.db", publish) as store, anyio.create_task_group() as group:
        gate = Gatekeeper(History(store.front), publish, schedule=Schedule(), now_usec=lambda: NOW)
        scheduler = Scheduler(
            store,
            laboratory,
            publish,
            gate=gate,
            stories=Stories(lambda: NOW),
            policy=RetryPolicy(waits_seconds=(3600.0,), environment_wait_seconds=0.05),
            failure_limit=failure_limit or FailureLimit(),
            boot="b",
            now_usec=lambda: NOW,
            on_photo_changed=lambda _: None,
            workers=workers,
            turnstile=turnstile,
            running_background=running_background,
        )
        listeners.append(scheduler.notice)
        gate.on_change = scheduler.wake
        for session in SESSIONS:
            await store.add_session(Path("/") / session, name=session, session_id=session, now_usec=NOW)
        await group.start(scheduler.run)
        jobs = Jobs(JobDesk(store.front), scheduler, gate, now_usec=lambda: NOW)
        yield House(store, scheduler, gate, jobs, laboratory, told, news)
        scheduler.stop(within_seconds=0)
