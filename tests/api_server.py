"""A real API server over a real store, and raw clients to talk to it."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from typing import Any, Final, cast

import anyio
from anyio.abc import SocketStream

from darkroom.protocol.types import Failure
from darkroomd.api.connection import Patience
from darkroomd.api.listener import open_listener
from darkroomd.api.server import Server
from darkroomd.bus import Bus
from darkroomd.core.access import AccessPolicy
from darkroomd.core.archive_request import Contents
from darkroomd.core.estimate import Rate
from darkroomd.core.model import (
    Arrival,
    CorrelationId,
    Fingerprint,
    Happening,
    JobId,
    JobKind,
    PhotoId,
    Session,
    SessionId,
    WatchMode,
)
from darkroomd.core.reloading import Reloaded
from darkroomd.core.status import Check, Health
from darkroomd.services.archives import Archives
from darkroomd.services.culling import Culling
from darkroomd.services.disks import Disks
from darkroomd.services.exports import Exports
from darkroomd.services.gatekeeper import Gatekeeper, Schedule
from darkroomd.services.hand import Work
from darkroomd.services.intake import Intake
from darkroomd.services.jobs import Jobs
from darkroomd.services.metering import Meters
from darkroomd.services.outputs import Outputs
from darkroomd.services.places import Whereabouts
from darkroomd.services.presets import Presets
from darkroomd.services.queries import Queries
from darkroomd.services.rescans import Rescans
from darkroomd.services.revisions import Revisions
from darkroomd.services.scheduler import Scheduler
from darkroomd.services.session_records import SessionRecords
from darkroomd.services.stories import Stories
from darkroomd.store.arrivals import Queued
from darkroomd.store.desk import JobDesk
from darkroomd.store.history import History
from darkroomd.store.photo_desk import PhotoDesk
from darkroomd.store.places import PlaceBook
from darkroomd.store.store import Store, open_store

NOW: Final = 1_700_000_000_000_000
INSTANCE: Final = "boot1"
IDENTITY: Final = "database1"
PATIENCE_SECONDS: Final = 30.0
"""Bound on every wait of a client; never reached by a test that passes."""


@dataclass
class StillScheduler:
    """A scheduler that starts nothing; it counts how often it was told to stop what runs."""

    rate: Rate = field(default_factory=Rate)
    work: Work | None = None
    interruptions: int = 0
    workers: int = 1

    def work_on(self, item_id: int | None) -> Work | None:
        return self.work if self.work is not None and self.work.item_id == item_id else None

    async def interrupt(
        self, *, job_ids: Collection[JobId] | None = None, failure: Failure | None = None
    ) -> None:
        del failure
        self.interruptions += job_ids is None

    @asynccontextmanager
    async def aside(self, _photo_ids: Collection[PhotoId]) -> AsyncGenerator[None, None]:
        yield

    async def settle(self) -> None:
        await anyio.lowlevel.checkpoint()


class StillIntake:
    """An intake that watches every session by events."""

    def watch_mode(self, _session: SessionId) -> WatchMode:
        return WatchMode.EVENTS


@dataclass
class Client:
    """A connection and what was received on it but not yet asked for."""

    stream: SocketStream
    terminator: bytes = b"\0"
    _buffer: bytearray = field(default_factory=bytearray)

    async def send(self, data: bytes) -> None:
        await self.stream.send(data)

    async def call(self, method: str, parameters: dict[str, Any] | None = None, **flags: bool) -> None:
        message = {"method": method, "parameters": parameters or {}, **flags}
        await self.send(json.dumps(message).encode() + b"\0")

    async def ask(self, method: str, parameters: dict[str, Any] | None = None) -> dict[str, Any]:
        await self.call(f"io.darkroomd.Darkroom.{method}", parameters)
        return await self.reply()

    async def reply(self) -> dict[str, Any]:
        """Return the next reply; `EOFError` where the daemon has closed the connection."""
        with anyio.fail_after(PATIENCE_SECONDS):
            while (end := self._buffer.find(self.terminator)) < 0:
                try:
                    self._buffer += await self.stream.receive()
                except (anyio.EndOfStream, anyio.BrokenResourceError):
                    raise EOFError from None
        message = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return cast("dict[str, Any]", json.loads(message))

    async def event(self) -> dict[str, Any]:
        """Return the event of the next reply to `Watch`."""
        reply = await self.reply()
        return cast("dict[str, Any]", reply["parameters"]["event"])

    async def rest(self) -> bytes:
        """Return all that comes until the daemon closes the connection."""
        with anyio.fail_after(PATIENCE_SECONDS):
            while True:
                try:
                    self._buffer += await self.stream.receive()
                except (anyio.EndOfStream, anyio.BrokenResourceError):
                    return bytes(self._buffer)


@dataclass
class Serving:
    """A running server and what stands behind it."""

    path: Path
    server: Server
    store: Store
    bus: Bus[Happening]
    scheduler: StillScheduler
    gate: Gatekeeper
    queries: Queries
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[Client, None]:
        async with await anyio.connect_unix(self.path) as stream:
            yield Client(stream)

    async def exchange(self, data: bytes) -> bytes:
        """Return all that comes back for these bytes and the end of the sending half."""
        async with self.client() as client:
            await client.send(data)
            await client.stream.send_eof()
            return await client.rest()

    async def exchange_in_pieces(self, pieces: list[bytes]) -> bytes:
        """Do the same with bytes that come one piece after the other; the daemon may have enough before."""
        async with self.client() as client:
            try:
                for piece in pieces:
                    await client.send(piece)
                    await anyio.lowlevel.checkpoint()
                await client.stream.send_eof()
            except (anyio.BrokenResourceError, OSError):
                return await client.rest()
            return await client.rest()

    async def add_session(self, name: str = "wedding") -> Session:
        return await self.store.add_session(
            Path("/photos") / name, name=name, session_id=SessionId(f"{name}-1"), now_usec=NOW
        )

    async def add_photo(self, session: Session, name: str = "A.NEF") -> Queued:
        number = next(self.numbers)
        arrival = Arrival(
            session_id=session.id,
            name=name,
            fingerprint=Fingerprint(device=1, inode=number, size_bytes=9, mtime_ns=5, ctime_ns=6),
            look="look-1",
            preset_id="neutral",
            unsupported=(),
            warnings=(),
            correlation_id=CorrelationId(f"c-{number}"),
            arrived_at_usec=NOW,
        )
        return await self.store.arrive(arrival, kind=JobKind.DEVELOP, recipe="jpg", now_usec=NOW)


async def no_figures() -> str:
    """Say that nothing is measured."""
    await anyio.lowlevel.checkpoint()
    return "# EOF\n"


async def nothing_new() -> Reloaded:
    """Say that the configuration is as it was."""
    await anyio.lowlevel.checkpoint()
    return Reloaded(changed=(), warnings=())


@asynccontextmanager
async def serving(
    folder: Path,
    *,
    access: AccessPolicy | None = None,
    patience: Patience | None = None,
    checks: tuple[Callable[[], Awaitable[Check]], ...] = (),
) -> AsyncGenerator[Serving, None]:
    """Serve an empty store at `folder/d.sock`; stop in good order at the end."""

    async def check_up() -> tuple[Check, ...]:
        return tuple([await check() for check in checks])

    bus = Bus[Happening]()
    scheduler = StillScheduler()
    about = Health(version="0.1.0", pid=os.getpid(), instance=INSTANCE, started_at_usec=NOW)
    async with (
        open_listener(folder / "d.sock", group=None if access is None else access.group) as listener,
        open_store(folder / "queue.db", bus.publish) as store,
        anyio.create_task_group() as group,
    ):
        history = History(store.front)
        looked = anyio.Event()
        looked.set()
        gate = Gatekeeper(history, bus.publish, schedule=Schedule(), now_usec=lambda: NOW)
        await gate.load()
        intake = cast("Intake", StillIntake())
        jobs = Jobs(JobDesk(store.front), cast("Scheduler", scheduler), gate, now_usec=lambda: NOW)
        queries = Queries(
            store=store,
            scheduler=cast("Scheduler", scheduler),
            gate=gate,
            history=history,
            told_of=Stories(lambda: NOW).told_of,
            zone=UTC,
            intake=intake,
            about=about,
            check_up=check_up,
        )
        presets = Presets(PhotoDesk(store.front), folder / "presets", now_usec=lambda: NOW)
        server = Server(
            listener,
            queries,
            jobs,
            bus,
            presets=presets,
            culling=Culling(
                Revisions(
                    PhotoDesk(store.front),
                    recipe="jpg",
                    on_document_dirty=lambda _: None,
                    now_usec=lambda: NOW,
                    new_correlation_id=lambda: CorrelationId("c-again"),
                ),
                presets,
                scheduler,
                Disks(),
                now_usec=lambda: NOW,
            ),
            places=Whereabouts(
                PlaceBook(store.front),
                intake,
                jobs,
                gate,
                SessionRecords(store),
                presets=presets,
                now_usec=lambda: NOW,
                on_canceled=anyio.lowlevel.checkpoint,
            ),
            # What looks at folders is tried with the real daemon.
            rescans=cast("Rescans", None),
            exports=cast("Exports", None),
            archives=Archives(
                store,
                intake,
                destination=None,
                contents=Contents.BOTH,
                now_usec=lambda: NOW,
                new_correlation_id=lambda: CorrelationId("c-filed"),
            ),
            outputs=Outputs(store.front),
            identity=await history.identity(otherwise=IDENTITY),
            version="0.1.0",
            access=access or AccessPolicy(owner_uid=os.getuid()),
            reload=nothing_new,
            figures=no_figures,
            meters=Meters(),
            looked=looked,
            now_usec=lambda: NOW,
            patience=patience,
        )
        await group.start(server.run)
        yield Serving(folder / "d.sock", server, store, bus, scheduler, gate, queries)
        with anyio.fail_after(PATIENCE_SECONDS):
            await server.stop()
