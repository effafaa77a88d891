"""Work that is held back for as long as a connection lives."""

from __future__ import annotations

from types import TracebackType
from typing import Final, Self

from darkroom.aio.connection import Connection
from darkroom.aio.exchange import accepted
from darkroom.client.reading import value_in
from darkroom.errors import ConnectionLost, DarkroomError
from darkroom.protocol import replies
from darkroom.wire.messages import Reply


class Inhibition:
    """Holds back work until it is released or the program ends, however it ends.

    The daemon gives a sign of life every 20 seconds. Whoever holds work back for longer than an hour has to
    take them with `in_force` now and then: a daemon that finds nobody who listens lets go.

    Attributes:
        inhibitor_id: as in the daemon's list of inhibitors.
    """

    def __init__(self, connection: Connection, inhibitor_id: int) -> None:
        self.inhibitor_id: Final = inhibitor_id
        self._connection: Connection | None = connection

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def release(self) -> None:
        """Let work go on; a second time changes nothing."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.finish()

    def in_force(self) -> bool:
        """Tell without waiting whether work is still held back; once it is not, it never is again.

        It is over after `release`, and when the daemon has gone away.
        """
        try:
            while self._connection is not None and (reply := self._connection.receive_now()) is not None:
                _still_held(reply)
        except DarkroomError:
            self.release()
        return self._connection is not None


def held_on(connection: Connection, reply: Reply) -> Inhibition:
    """Return the inhibition that a first reply grants; it closes the connection in the end."""
    inhibitor_id = value_in(_still_held(reply).parameters, replies.InhibitReply).inhibitor_id
    return Inhibition(connection, inhibitor_id)


def _still_held(reply: Reply) -> Reply:
    """Return a reply after which the inhibitor goes on; a last one is the daemon's leave."""
    if not accepted(reply).continues:
        raise ConnectionLost
    return reply
