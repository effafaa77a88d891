"""The daemon's side of the socket: every method, and those who are told what happens."""

from __future__ import annotations

from collections.abc import Callable

import anyio
from anyio import abc

from darkroomd.api.connection import Patience
from darkroomd.api.deferral import deferred
from darkroomd.api.dispatch import Dispatcher
from darkroomd.api.handlers.archiving import ArchiveHandlers
from darkroomd.api.handlers.culling import CullingHandlers
from darkroomd.api.handlers.daemon import DaemonHandlers, OnReload
from darkroomd.api.handlers.history import HistoryHandlers
from darkroomd.api.handlers.jobs import JobHandlers
from darkroomd.api.handlers.metrics import Gather, MetricsHandlers
from darkroomd.api.handlers.outputs import OutputHandlers
from darkroomd.api.handlers.places import PlaceHandlers
from darkroomd.api.handlers.presets import PresetHandlers
from darkroomd.api.handlers.queue import QueueHandlers
from darkroomd.api.handlers.service import ServiceHandlers
from darkroomd.api.handlers.sessions import SessionHandlers
from darkroomd.api.handlers.starting import StartingHandlers
from darkroomd.api.handlers.steering import SteeringHandlers
from darkroomd.api.handlers.watch import WatchHandlers
from darkroomd.api.hub import Hub
from darkroomd.api.listener import Listener
from darkroomd.api.metered import MeteredAnswer
from darkroomd.api.reception import Reception
from darkroomd.bus import Bus
from darkroomd.core.access import AccessPolicy
from darkroomd.core.model import Happening
from darkroomd.services.archives import Archives
from darkroomd.services.culling import Culling
from darkroomd.services.exports import Exports
from darkroomd.services.jobs import Jobs
from darkroomd.services.metering import Meters
from darkroomd.services.outputs import Outputs
from darkroomd.services.places import Whereabouts
from darkroomd.services.presets import Presets
from darkroomd.services.queries import Queries
from darkroomd.services.rescans import Rescans


class Server:
    """Serves all interfaces at a listener.

    Args:
        listener: open, and closed by whoever opened it.
        queries: where the answers come from.
        jobs: what callers can do to the queue.
        presets: which there are, and the choice of each session.
        culling: what callers can do to photos.
        places: where photos are looked for.
        rescans: looks through sessions on request.
        exports: starts them.
        archives: starts them.
        outputs: opens them.
        bus: what happens is told here.
        identity: names the database in cursors.
        version: of the daemon.
        access: who may what.
        reload: reads the configuration again.
        figures: gathers what monitoring wants to know.
        meters: calls and connections are counted there.
        looked: set once it is known what lies in the folders.
        now_usec: microseconds since the Unix epoch, UTC.
    """

    def __init__(
        self,
        listener: Listener,
        queries: Queries,
        jobs: Jobs,
        bus: Bus[Happening],
        *,
        presets: Presets,
        culling: Culling,
        places: Whereabouts,
        rescans: Rescans,
        exports: Exports,
        archives: Archives,
        outputs: Outputs,
        identity: str,
        version: str,
        access: AccessPolicy,
        reload: OnReload,
        figures: Gather,
        meters: Meters,
        looked: anyio.Event,
        now_usec: Callable[[], int],
        patience: Patience | None = None,
    ) -> None:
        self._hub = Hub(bus, queries, identity=identity, now_usec=now_usec)
        self._archiving = ArchiveHandlers(archives, allowed_roots=access.allowed_roots)
        self._places = PlaceHandlers(places, rescans, queries, allowed_roots=access.allowed_roots)
        handlers = {
            **ServiceHandlers(version=version).table(),
            **DaemonHandlers(queries, self._hub, reload=reload).table(),
            **SessionHandlers(queries).table(),
            **QueueHandlers(queries, jobs, self._hub, now_usec=now_usec).table(),
            **JobHandlers(queries, self._hub).table(),
            **SteeringHandlers(jobs).table(),
            **StartingHandlers(exports).table(),
            **self._archiving.table(),
            **PresetHandlers(presets, culling, queries).table(),
            **CullingHandlers(culling).table(),
            **self._places.table(),
            **OutputHandlers(outputs).table(),
            **HistoryHandlers(queries, self._hub).table(),
            **WatchHandlers(self._hub).table(),
            **MetricsHandlers(figures).table(),
        }
        self._dispatcher = Dispatcher(deferred(handlers, until=looked), access)
        answer = MeteredAnswer(self._dispatcher.answer, meters)
        self._reception = Reception(listener, answer, access=access, meters=meters, patience=patience)

    def adopt(self, access: AccessPolicy) -> None:
        """Go by this with the calls that come from now on; streams that run are not ended by it."""
        self._dispatcher.adopt(access)
        self._reception.adopt(access)
        self._archiving.adopt(access.allowed_roots)
        self._places.adopt(access.allowed_roots)

    async def run(self, *, task_status: abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Serve until `stop` has been called and every connection is over, or until cancelled."""
        async with anyio.create_task_group() as group:
            await group.start(self._hub.run)
            task_status.started()
            await self._reception.run()
            group.cancel_scope.cancel()

    async def stop(self) -> None:
        """Tell watchers, accept and begin nothing more, and wait until every connection is over."""
        self._hub.stop()
        await self._reception.stop()
