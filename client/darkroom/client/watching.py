"""Events that outlive a slow reader and a daemon that restarts: the methods of the client."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Self

from msgspec.structs import replace

from darkroom.client.connection import Connection, silent
from darkroom.client.exchange import Exchange, accepted
from darkroom.client.patience import SILENCE_SECONDS, Patience
from darkroom.client.reading import value_in
from darkroom.errors import (
    ConnectionLost,
    ConsumerTooSlow,
    DaemonUnreachable,
    InvalidCursor,
    Stopping,
)
from darkroom.protocol import calls, replies
from darkroom.protocol.types import Event


class WatchCalls(Exchange):
    """Asks to be told what happens."""

    def watch(
        self,
        *,
        cursor: str | None = None,
        kinds: Sequence[str] | None = None,
        job_ids: Sequence[int] | None = None,
        session_ids: Sequence[str] | None = None,
        progress_interval_usec: int | None = None,
        patience: float = 30.0,
    ) -> EventStream:
        """Return the events from now on (from `cursor` on, where one is given); see `EventStream`.

            with client.watch(kinds=["photo.changed"]) as events:
                for event in events:
                    ...

        Args:
            cursor: of an earlier stream.
            kinds: None: all. Those about the stream itself (`ready`, `reset`, `keepalive`, `stopping`)
                always come.
            job_ids: None: of all jobs.
            session_ids: None: of all sessions.
            progress_interval_usec: microseconds between two `progress` of a job, at least; 0: none at all.
            patience: seconds to wait for a daemon that went away.
        """
        watch = calls.Watch(
            cursor=cursor,
            kinds=None if kinds is None else tuple(kinds),
            job_ids=None if job_ids is None else tuple(job_ids),
            session_ids=None if session_ids is None else tuple(session_ids),
            progress_interval_usec=progress_interval_usec,
        )
        return EventStream(self.path, self._open_stream, watch, patience_seconds=patience)


class EventStream(Iterator[Event]):
    """Events as they happen: iterate over it, and close it or use it as a context manager.

    Where the connection breaks off it is made again, and goes on after the last event. A daemon that stays
    away for longer than the given patience ends the iteration with the error that says so; so does, at once,
    one that was not there in the first place. An event of kind `reset` says that some were missed.

    Attributes:
        cursor: where to go on after the last event, also in another process.
    """

    def __init__(
        self,
        path: str,
        open_stream: Callable[[calls.Watch], Connection],
        watch: calls.Watch,
        *,
        patience_seconds: float,
    ) -> None:
        self.cursor: str | None = watch.cursor
        self._path = path
        self._open_stream = open_stream
        self._watch = watch
        self._patience = Patience(patience_seconds)
        self._connection: Connection | None = None
        self._heard_at = 0.0
        self._over = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def connected(self) -> bool:
        """Whether there is a connection; False before the first event, and while a daemon is waited for."""
        return self._connection is not None

    def close(self) -> None:
        """Hang up; iterating once more would watch again from the cursor."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def __next__(self) -> Event:
        """Return the next event, however long it takes."""
        while (event := self._next(None)) is None:
            continue
        return event

    def next_within(self, seconds: float) -> Event | None:
        """Return the next event, or None if there is none in this time; 0 does not wait.

        Making a broken connection again may take longer: up to the timeout of the client.
        """
        return self._next(time.monotonic() + seconds)

    def _next(self, deadline: float | None) -> Event | None:
        while True:
            try:
                return self._received(deadline)
            except InvalidCursor:
                self.close()
                if self.cursor is None:
                    raise
                self.cursor = None
                return Event(kind="reset", at_usec=time.time_ns() // 1000)
            except ConsumerTooSlow as error:
                self.cursor = error.cursor
                self.close()
                self._patience.wait_after(error, until=deadline)
            except (ConnectionLost, DaemonUnreachable, Stopping) as error:
                self.close()
                self._patience.wait_after(error, until=deadline)
            if deadline is not None and time.monotonic() >= deadline:
                return None

    def _received(self, deadline: float | None) -> Event | None:
        if self._over:
            # A daemon that stops takes its leave with a last reply.
            self._over = False
            raise ConnectionLost
        if self._connection is None:
            self._connection = self._open_stream(replace(self._watch, cursor=self.cursor))
            self._heard_at = time.monotonic()
        silent_at = self._heard_at + SILENCE_SECONDS
        left = (silent_at if deadline is None else min(deadline, silent_at)) - time.monotonic()
        reply = self._connection.receive_within(max(0.0, left))
        if reply is None:
            if time.monotonic() >= silent_at:
                raise silent(self._path, SILENCE_SECONDS)
            return None
        self._over = not accepted(reply).continues
        told = value_in(reply.parameters, replies.WatchReply)
        self.cursor = told.cursor
        self._heard_at = time.monotonic()
        self._patience.renew()
        return told.event
