"""The blocking client: one connection for calls, one for each stream."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import msgspec

from darkroom.client.address import socket_path
from darkroom.client.connection import Connection
from darkroom.client.reading import value_in
from darkroom.client.watching import SILENCE_SECONDS, EventStream
from darkroom.errors import DARKROOM_INTERFACE, SERVICE_INTERFACE, ConnectionLost, ProtocolViolation
from darkroom.protocol import calls, replies, service
from darkroom.protocol.faults import from_wire
from darkroom.protocol.types import (
    Input,
    Item,
    ItemState,
    Job,
    JobFilter,
    Payload,
    Photo,
    Session,
    Summary,
)
from darkroom.wire.messages import Call, Mode, Reply, encode_parameters

_PAGE_ENTRIES: Final = 100
"""A page of this many photos fits into a message also where every path is as long as a path can be."""

_WATCH: Final = f"{DARKROOM_INTERFACE}.Watch"

Value = TypeVar("Value", bound=Payload)
Page = TypeVar("Page", replies.SessionsReply, replies.PhotosReply, replies.JobsReply, replies.ItemsReply)


class Client:
    """Talks to the daemon; connects when it is first asked something, and again after a restart.

    One thread at a time may use it. Everything it can raise for a reason outside of the program is a
    `DarkroomError`: what the daemon replied, `DaemonUnreachable`, `SocketForbidden`, `ConnectionLost`,
    `ProtocolViolation` or `SocketPathTooLong`.

    Args:
        socket: path of the daemon's socket; None: `DARKROOM_SOCKET`, else the customary places.
        timeout: seconds to wait for a connection, and then for a reply.
    """

    def __init__(self, socket: str | os.PathLike[str] | None = None, *, timeout: float = 30.0) -> None:
        self.path: Final = socket_path(socket, os.environ)
        self._timeout = timeout
        self._connection: Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up. Streams have connections of their own, and are closed by whoever opened them."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def call(self, method: str, parameters: dict[str, Any] | None = None) -> dict[str, Any]:
        """Call a method, with its names as on the wire, and return its reply.

        A name without a dot is one of `io.darkroomd.Darkroom`.
        """
        return _decoded(self._exchange(_call(method, parameters)))

    def stream(self, method: str, parameters: dict[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        """Call a method with `more` and yield its replies as they come, with no limit on the time between."""
        return map(_decoded, self._stream(_call(method, parameters, mode=Mode.MORE), silence_seconds=None))

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

        Args:
            cursor: of an earlier stream.
            kinds: None: all. Give `reset` too to hear of gaps.
            job_ids: None: of all jobs.
            session_ids: None: of all sessions.
            progress_interval_usec: microseconds between two `progress` of a job, at least; 0: none at all.
            patience: seconds to wait for a daemon that went away.
        """

        def begin(at: str | None) -> Generator[replies.WatchReply, None, None]:
            watch = calls.Watch(
                cursor=at,
                kinds=None if kinds is None else tuple(kinds),
                job_ids=None if job_ids is None else tuple(job_ids),
                session_ids=None if session_ids is None else tuple(session_ids),
                progress_interval_usec=progress_interval_usec,
            )
            call = Call(_WATCH, encode_parameters(watch), Mode.MORE)
            for reply in self._stream(call, silence_seconds=SILENCE_SECONDS):
                yield value_in(reply.parameters, replies.WatchReply)

        return EventStream(begin, cursor=cursor, patience_seconds=patience)

    def get_summary(self) -> Summary:
        """Return what a status line shows."""
        return self._ask(calls.GetSummary(), replies.SummaryReply).summary

    def get_health(self) -> replies.HealthReply:
        """Return what the daemon says of itself."""
        return self._ask(calls.GetHealth(), replies.HealthReply)

    def list_sessions(self) -> Iterator[Session]:
        """Yield all sessions, fetched page by page."""
        for page in self._pages(
            lambda cursor: calls.ListSessions(limit=_PAGE_ENTRIES, cursor=cursor), replies.SessionsReply
        ):
            yield from page.sessions

    def get_session(self, session_id: str) -> Session:
        """Return one session, or raise `NoSuchSession`."""
        return self._ask(calls.GetSession(session_id=session_id), replies.SessionReply).session

    def list_photos(
        self, session_id: str, *, states: Sequence[str] | None = None, discarded: bool | None = None
    ) -> Iterator[Photo]:
        """Yield the photos of a session, or raise `NoSuchSession`.

        Args:
            session_id: of the session.
            states: only photos in one of these; None: in any.
            discarded: only those that are (True) or are not (False); None: both.
        """
        for page in self._pages(
            lambda cursor: calls.ListPhotos(
                session_id=session_id,
                states=None if states is None else tuple(states),
                discarded=discarded,
                limit=_PAGE_ENTRIES,
                cursor=cursor,
            ),
            replies.PhotosReply,
        ):
            yield from page.photos

    def get_photo(self, photo_id: str) -> Photo:
        """Return one photo, or raise `NoSuchPhoto`."""
        return self._ask(calls.GetPhoto(photo_id=photo_id), replies.PhotoReply).photo

    def list_jobs(
        self, matching: JobFilter | None = None, *, by_position: bool | None = None
    ) -> Iterator[Job]:
        """Yield the jobs that match, newest first; by position: the waiting ones, as they will run."""
        for page in self._pages(
            lambda cursor: calls.ListJobs(
                filter=matching, by_position=by_position, limit=_PAGE_ENTRIES, cursor=cursor
            ),
            replies.JobsReply,
        ):
            yield from page.jobs

    def get_job(self, job_id: int) -> Job:
        """Return one job, or raise `NoSuchJob`."""
        return self._ask(calls.GetJob(job_id=job_id), replies.JobReply).job

    def list_items(self, job_id: int, *, states: Sequence[ItemState] | None = None) -> Iterator[Item]:
        """Yield the items of a job that are in one of the states (None: in any), or raise `NoSuchJob`."""
        for page in self._pages(
            lambda cursor: calls.ListItems(
                job_id=job_id,
                states=None if states is None else tuple(states),
                limit=_PAGE_ENTRIES,
                cursor=cursor,
            ),
            replies.ItemsReply,
        ):
            yield from page.items

    def interfaces(self) -> tuple[str, ...]:
        """Return the names of the interfaces the daemon has."""
        return self._ask(service.GetInfo(), service.InfoReply, interface=SERVICE_INTERFACE).interfaces

    def describe(self, interface: str = DARKROOM_INTERFACE) -> str:
        """Return the description of an interface in Varlink's language, or raise `InterfaceNotFound`."""
        question = service.GetInterfaceDescription(interface=interface)
        return self._ask(question, service.DescriptionReply, interface=SERVICE_INTERFACE).description

    def _ask(self, question: Input, kind: type[Value], *, interface: str = DARKROOM_INTERFACE) -> Value:
        method = f"{interface}.{type(question).__name__}"
        call = Call(method, encode_parameters(question))
        reused = self._connection is not None
        try:
            reply = self._exchange(call)
        except ConnectionLost:
            # The daemon may have ended since the last call; all that is asked for here may be asked twice.
            if not reused:
                raise
            reply = self._exchange(call)
        return value_in(reply.parameters, kind)

    def _pages(self, question: Callable[[str | None], Input], kind: type[Page]) -> Iterator[Page]:
        cursor: str | None = None
        while True:
            page = self._ask(question(cursor), kind)
            yield page
            if page.next_cursor is None:
                return
            if page.next_cursor == cursor:
                raise ProtocolViolation("a list goes on where it began")
            cursor = page.next_cursor

    def _exchange(self, call: Call) -> Reply:
        """Send a call and return its reply; an error of the daemon's is raised."""
        connection = self._usable_connection()
        try:
            connection.send(call)
            reply = connection.receive(timeout_seconds=self._timeout)
        except BaseException:
            # Whatever it was: a late reply must not be taken for that to the next call.
            self.close()
            raise
        return _accepted(reply)

    def _usable_connection(self) -> Connection:
        if self._connection is not None and not self._connection.is_idle():
            self.close()
        if self._connection is None:
            self._connection = Connection(self.path, timeout_seconds=self._timeout)
        return self._connection

    def _stream(self, call: Call, *, silence_seconds: float | None) -> Generator[Reply, None, None]:
        connection = Connection(self.path, timeout_seconds=self._timeout)
        try:
            connection.send(call)
            continues = True
            while continues:
                reply = _accepted(connection.receive(timeout_seconds=silence_seconds))
                continues = reply.continues
                yield reply
        finally:
            connection.close()


def _call(method: str, parameters: dict[str, Any] | None, *, mode: Mode = Mode.PLAIN) -> Call:
    name = method if "." in method else f"{DARKROOM_INTERFACE}.{method}"
    return Call(name, encode_parameters(parameters or {}), mode)


def _accepted(reply: Reply) -> Reply:
    if reply.error is not None:
        raise from_wire(reply.error, _decoded(reply))
    return reply


def _decoded(reply: Reply) -> dict[str, Any]:
    try:
        return msgspec.json.decode(reply.parameters, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise ProtocolViolation(f"a reply is not JSON: {error}") from error
