"""The blocking client: one connection for calls, one for each stream."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from darkroom.client.jobs import JobCalls
from darkroom.client.patience import SILENCE_SECONDS
from darkroom.client.photos import PhotoCalls
from darkroom.client.places import PlaceCalls
from darkroom.client.queue import QueueCalls
from darkroom.client.records import RecordCalls
from darkroom.client.sessions import SessionCalls
from darkroom.client.watching import EventStream
from darkroom.errors import DARKROOM_INTERFACE, SERVICE_INTERFACE
from darkroom.protocol import calls, replies, service
from darkroom.protocol.types import Summary


class Client(QueueCalls, JobCalls, SessionCalls, PhotoCalls, PlaceCalls, RecordCalls):
    """Talks to the daemon; connects when it is first asked something, and again after a restart.

    One thread at a time may use it. Everything it can raise for a reason outside of the program is a
    `DarkroomError`: what the daemon replied, `DaemonUnreachable`, `SocketForbidden`, `ConnectionLost`,
    `ProtocolViolation` or `SocketPathTooLong`.

    Args:
        socket: path of the daemon's socket; None: `DARKROOM_SOCKET`, else the customary places.
        timeout: seconds to wait for a connection, and then for a reply.
    """

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
            kinds: None: all. Those about the stream itself (`ready`, `reset`, `keepalive`, `stopping`)
                always come.
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
            return self._follow(watch, replies.WatchReply, silence_seconds=SILENCE_SECONDS)

        return EventStream(begin, cursor=cursor, patience_seconds=patience)

    def get_summary(self) -> Summary:
        """Return what a status line shows."""
        return self._ask(calls.GetSummary(), replies.SummaryReply).summary

    def get_health(self) -> replies.HealthReply:
        """Return what the daemon says of itself."""
        return self._ask(calls.GetHealth(), replies.HealthReply)

    def interfaces(self) -> tuple[str, ...]:
        """Return the names of the interfaces the daemon has."""
        return self._ask(service.GetInfo(), service.InfoReply, interface=SERVICE_INTERFACE).interfaces

    def describe(self, interface: str = DARKROOM_INTERFACE) -> str:
        """Return the description of an interface in Varlink's language, or raise `InterfaceNotFound`."""
        question = service.GetInterfaceDescription(interface=interface)
        return self._ask(question, service.DescriptionReply, interface=SERVICE_INTERFACE).description
