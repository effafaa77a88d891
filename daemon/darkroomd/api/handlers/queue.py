"""The queue as a whole: how it stands, and what holds it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import anyio

from darkroom.errors import DARKROOM_INTERFACE, InvalidParameter, Stopping
from darkroom.protocol.calls import GetQueue, Inhibit, ListInhibitors, PauseQueue, ResumeQueue
from darkroom.protocol.replies import InhibitorsReply, InhibitReply, QueueReply
from darkroomd.api import views
from darkroomd.api.handlers.daemon import BEAT_SECONDS
from darkroomd.api.hub import Hub
from darkroomd.api.quota import Quota
from darkroomd.api.requests import Handlers, Request, Stream, bounded
from darkroomd.services.jobs import Jobs
from darkroomd.services.queries import Queries

INHIBITORS_PER_USER: Final = 8


class QueueHandlers:
    """Answers about the queue, and changes what holds it back."""

    def __init__(self, queries: Queries, jobs: Jobs, hub: Hub, *, now_usec: Callable[[], int]) -> None:
        self._queries = queries
        self._jobs = jobs
        self._hub = hub
        self._now_usec = now_usec
        self._inhibitors = Quota("inhibitors")

    def table(self) -> Handlers:
        """Return the handlers by qualified method."""
        return {
            f"{DARKROOM_INTERFACE}.GetQueue": self.get_queue,
            f"{DARKROOM_INTERFACE}.PauseQueue": self.pause_queue,
            f"{DARKROOM_INTERFACE}.ResumeQueue": self.resume_queue,
            f"{DARKROOM_INTERFACE}.Inhibit": self.inhibit,
            f"{DARKROOM_INTERFACE}.ListInhibitors": self.list_inhibitors,
        }

    async def get_queue(self, _: Request[GetQueue]) -> QueueReply:
        """Return the queue as it is now."""
        return await self._queue()

    async def pause_queue(self, request: Request[PauseQueue]) -> QueueReply:
        """Pause the queue; raise `InvalidParameter` where that would be over already."""
        asked = request.parameters
        if asked.until_usec is not None and asked.until_usec <= self._now_usec():
            raise InvalidParameter("untilUsec")
        await self._jobs.pause_queue(
            reason=bounded(asked.reason, "reason"),
            until_usec=asked.until_usec,
            finish_running=asked.finish_running is not False,
        )
        return await self._queue()

    async def resume_queue(self, _: Request[ResumeQueue]) -> QueueReply:
        """Let the queue go on."""
        await self._jobs.resume_queue()
        return await self._queue()

    async def inhibit(self, request: Request[Inhibit]) -> InhibitReply:
        """Hold work back until the caller has closed its sending half; raise `Stopping` before that.

        A caller that closes both halves cancels this, like any stream.
        """
        asked, caller = request.parameters, request.caller
        who, why = bounded(asked.who, "who"), bounded(asked.why, "why")
        assert request.stream is not None
        with self._inhibitors.take(caller.peer.uid, maximum=INHIBITORS_PER_USER):
            async with self._jobs.inhibited(
                asked.mode, who=who, why=why, uid=caller.peer.uid, pid=caller.peer.pid
            ) as holder:
                reply = InhibitReply(inhibitor_id=holder.id)
                await self._hold(request.stream, reply, caller.has_finished)
        return reply

    async def list_inhibitors(self, _: Request[ListInhibitors]) -> InhibitorsReply:
        """Return who holds work back, oldest first."""
        return InhibitorsReply(inhibitors=tuple(map(views.inhibitor, self._queries.holders)))

    async def _hold(self, stream: Stream, reply: InhibitReply, finished: anyio.Event) -> None:
        """Repeat the reply at each beat until the caller has finished; raise `Stopping`."""
        stopping = self._hub.stopping
        while not (finished.is_set() or stopping.is_set()):
            await stream(reply)
            with anyio.move_on_after(BEAT_SECONDS):
                await _any_of(finished, stopping)
        if not finished.is_set():
            raise Stopping

    async def _queue(self) -> QueueReply:
        return QueueReply(queue=views.queue(await self._queries.status()))


async def _any_of(*events: anyio.Event) -> None:
    async with anyio.create_task_group() as group:

        async def wait_for(event: anyio.Event) -> None:
            await event.wait()
            group.cancel_scope.cancel()

        for event in events:
            group.start_soon(wait_for, event)
