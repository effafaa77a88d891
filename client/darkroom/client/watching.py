"""Events that outlive a slow reader and a daemon that restarts."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from types import TracebackType
from typing import Self

from darkroom.client.patience import Patience
from darkroom.errors import (
    ConnectionLost,
    ConsumerTooSlow,
    DaemonUnreachable,
    InvalidCursor,
    Stopping,
)
from darkroom.protocol.replies import WatchReply
from darkroom.protocol.types import Event

Replies = Generator[WatchReply, None, None]


class EventStream(Iterator[Event]):
    """Events as they happen: iterate over it, and close it or use it as a context manager.

    Where the connection breaks off it is made again, and goes on after the last event. A daemon that stays
    away for longer than the given patience ends the iteration with the error that says so; so does, at once,
    one that was not there in the first place. An event of kind `reset` says that some were missed.

    Attributes:
        cursor: where to go on after the last event, also in another process.
    """

    def __init__(
        self, begin: Callable[[str | None], Replies], *, cursor: str | None, patience_seconds: float
    ) -> None:
        self.cursor: str | None = cursor
        self._begin = begin
        self._patience = Patience(patience_seconds)
        self._replies: Replies | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up; iterating once more would watch again from the cursor."""
        replies, self._replies = self._replies, None
        if replies is not None:
            replies.close()

    def __next__(self) -> Event:
        """Return the next event, however long it takes."""
        while True:
            try:
                return self._received()
            except InvalidCursor:
                self.close()
                if self.cursor is None:
                    raise
                self.cursor = None
                return Event(kind="reset", at_usec=time.time_ns() // 1000)
            except ConsumerTooSlow as error:
                self.cursor = error.cursor
                self.close()
                self._patience.wait_after(error)
            except (ConnectionLost, DaemonUnreachable, Stopping) as error:
                self.close()
                self._patience.wait_after(error)

    def _received(self) -> Event:
        if self._replies is None:
            self._replies = self._begin(self.cursor)
        reply = next(self._replies, None)
        if reply is None:
            # A daemon that stops takes its leave with a last reply.
            raise ConnectionLost
        self.cursor = reply.cursor
        self._patience.renew()
        return reply.event
