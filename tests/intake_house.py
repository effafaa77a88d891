"""A real intake over a real store, and what it told, for tests."""

from __future__ import annotations

import itertools
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import anyio

from darkroom.protocol.types import ItemState
from darkroomd.core.intake import RAW_EXTENSIONS
from darkroomd.core.model import (
    CorrelationId,
    Happening,
    Inputs,
    JobKind,
    Output,
    Photo,
    SessionId,
    WatchMode,
)
from darkroomd.core.naming import output_id, output_name
from darkroomd.core.output_plan import OutputPlan
from darkroomd.core.recipes import Recipe
from darkroomd.core.session_names import session_id
from darkroomd.core.stability import Patience
from darkroomd.files.documents import write_document
from darkroomd.files.fingerprint import sha256_of, stat_of
from darkroomd.services.intake import Intake
from darkroomd.services.presets import Presets
from darkroomd.services.surroundings import IntakeOptions, Surroundings
from darkroomd.store.photo_desk import PhotoDesk
from darkroomd.store.queue import Ending
from darkroomd.store.store import Store, open_store

PLAN: Final = OutputPlan((Recipe(),), "pipeline")
BLIND_SECONDS: Final = 0.4
"""What stands in for ten seconds where nobody can tell who writes."""

PATIENCE_SECONDS: Final = 20.0
"""Bound on every wait; never reached by a test that passes."""


def now_usec() -> int:
    """Return the wall clock."""
    return time.time_ns() // 1000


@dataclass(eq=False)
class House:
    """An intake at work.

    Attributes:
        told: everything that was published, in order.
        on_told: called with each happening at the moment it is told.
    """

    folder: Path
    store: Store
    around: Surroundings
    intake: Intake
    told: list[Happening]
    news: list[anyio.Event] = field(default_factory=lambda: [anyio.Event()])
    on_told: Callable[[Happening], None] = lambda _: None

    def tell(self, happening: Happening) -> None:
        """Take in what is published."""
        self.told.append(happening)
        self.on_told(happening)
        self.news.pop().set()
        self.news.append(anyio.Event())

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition on what was told holds."""
        with anyio.fail_after(PATIENCE_SECONDS):
            while not condition():
                await self.news[-1].wait()

    async def until_told(self, kind: str, name: str, *, times: int = 1) -> Happening:
        """Wait until something was told of a photo so many times; return the last."""
        await self.until(lambda: len(self.of(kind, name)) >= times)
        return self.of(kind, name)[times - 1]

    def of(self, kind: str, name: str) -> list[Happening]:
        """Return what was told of a photo."""
        return [
            one for one in self.told if one.kind == kind and one.photo is not None and one.photo.name == name
        ]

    def jobs(self) -> list[tuple[JobKind, int]]:
        """Return the jobs that were made, with how many photos each had then."""
        return [
            (one.job.kind, one.job.progress.total)
            for one in self.told
            if one.kind == "job.created" and one.job is not None
        ]

    async def until_watched(self, folder: Path, mode: WatchMode = WatchMode.EVENTS) -> None:
        """Wait until a session's folder is observed in this way."""
        with anyio.fail_after(PATIENCE_SECONDS):
            while self.intake.watch_mode(session_id(folder)) is not mode:  # noqa: ASYNC110 - nothing is told
                await anyio.sleep(0.01)

    async def develop_all(self) -> list[Photo]:
        """Do what the queue asks for, without a worker: an output is its photo's name. Write the records."""
        developed: list[Photo] = []
        sessions: set[SessionId] = set()
        while (claim := await self.store.claim(boot="test", now_usec=now_usec())) is not None:
            names = await self.store.photo_names(claim.session.id)
            path = claim.session.folder / "Jpg" / output_name(claim.photo.name, names)
            path.parent.mkdir(exist_ok=True)
            path.write_text(ascii(claim.photo.name))
            found, content = stat_of(path), sha256_of(path)
            raw_content = sha256_of(claim.photo.raw)
            assert found is not None
            assert content is not None
            assert raw_content is not None
            output = Output(
                id=output_id(claim.photo.id, "jpg"),
                photo_id=claim.photo.id,
                recipe="jpg",
                path=path,
                media_type="image/jpeg",
                size_bytes=found.size_bytes,
                mtime_ns=found.mtime_ns,
                sha256=content,
                inputs=Inputs(
                    claim.photo.fingerprint,
                    raw_content,
                    claim.photo.look,
                    PLAN.recipes[0].digest,
                    PLAN.pipeline,
                ),
                created_at_usec=now_usec(),
            )
            ending = Ending(ItemState.COMPLETED, output=output)
            await self.store.end(claim.item, ending, fence=claim.fence, now_usec=now_usec())
            developed.append(claim.photo)
            sessions.add(claim.session.id)
        for one in sessions:
            photos = await self.store.known_photos(one)
            write_document(await self.store.session(one), photos.values())
        return developed


NEVER_SECONDS = 1e9
"""Scans are due at multiples of it on the monotonic clock: one that no machine has come to yet."""


@asynccontextmanager
async def at_work(
    folder: Path,
    *,
    sessions: Sequence[Path] = (),
    roots: Sequence[Path] = (),
    quiet_seconds: float = 0.1,
    scan_seconds: float = NEVER_SECONDS,
    wrap: Callable[[Store], Store] = lambda store: store,
    plan: OutputPlan = PLAN,
) -> AsyncIterator[House]:
    """Run an intake on a store in `folder`; waits are shortened, scans out of the way."""
    numbers = itertools.count(1)
    told: list[Happening] = []
    houses: list[House] = []
    options = IntakeOptions(
        patience=Patience(quiet_seconds=quiet_seconds, blind_seconds=BLIND_SECONDS),
        scan_seconds=scan_seconds,
        poll_seconds=0.2,
        retry_seconds=0.1,
        extensions=RAW_EXTENSIONS,
    )

    def tell(happening: Happening) -> None:
        houses[0].tell(happening)

    async with open_store(folder / "queue.db", tell) as store:
        around = Surroundings(
            store=wrap(store),
            plan=plan,
            options=options,
            publish=tell,
            on_document_dirty=lambda _: None,
            now_usec=now_usec,
            new_correlation_id=lambda: CorrelationId(f"story-{next(numbers)}"),
            presets=Presets(PhotoDesk(store.front), None, now_usec=now_usec),
        )
        intake = Intake(around, sessions=sessions, roots=roots)
        house = House(folder=folder, store=store, around=around, intake=intake, told=told)
        houses.append(house)
        async with anyio.create_task_group() as group:
            await group.start(intake.run)
            yield house
            group.cancel_scope.cancel()
