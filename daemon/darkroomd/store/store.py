"""The asynchronous front of the store: one writer thread, two reader threads, one transaction a call."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from typing import Final

from anyio import to_thread

from darkroom.protocol.types import Failure, ItemState, JobFilter, Priority
from darkroomd.core.damage import Damage
from darkroomd.core.freshness import OutputFile
from darkroomd.core.model import (
    Arrival,
    Claim,
    Fingerprint,
    Happening,
    Item,
    ItemId,
    Job,
    JobId,
    JobKind,
    Output,
    Page,
    Photo,
    PhotoId,
    Session,
    SessionId,
)
from darkroomd.core.naming import photo_id
from darkroomd.store import arrivals, background, catalogue, queue, restoring, verbs
from darkroomd.store.arrivals import NewJob, Queued
from darkroomd.store.database import Database, open_reader
from darkroomd.store.front import Front
from darkroomd.store.outputs import put_outputs
from darkroomd.store.queue import Ending, Wanted
from darkroomd.store.remembered import Remembered
from darkroomd.store.rescue import open_rescued
from darkroomd.store.restoring import Restored
from darkroomd.store.rows import output_from


@asynccontextmanager
async def open_store(
    path: Path, publish: Callable[[Happening], None], *, backups: Path | None = None
) -> AsyncGenerator[Store]:
    """Open the database at `path`; each committed change is told to `publish`, in order.

    One that is damaged is moved aside and begun anew, with what `backups` know: see `Store.damage`.

    Raises:
        StateTooNew, UpgradeRefused, StateUnusable: see `open_database`.
    """
    writer, damage = await to_thread.run_sync(partial(open_rescued, path, backups=backups))
    # The last one to be closed folds the write-ahead log in: a few milliseconds at the end of the process.
    with (
        closing(writer),
        closing(await to_thread.run_sync(open_reader, path)) as reader,
        closing(await to_thread.run_sync(open_reader, path)) as at_length,
    ):
        yield Store(Front(writer, reader, at_length, publish), damage)


class Store:
    """Sessions, photos, outputs, jobs and items.

    What a cancelled caller began is finished: a change is committed and told, or did not happen.
    `damage` is what was moved aside when this store was opened, and is now begun anew; `totals` are the
    counters of the whole queue.
    """

    def __init__(self, front: Front, damage: Damage | None = None) -> None:
        self.front: Final = front
        self.damage: Final = damage
        self.totals: Final = Remembered(front, catalogue.read_totals)

    async def add_session(self, folder: Path, *, name: str, session_id: SessionId, now_usec: int) -> Session:
        """Make the session known, or return it as it is already known by its folder."""
        return await self.front.write(
            lambda database: arrivals.add_session(
                database, folder, name=name, session_id=session_id, now_usec=now_usec
            )
        )

    async def arrive(self, arrival: Arrival, *, kind: JobKind, recipe: str, now_usec: int) -> Queued:
        """Record a settled photo and queue it, unless an item for it is live already."""
        identity = photo_id(arrival.session_id, arrival.name)
        return await self.front.write(
            lambda database: arrivals.arrive(
                database, arrival, photo_id=identity, kind=kind, recipe=recipe, now_usec=now_usec
            )
        )

    async def arrive_many(
        self,
        found: Sequence[Arrival],
        *,
        job: NewJob,
        recipe: str,
        into: JobId | None = None,
        now_usec: int,
    ) -> JobId | None:
        """Record photos found without output and queue them as one job; None if all were queued before.

        They join the job `into` as long as that has not ended.
        """
        named = [(photo_id(arrival.session_id, arrival.name), arrival) for arrival in found]
        return await self.front.write(
            lambda database: arrivals.arrive_many(
                database, named, job=job, recipe=recipe, into=into, now_usec=now_usec
            )
        )

    async def restore(self, session_id: SessionId, restored: Sequence[Restored], *, now_usec: int) -> None:
        """Record photos of a session as they are by its own record, or were before they were missing.

        None is queued.
        """
        await self.front.write(
            lambda database: (None, restoring.restore(database, session_id, restored, now_usec=now_usec))
        )

    async def refresh_fingerprints(
        self, session_id: SessionId, found: Sequence[tuple[PhotoId, Fingerprint]], *, now_usec: int
    ) -> None:
        """Record that the same contents of photos of a session now stand under other fingerprints."""
        await self.front.write(
            lambda database: (
                None,
                restoring.refresh_fingerprints(database, session_id, found, now_usec=now_usec),
            )
        )

    async def photos_named(self, session_id: SessionId, names: Sequence[str]) -> dict[str, Photo]:
        """Return the photos of a session that have these file names and are known, by file name."""

        def read(database: Database) -> dict[str, Photo]:
            session = catalogue.read_session(database, session_id)
            found = ((name, catalogue.find_photo(database, session, name)) for name in names)
            return {name: photo for name, photo in found if photo is not None}

        return await self.front.read(read)

    async def mark_aged(self, session_id: SessionId, photo_ids: Sequence[PhotoId], *, now_usec: int) -> int:
        """Show developed photos as outdated that only another pipeline would develop differently.

        None is queued. Returns how many changed.
        """
        return await self.front.write(
            lambda database: arrivals.mark_aged(database, session_id, photo_ids, now_usec=now_usec)
        )

    async def mark_renewed(
        self, session_id: SessionId, photo_ids: Sequence[PhotoId], *, now_usec: int
    ) -> int:
        """Show photos as developed again that `mark_aged` was about; return how many changed."""
        return await self.front.write(
            lambda database: arrivals.mark_renewed(database, session_id, photo_ids, now_usec=now_usec)
        )

    async def mark_missing(self, photo_id: PhotoId, *, recipe: str, failure: Failure, now_usec: int) -> None:
        """Record that the RAW file is gone; what was queued for it is canceled."""
        await self.front.write(
            lambda database: (
                None,
                arrivals.mark_missing(database, photo_id, recipe=recipe, failure=failure, now_usec=now_usec),
            )
        )

    async def claim(
        self,
        *,
        boot: str,
        now_usec: int,
        least_priority: Priority = Priority.LOW,
        waiting_sessions: Collection[SessionId] = (),
        longest_wait_usec: int | None = None,
        waiting_jobs: Collection[JobId] = (),
    ) -> Claim | None:
        """Take the next item to work on, if any may start now.

        Nothing below `least_priority` and nothing of `waiting_sessions` and `waiting_jobs` is taken. A retry
        that is due later than in `longest_wait_usec` was put off before the clock was set back: it is due
        after that time.
        """
        wanted = Wanted(boot, least_priority, waiting_sessions, longest_wait_usec, waiting_jobs)
        return await self.claim_wanted(wanted, now_usec=now_usec)

    async def claim_wanted(self, wanted: Wanted, *, now_usec: int) -> Claim | None:
        """Do as `claim` does."""
        return await self.front.write(lambda database: queue.claim(database, wanted, now_usec=now_usec))

    async def record_intent(self, item: Item, *, fence: int, intent: str) -> bool:
        """Commit what is about to be renamed into place; False if the claim is stale."""
        return await self.front.write(
            lambda database: (queue.record_intent(database, item, fence=fence, intent=intent), [])
        )

    async def end(self, item: Item, ending: Ending, *, fence: int, now_usec: int) -> bool:
        """Record how the claimed item ended; False, and nothing changed, if the claim is stale."""

        def change(database: Database) -> tuple[bool, list[Happening]]:
            happenings = queue.end(database, item, ending, fence=fence, now_usec=now_usec)
            return happenings is not None, happenings or []

        return await self.front.write(change)

    async def end_and_claim(
        self, item: Item, ending: Ending, *, fence: int, wanted: Wanted, now_usec: int
    ) -> tuple[bool, Claim | None]:
        """Do as `end` and then `claim` do, in one transaction: both are recorded, or neither is."""
        return await self.front.write(
            lambda database: queue.end_and_claim(
                database, item, ending, fence=fence, wanted=wanted, now_usec=now_usec
            )
        )

    async def put_back(
        self,
        item: Item,
        *,
        fence: int,
        failure: Failure | None,
        retry_at_usec: int | None,
        refund: bool,
        now_usec: int,
    ) -> bool:
        """Queue the claimed item again; with `refund` its attempt does not count."""

        def change(database: Database) -> tuple[bool, list[Happening]]:
            happenings = queue.put_back(
                database,
                item,
                fence=fence,
                failure=failure,
                retry_at_usec=retry_at_usec,
                refund=refund,
                now_usec=now_usec,
            )
            return happenings is not None, happenings or []

        return await self.front.write(change)

    async def takes_over(self, job: Job, *, reason: str) -> bool:
        """Tell whether the job goes on with what another one left that was stopped for this reason."""
        return await self.front.read(lambda database: background.takes_over(database, job, reason=reason))

    async def stop_job(self, job_id: JobId, *, reason: str, now_usec: int) -> bool:
        """Cancel what is left of a job, which has failed; return whether there was anything left.

        Nothing of the job may be started meanwhile. Killed in between, some of it still waits.
        """
        failure = Failure(
            code="canceled",
            message="The job was stopped before this photo, since too many others failed. What is not "
            "developed is tried in the background; retry the job once the cause is gone.",
            transient=False,
            context={"reason": reason},
        )

        def change(database: Database) -> tuple[tuple[bool, bool], Sequence[Happening]]:
            stopped, happenings = verbs.cancel_jobs(
                database, [job_id], failure=failure, reason=reason, by_client=False, now_usec=now_usec
            )
            return (bool(stopped), verbs.has_waiting(database, job_id)), happenings

        stopped, more = await self.front.write(change)
        while more:
            _, more = await self.front.write(change)
        return stopped

    async def go_on_canceling(self, *, now_usec: int) -> bool:
        """Cancel some of what waits in a job that a client canceled; False: there is no such job."""
        return await self.front.write(lambda database: verbs.go_on_canceling(database, now_usec=now_usec))

    async def left_running(self) -> list[tuple[Item, str | None]]:
        """Return the items that are running by the record, each with its committed intent."""
        return await self.front.read(
            lambda database: [
                (catalogue.read_item(database, row), row["intent"]) for row in database.all("running_items")
            ]
        )

    async def next_retry_usec(self) -> int | None:
        """Return when the earliest item that waits for its retry may start."""

        def read(database: Database) -> int | None:
            row = database.one("next_retry")
            return None if row is None else row["at"]

        return await self.front.read(read)

    async def known_photos(self, session_id: SessionId) -> dict[str, Photo]:
        """Return all photos of a session by file name."""
        return await self.front.read_at_length(
            lambda database: catalogue.read_known_photos(database, session_id)
        )

    async def photo_names(self, session_id: SessionId) -> tuple[str, ...]:
        """Return the file names of all photos of a session."""
        return await self.front.read_at_length(
            lambda database: tuple(
                os.fsdecode(row["name"]) for row in database.all("photo_names", session_id=session_id)
            )
        )

    async def developed_outputs(self, session_id: SessionId, *, recipe: str) -> dict[str, OutputFile]:
        """Return the recorded outputs by a recipe of the developed photos of a session, by file name."""
        return await self.front.read_at_length(
            lambda database: {
                os.fsdecode(row["name"]): OutputFile(Path(os.fsdecode(row["path"])), row["size_bytes"])
                for row in database.all("developed_outputs", session_id=session_id, recipe=recipe)
            }
        )

    async def photo_ids(self, session_id: SessionId, names: Sequence[str]) -> list[PhotoId]:
        """Return the ids of those photos of a session that are known."""

        def read(database: Database) -> list[PhotoId]:
            found = (
                database.one("photo_by_name", session_id=session_id, name=os.fsencode(name)) for name in names
            )
            return [PhotoId(row["id"]) for row in found if row is not None]

        return await self.front.read(read)

    async def put_outputs(self, outputs: Sequence[Output], *, now_usec: int) -> None:
        """Record outputs that stand in their places while the work on their photo goes on."""
        await self.front.write(lambda database: (None, put_outputs(database, outputs, now_usec=now_usec)))

    async def output_at(self, path: Path) -> Output | None:
        """Return the newest record of an output that was published under this path."""

        def read(database: Database) -> Output | None:
            row = database.one("output_at", path=os.fsencode(path))
            return None if row is None else output_from(row)

        return await self.front.read(read)

    async def session(self, session_id: SessionId) -> Session:
        """Return the session; raise `NoSuchSession`."""
        return await self.front.read(lambda database: catalogue.read_session(database, session_id))

    async def sessions(self, *, cursor: str | None, limit: int) -> Page[Session]:
        """Return a page of sessions."""
        return await self.front.read(
            lambda database: catalogue.read_sessions(database, cursor=cursor, limit=limit)
        )

    async def photo(self, photo_id: PhotoId) -> Photo:
        """Return the photo; raise `NoSuchPhoto`."""
        return await self.front.read(lambda database: catalogue.read_photo(database, photo_id))

    async def photos(
        self,
        session_id: SessionId,
        *,
        states: Sequence[str] | None,
        discarded: bool | None,
        cursor: str | None,
        limit: int,
    ) -> Page[Photo]:
        """Return a page of a session's photos; raise `NoSuchSession`, `InvalidCursor`."""
        return await self.front.read(
            lambda database: catalogue.read_photos(
                database, session_id, states=states, discarded=discarded, cursor=cursor, limit=limit
            )
        )

    async def job(self, job_id: JobId) -> Job:
        """Return the job; raise `NoSuchJob`."""
        return await self.front.read(lambda database: catalogue.read_job(database, job_id))

    async def jobs(
        self, job_filter: JobFilter | None, *, by_position: bool, cursor: str | None, limit: int
    ) -> Page[Job]:
        """Return a page of jobs; raise `InvalidCursor`."""
        return await self.front.read(
            lambda database: catalogue.read_jobs(
                database, job_filter, by_position=by_position, cursor=cursor, limit=limit
            )
        )

    async def item(self, item_id: ItemId) -> Item:
        """Return the item; raise `NoSuchItem`."""
        return await self.front.read(lambda database: catalogue.read_item_by_id(database, item_id))

    async def items(
        self, job_id: JobId, *, states: Sequence[ItemState] | None, cursor: str | None, limit: int
    ) -> Page[Item]:
        """Return a page of a job's items; raise `NoSuchJob`, `InvalidCursor`."""
        return await self.front.read(
            lambda database: catalogue.read_items(database, job_id, states=states, cursor=cursor, limit=limit)
        )
