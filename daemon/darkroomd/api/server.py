"""The daemon's side of the socket: accepts connections, bounds them, and ends them in good order."""

from __future__ import annotations

import errno
from collections.abc import Callable
from contextlib import ExitStack
from typing import Final

import anyio
import structlog
from anyio import abc

from darkroom.errors import LimitReached
from darkroom.wire.messages import Call, Reply
from darkroomd.api.connection import Connection, Patience
from darkroomd.api.dispatch import Dispatcher, refusal
from darkroomd.api.duplex import Duplex, accept, close
from darkroomd.api.handlers.culling import CullingHandlers
from darkroomd.api.handlers.daemon import DaemonHandlers
from darkroomd.api.handlers.history import HistoryHandlers
from darkroomd.api.handlers.jobs import JobHandlers
from darkroomd.api.handlers.outputs import OutputHandlers
from darkroomd.api.handlers.places import PlaceHandlers
from darkroomd.api.handlers.presets import PresetHandlers
from darkroomd.api.handlers.queue import QueueHandlers
from darkroomd.api.handlers.service import ServiceHandlers
from darkroomd.api.handlers.sessions import SessionHandlers
from darkroomd.api.handlers.steering import SteeringHandlers
from darkroomd.api.handlers.watch import WatchHandlers
from darkroomd.api.hub import Hub
from darkroomd.api.listener import Listener
from darkroomd.api.peer import PeerUnknown, peer_of
from darkroomd.api.quota import Quota
from darkroomd.api.requests import Caller
from darkroomd.bus import Bus
from darkroomd.core.access import AccessPolicy, Peer
from darkroomd.core.model import Happening
from darkroomd.services.culling import Culling
from darkroomd.services.jobs import Jobs
from darkroomd.services.outputs import Outputs
from darkroomd.services.places import Whereabouts
from darkroomd.services.presets import Presets
from darkroomd.services.queries import Queries
from darkroomd.services.rescans import Rescans

CONNECTIONS_PER_USER: Final = 64
CONNECTIONS_IN_ALL: Final = 256
"""Of all users together, those that are being turned away included."""

CONNECTIONS_OF_OTHERS: Final = 192
"""Of all users together but the owner and root, who can always call."""

TURN_AWAY_SECONDS: Final = 5.0
"""How long one connection too many may take to send the call that is answered with `LimitReached`."""

SHORTAGE_SECONDS: Final = 0.5
"""How long to wait where the system has no room for a connection."""

_SHORTAGES: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.ECONNABORTED})

log = structlog.get_logger()


class Server:
    """Serves both interfaces at a listener.

    Args:
        listener: open, and closed by whoever opened it.
        queries: where the answers come from.
        jobs: what callers can do to the queue.
        presets: which there are, and the choice of each session.
        culling: what callers can do to photos.
        places: where photos are looked for.
        rescans: looks through sessions on request.
        outputs: opens them.
        bus: what happens is told here.
        identity: names the database in cursors.
        version: of the daemon.
        access: who may what.
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
        outputs: Outputs,
        identity: str,
        version: str,
        access: AccessPolicy,
        now_usec: Callable[[], int],
        patience: Patience | None = None,
    ) -> None:
        self._listener = listener
        self._hub = Hub(bus, queries, identity=identity, now_usec=now_usec)
        handlers = {
            **ServiceHandlers(version=version).table(),
            **DaemonHandlers(queries, self._hub).table(),
            **SessionHandlers(queries).table(),
            **QueueHandlers(queries, jobs, self._hub, now_usec=now_usec).table(),
            **JobHandlers(queries, self._hub).table(),
            **SteeringHandlers(jobs).table(),
            **PresetHandlers(presets, culling, queries).table(),
            **CullingHandlers(culling).table(),
            **PlaceHandlers(places, rescans, queries, allowed_roots=access.allowed_roots).table(),
            **OutputHandlers(outputs).table(),
            **HistoryHandlers(queries, self._hub).table(),
            **WatchHandlers(self._hub).table(),
        }
        self._access = access
        self._dispatcher = Dispatcher(handlers, access)
        self._patience = patience or Patience()
        self._quota = Quota("connections")
        self._connections: dict[Connection, int] = {}
        self._accepting = anyio.CancelScope()
        self._over = anyio.Event()

    async def run(self, *, task_status: abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Serve until `stop` has been called and every connection is over, or until cancelled."""
        async with anyio.create_task_group() as group:
            await group.start(self._hub.run)
            task_status.started()
            with self._accepting:
                await self._accept_all(group)
            close(self._listener.socket)
            self._note_end()
            await self._over.wait()
            group.cancel_scope.cancel()

    async def stop(self) -> None:
        """Tell watchers, accept and begin nothing more, and wait until every connection is over."""
        self._hub.stop()
        self._accepting.cancel()
        for connection in tuple(self._connections):
            connection.stop()
        await self._over.wait()

    async def _accept_all(self, group: abc.TaskGroup) -> None:
        while True:
            try:
                stream = await accept(self._listener.socket)
            except OSError as error:
                if error.errno not in _SHORTAGES:
                    raise
                log.warning("connection_not_accepted", problem=str(error))
                await anyio.sleep(SHORTAGE_SECONDS)
            else:
                group.start_soon(self._serve, stream)

    async def _serve(self, stream: Duplex) -> None:
        with stream:
            try:
                peer = peer_of(stream.socket)
            except PeerUnknown as unknown:
                log.warning("peer_unknown", problem=str(unknown))
                return
            if self._is_full(peer.uid):
                log.warning("connections_exhausted", uid=peer.uid)
                return
            with ExitStack() as held:
                try:
                    held.enter_context(self._quota.take(peer.uid, maximum=CONNECTIONS_PER_USER))
                except LimitReached as reached:
                    log.info("connection_turned_away", uid=peer.uid, pid=peer.pid)
                    await self._turn_away(stream, peer, reached)
                else:
                    answer = self._dispatcher.answer
                    await self._attend(Connection(stream, peer, answer, patience=self._patience), peer)

    async def _turn_away(self, stream: Duplex, peer: Peer, reached: LimitReached) -> None:
        """Answer the first call, so that the client learns why, and no other."""

        async def refuse(_call: Call, _caller: Caller) -> Reply:
            connection.stop()
            return refusal(reached)

        connection = Connection(stream, peer, refuse, patience=self._patience)
        with anyio.move_on_after(TURN_AWAY_SECONDS):
            await self._attend(connection, peer)

    def _is_full(self, uid: int) -> bool:
        """Tell whether there is no room for one more connection of a user."""
        if self._access.is_owner(uid):
            return len(self._connections) >= CONNECTIONS_IN_ALL
        others = sum(not self._access.is_owner(other) for other in self._connections.values())
        return others >= CONNECTIONS_OF_OTHERS

    async def _attend(self, connection: Connection, peer: Peer) -> None:
        self._connections[connection] = peer.uid
        if self._accepting.cancel_called:
            connection.stop()
        try:
            await connection.serve()
        except Exception:
            # One connection is a border: our mistake with this peer must not end the others.
            log.exception("connection_failed")
        finally:
            del self._connections[connection]
            self._note_end()

    def _note_end(self) -> None:
        if self._accepting.cancel_called and not self._connections:
            self._over.set()
