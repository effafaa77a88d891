"""A real database with work at a certain point, and whether what changes there is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TypeVar

from darkroom.protocol.types import Failure, ItemState, Priority
from darkroomd.core.model import (
    EVERYTHING,
    Arrival,
    Claim,
    CorrelationId,
    Happening,
    Inputs,
    Item,
    ItemId,
    Job,
    JobId,
    JobKind,
    Output,
    Photo,
    PhotoId,
    PhotoState,
    Session,
    SessionId,
    Wish,
)
from darkroomd.core.naming import output_id, photo_id
from darkroomd.store import arrivals, catalogue, culling, exports, queue, verbs
from darkroomd.store.arrivals import NewJob
from darkroomd.store.culling import Requeue
from darkroomd.store.database import Database
from darkroomd.store.exports import NewExport
from darkroomd.store.journal import read_facts, read_span, write_facts
from darkroomd.store.queue import Ending, Wanted
from make import make_arrival

NOW: Final = 1_700_000_000_000_000
SESSION: Final = SessionId("s")
FAILURE: Final = Failure(code="raw.truncated", message="It is cut off.", transient=False, context={})
CANCELED: Final = Failure(code="canceled", message="It was canceled.", transient=False, context={})

NO_JOB: Final = JobId(0)

Result = TypeVar("Result")
Thing = tuple[str, object]
Value = Item | Job | Photo | Session


@dataclass
class Standing:
    """Work in one session, and the means to take it on; each step is one transaction.

    Attributes:
        job: what is looked at.
        claim: what runs of it.
        told: what the last step told.
    """

    database: Database
    job: JobId = NO_JOB
    claim: Claim | None = None
    told: list[Happening] = field(default_factory=list)

    def step(self, change: Callable[[Database], tuple[Result, Sequence[Happening] | None]]) -> Result:
        """Change something, and keep what that tells."""
        self.told = []
        with self.database.transaction():
            result, told = change(self.database)
            self.told = list(write_facts(self.database, told or []))
        return result

    def open(self) -> None:
        """Make the session."""
        self.step(
            lambda database: arrivals.add_session(
                database, Path("/s"), name="s", session_id=SESSION, now_usec=NOW
            )
        )

    def arrive(self, name: str) -> JobId:
        """Let a photo come, or come again."""
        identity = photo_id(SESSION, name)
        # Each time a file settles a new story begins.
        story = replace(arrival(name), correlation_id=CorrelationId(f"settled-{name}"))
        queued = self.step(
            lambda database: arrivals.arrive(
                database,
                story,
                photo_id=identity,
                kind=JobKind.DEVELOP,
                recipe="jpg",
                now_usec=NOW,
            )
        )
        assert queued.job_id is not None
        return queued.job_id

    def find(self, *names: str) -> JobId:
        """Let photos be found."""
        found = [(photo_id(SESSION, name), arrival(name)) for name in names]
        job = NewJob(JobKind.BACKFILL, SESSION, "found", CorrelationId("b"))
        job_id = self.step(
            lambda database: arrivals.arrive_many(database, found, job=job, recipe="jpg", now_usec=NOW)
        )
        assert job_id is not None
        return job_id

    def start(self) -> Claim | None:
        """Take the next item."""
        self.claim = self.step(
            lambda database: queue.claim(database, Wanted("b", Priority.LOW), now_usec=NOW)
        )
        return self.claim

    def end(self, state: ItemState) -> bool:
        """Let the work end like that; False if nothing runs."""
        item, fence = self.in_hand()
        photo = catalogue.read_photo(self.database, item.photo_id or PhotoId(""))
        ending = Ending(
            state,
            output=output_of(photo) if state is ItemState.COMPLETED else None,
            failure={ItemState.FAILED: FAILURE, ItemState.CANCELED: CANCELED}.get(state),
        )
        return self.step(
            lambda database: _whether(queue.end(database, item, ending, fence=fence, now_usec=NOW))
        )

    def skip_with(self, *others: ItemId) -> bool:
        """Let the work end as skipped, and other items with it; False if nothing runs."""
        item, fence = self.in_hand()
        ending = Ending(ItemState.SKIPPED, along=others)
        return self.step(
            lambda database: _whether(queue.end(database, item, ending, fence=fence, now_usec=NOW))
        )

    def put_back(self) -> bool:
        """Put what runs back; False if nothing runs."""
        item, fence = self.in_hand()
        return self.step(
            lambda database: _whether(
                queue.put_back(
                    database, item, fence=fence, failure=None, retry_at_usec=None, refund=True, now_usec=NOW
                )
            )
        )

    def cancel(self) -> object:
        """Cancel the job."""
        return self.step(
            lambda database: verbs.cancel_jobs(
                database, [self.job], failure=CANCELED, reason="r", now_usec=NOW
            )
        )

    def pause(self) -> object:
        """Hold the job back."""
        return self.step(lambda database: verbs.pause_jobs(database, [self.job], paused=True, now_usec=NOW))

    def resume(self) -> object:
        """Let the job go."""
        return self.step(lambda database: verbs.pause_jobs(database, [self.job], paused=False, now_usec=NOW))

    def retry(self, *, include_canceled: bool) -> object:
        """Retry the job."""
        return self.step(
            lambda database: verbs.retry_jobs(
                database, [self.job], include_canceled=include_canceled, now_usec=NOW
            )
        )

    def discard(self, *names: str) -> object:
        """Discard photos, by default all of the job."""
        photos = [photo_id(SESSION, name) for name in names]
        photos = photos or [item.photo_id for item in self.items() if item.photo_id is not None]
        order = Requeue("jpg", CorrelationId("d"))
        return self.step(
            lambda database: culling.set_discarded(
                database, photos, discarded=True, requeue=order, now_usec=NOW
            )
        )

    def export(self, *names: str, wish: Wish = EVERYTHING) -> exports.Exported | exports.MustStop:
        """Export photos, by default all of the job."""
        photos = [photo_id(SESSION, name) for name in names]
        photos = photos or [item.photo_id for item in self.items() if item.photo_id is not None]
        order = NewExport(SESSION, tuple(photos), "jpg", "export", CorrelationId("e"), wish=wish)
        return self.step(lambda database: exports.start_export(database, order, now_usec=NOW))

    def in_hand(self) -> tuple[Item, int]:
        """Return what runs and its fence; else the first item of the job, and a fence that fits nothing."""
        if self.claim is not None:
            return self.claim.item, self.claim.fence
        return self.items()[0], -1

    def items(self) -> tuple[Item, ...]:
        """Return the items of the job."""
        return catalogue.read_items(self.database, self.job, states=None, cursor=None, limit=99).entries

    def now(self) -> Job:
        """Return the job as it stands."""
        return catalogue.read_job(self.database, self.job)

    def of_job(self) -> dict[Thing, Value]:
        """Return the job and its items as they stand."""
        own = {("item", item.id) for item in self.items()} | {("job", self.job)}
        return {thing: value for thing, value in self.all().items() if thing in own}

    def all(self) -> dict[Thing, Value]:
        """Return everything that can be told of as it stands, jobs without their place among the others."""
        things: dict[Thing, Value] = {}
        connection = self.database._connection
        for [number] in connection.execute("SELECT id FROM item").fetchall():
            things["item", number] = catalogue.read_item_by_id(self.database, ItemId(number))
        for [number] in connection.execute("SELECT id FROM job").fetchall():
            things["job", number] = replace(catalogue.read_job(self.database, JobId(number)), position=None)
        for [name] in connection.execute("SELECT id FROM photo ORDER BY seq").fetchall():
            things["photo", name] = catalogue.read_photo(self.database, PhotoId(name))
        for [name] in connection.execute("SELECT id FROM session").fetchall():
            things["session", name] = catalogue.read_session(self.database, SessionId(name))
        return things


def arrival(name: str) -> Arrival:
    """Return a photo that settled."""
    return make_arrival(name, session_id=SESSION, correlation_id=f"c-{name}")


def output_of(photo: Photo) -> Output:
    """Return an output of the photo as it is."""
    return Output(
        id=output_id(photo.id, "jpg"),
        photo_id=photo.id,
        recipe="jpg",
        path=Path("/s/Jpg") / f"{photo.name}.jpg",
        media_type="image/jpeg",
        size_bytes=100,
        mtime_ns=7,
        sha256="ab",
        inputs=Inputs(raw=photo.fingerprint, raw_sha256="cd", look=photo.look, recipe="r", pipeline="p"),
        created_at_usec=NOW,
    )


def assert_told_once(standing: Standing, before: dict[Thing, Value], *, after_fact: int) -> None:
    """Hold what the last step told to what it changed: each thing once, as it stands, and kept like that."""
    after = standing.all()
    changed = {thing: value for thing, value in after.items() if before.get(thing) != value}
    # New items come with their job, and go with it.
    expected = {thing for thing in changed if thing[0] != "item" or thing in before}
    expected |= {thing for thing in before if thing not in after and thing[0] == "job"}
    told = [_thing_of(happening) for happening in standing.told]

    assert sorted(told, key=str) == sorted(expected, key=str)
    for happening, thing in zip(standing.told, told, strict=True):
        assert _value_of(happening) == after.get(thing)
        assert happening.kind == _kind(before.get(thing), after.get(thing))
    numbers = [happening.sequence for happening in standing.told]
    assert numbers == list(range(after_fact + 1, after_fact + 1 + len(numbers)))
    assert read_facts(standing.database, after=after_fact, limit=1000) == standing.told


def newest_fact(standing: Standing) -> int:
    """Return the number of the last fact."""
    return read_span(standing.database)[1]


def _thing_of(happening: Happening) -> Thing:
    family = happening.kind.partition(".")[0]
    value = getattr(happening, family)
    return family, happening.job_id if value is None else value.id


def _value_of(happening: Happening) -> Value | None:
    value = happening.item or happening.job or happening.photo or happening.session
    return replace(value, position=None) if isinstance(value, Job) else value


def _kind(before: Value | None, after: Value | None) -> str:
    match after:
        case None:
            return "job.removed"
        case Item():
            return "item.updated"
        case Job() if before is not None:
            return "job.updated" if after.ended_at_usec is None else f"job.{after.state}"
        case Photo(state=PhotoState.MISSING):
            return "photo.missing"
    family = {Job: "job.created", Photo: "photo.added", Session: "session.added"}[type(after)]
    return family if before is None else f"{family.partition('.')[0]}.changed"


def _whether(told: Sequence[Happening] | None) -> tuple[bool, Sequence[Happening] | None]:
    return told is not None, told
