"""The client for anyio: one connection for calls, one for each stream."""

from __future__ import annotations

from darkroom.aio.daemon import DaemonCalls
from darkroom.aio.developing import DevelopingCalls
from darkroom.aio.jobs import JobCalls
from darkroom.aio.photos import PhotoCalls
from darkroom.aio.places import PlaceCalls
from darkroom.aio.queue import QueueCalls
from darkroom.aio.records import RecordCalls


class AsyncClient(DaemonCalls, QueueCalls, JobCalls, PhotoCalls, PlaceCalls, RecordCalls, DevelopingCalls):
    """Talks to the daemon from any number of tasks of one event loop; see `darkroom.Client`.

    Calls of several tasks wait for one another; streams do not. What is canceled may have been done. A stream
    that is left before its end is closed by its context, or by `contextlib.aclosing` where it is a generator.

    Args:
        socket: path of the daemon's socket; None: `DARKROOM_SOCKET`, else the customary places.
        timeout: seconds to wait for a connection, and then for a reply.
    """
