"""The blocking client: one connection for calls, one for each stream."""

from __future__ import annotations

from darkroom.client.daemon import DaemonCalls
from darkroom.client.developing import DevelopingCalls
from darkroom.client.jobs import JobCalls
from darkroom.client.photos import PhotoCalls
from darkroom.client.places import PlaceCalls
from darkroom.client.queue import QueueCalls
from darkroom.client.records import RecordCalls


class Client(DaemonCalls, QueueCalls, JobCalls, PhotoCalls, PlaceCalls, RecordCalls, DevelopingCalls):
    """Talks to the daemon; connects when it is first asked something, and again after a restart.

    Threads may share it: their calls take turns. A process that was forked connects anew; streams and
    inhibitions are for one thread, and stay with the process that opened them.

    Everything it can raise for a reason outside of the program is a `DarkroomError`: what the daemon
    replied, `DaemonUnreachable`, `SocketForbidden`, `ConnectionLost`, `ProtocolViolation` or
    `SocketPathTooLong`. Any method may raise `PermissionDenied`, and `MethodNotImplemented` where the
    daemon is older than this client.

    A list is fetched page by page as it is iterated over: nothing is asked before the first entry is taken.

    Args:
        socket: path of the daemon's socket; None: `DARKROOM_SOCKET`, else the customary places.
        timeout: seconds to wait for a connection, and then for a reply.
    """
