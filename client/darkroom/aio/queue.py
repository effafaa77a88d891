"""The queue as a whole and who holds it back: the methods of the client."""

from __future__ import annotations

from darkroom.aio.exchange import Exchange
from darkroom.aio.inhibition import Inhibition, held_on
from darkroom.protocol import calls, replies
from darkroom.protocol.types import InhibitMode, Inhibitor, Queue


class QueueCalls(Exchange):
    """Asks for the queue, pauses it and holds it back."""

    async def get_queue(self) -> Queue:
        """Return the queue as it is now."""
        return (await self._ask(calls.GetQueue(), replies.QueueReply)).queue

    async def pause_queue(
        self,
        *,
        reason: str | None = None,
        until_usec: int | None = None,
        finish_running: bool | None = None,
    ) -> Queue:
        """Start nothing until resumed, also after a restart of the daemon; return the queue.

        Args:
            reason: shown to people.
            until_usec: when it resumes by itself, in microseconds since the Unix epoch; None: never.
            finish_running: False stops the item that is worked on, to do it again later.
        """
        question = calls.PauseQueue(reason=reason, until_usec=until_usec, finish_running=finish_running)
        return (await self._ask(question, replies.QueueReply)).queue

    async def resume_queue(self) -> Queue:
        """End a pause of the queue, if there is one, and return the queue."""
        return (await self._ask(calls.ResumeQueue(), replies.QueueReply)).queue

    async def list_inhibitors(self) -> tuple[Inhibitor, ...]:
        """Return everyone who holds back work."""
        return (await self._ask(calls.ListInhibitors(), replies.InhibitorsReply)).inhibitors

    async def inhibit(self, mode: InhibitMode, *, who: str, why: str) -> Inhibition:
        """Hold back work, and return once that is in force; leaving the context releases it.

            async with await client.inhibit(InhibitMode.ALL, who="kiosk", why="The camera is read out."):
                ...

        Args:
            mode: `START`: no new item is started; `ALL`: the running one is stopped, too, and done later.
            who: what the program calls itself.
            why: a reason for people.

        Raises:
            LimitReached: too many programs do so already.
        """
        connection = await self._open_stream(calls.Inhibit(mode=mode, who=who, why=why))
        try:
            return held_on(connection, await connection.receive(timeout_seconds=self._timeout))
        except BaseException:
            connection.close()
            raise
