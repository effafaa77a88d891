"""Receives callers: accepts their connections, bounds them, and ends them in good order."""

from __future__ import annotations

import errno
from contextlib import ExitStack
from typing import Final

import anyio
import structlog
from anyio import abc

from darkroom.errors import LimitReached
from darkroom.wire.messages import Call, Reply
from darkroomd.api.connection import Answer, Connection, Patience
from darkroomd.api.dispatch import refusal
from darkroomd.api.duplex import Duplex, accept, close
from darkroomd.api.listener import Listener
from darkroomd.api.peer import PeerUnknown, peer_of
from darkroomd.api.quota import Quota
from darkroomd.api.requests import Caller
from darkroomd.core.access import AccessPolicy, Peer
from darkroomd.services.metering import Meters

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


class Reception:
    """Has the calls of all connections answered, side by side.

    Args:
        listener: open, and closed by whoever opened it.
        answer: of each call.
        access: who the owner is, for whom there is always room.
        meters: connections are counted there.
        patience: with each peer.
    """

    def __init__(
        self,
        listener: Listener,
        answer: Answer,
        *,
        access: AccessPolicy,
        meters: Meters,
        patience: Patience | None = None,
    ) -> None:
        self._listener = listener
        self._answer = answer
        self._access = access
        self._meters = meters
        self._patience = patience or Patience()
        self._quota = Quota("connections")
        self._connections: dict[Connection, int] = {}
        self._accepting = anyio.CancelScope()
        self._over = anyio.Event()

    def adopt(self, access: AccessPolicy) -> None:
        """Go by this with the connections that come from now on."""
        self._access = access

    async def run(self, *, task_status: abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Receive callers until `stop` has been called and every connection is over, or until cancelled."""
        async with anyio.create_task_group() as group:
            task_status.started()
            with self._accepting:
                await self._accept_all(group)
            close(self._listener.socket)
            self._note_end()
            await self._over.wait()

    async def stop(self) -> None:
        """Accept and begin nothing more, and wait until every connection is over."""
        self._accepting.cancel()
        for connection in tuple(self._connections):
            connection.stop()
        await self._over.wait()

    async def _accept_all(self, group: abc.TaskGroup) -> None:
        while True:
            try:
                streams = await accept(self._listener.socket)
            except OSError as error:
                if error.errno not in _SHORTAGES:
                    raise
                log.warning("connection_not_accepted", problem=str(error))
                await anyio.sleep(SHORTAGE_SECONDS)
            else:
                for stream in streams:
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
                    connection = Connection(stream, peer, self._answer, patience=self._patience)
                    await self._attend(connection, peer)

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
        self._meters.connections.add()
        self._meters.open_connections += 1
        if self._accepting.cancel_called:
            connection.stop()
        try:
            await connection.serve()
        except Exception:
            # One connection is a border: our mistake with this peer must not end the others.
            log.exception("connection_failed")
        finally:
            del self._connections[connection]
            self._meters.open_connections -= 1
            self._note_end()

    def _note_end(self) -> None:
        if self._accepting.cancel_called and not self._connections:
            self._over.set()
