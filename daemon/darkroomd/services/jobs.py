"""The verbs: what people and programs can do to the queue and to jobs."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager

from darkroom.errors import TimedOut
from darkroom.protocol.types import InhibitMode, JobState, Priority
from darkroomd.core.cancellation import canceled
from darkroomd.core.gate import Holder, Pause
from darkroomd.core.model import JobId
from darkroomd.services.gatekeeper import Gatekeeper
from darkroomd.services.scheduler import Scheduler
from darkroomd.store.desk import JobDesk
from darkroomd.store.exports import Exported, MustStop, NewExport
from darkroomd.store.rescans import Asked
from darkroomd.store.verbs import CANCELED_BY_CLIENT


class Jobs:
    """Changes are durable, and in force, when a method returns.

    Those that name jobs change all of them or none: `NoSuchJob`, `InvalidJobState`.
    """

    def __init__(
        self, desk: JobDesk, scheduler: Scheduler, gate: Gatekeeper, *, now_usec: Callable[[], int]
    ) -> None:
        self._desk = desk
        self._scheduler = scheduler
        self._gate = gate
        self._now_usec = now_usec

    async def pause_queue(self, *, reason: str | None, until_usec: int | None, finish_running: bool) -> None:
        """Start nothing more; without `finish_running` what runs is stopped and done again later."""
        await self._gate.set_pause(Pause(reason=reason, until_usec=until_usec))
        if finish_running:
            await self._scheduler.settle()
        else:
            await self._scheduler.interrupt()

    async def resume_queue(self) -> None:
        """Let the queue go on."""
        await self._gate.set_pause(None)

    @asynccontextmanager
    async def inhibited(
        self, mode: InhibitMode, *, who: str, why: str, uid: int | None, pid: int | None
    ) -> AsyncGenerator[Holder, None]:
        """Hold work back for as long as the context lasts; it is entered once that is in force."""
        with self._gate.inhibited(mode, who=who, why=why, uid=uid, pid=pid) as holder:
            if mode is InhibitMode.ALL:
                await self._scheduler.interrupt()
            else:
                await self._scheduler.settle()
            yield holder

    async def export(self, export: NewExport, *, asked: Asked | None = None) -> Exported:
        """Have photos developed now, instead of in the background, where work on them is stopped.

        It is the export of before where the key in `asked` made one. What waits in jobs that were canceled
        is canceled first. Raises `NoSuchSession`, `NoSuchPhoto`, and `TimedOut`, with nothing changed, if
        work in the background does not stop.
        """
        await self._desk.finish_canceling(now_usec=self._now_usec())
        async with self._scheduler.aside(export.photo_ids):
            answer = await self._desk.export(export, asked=asked, now_usec=self._now_usec())
        if isinstance(answer, MustStop):
            raise TimedOut
        return answer

    async def creators(self, job_ids: Sequence[int]) -> list[int | None]:
        """Return the user who asked for each job; None: the daemon itself did, or there is no such job."""
        return await self._desk.creators(_ids(job_ids))

    async def cancel(self, job_ids: Sequence[int], *, reason: str | None) -> list[JobId]:
        """Cancel jobs with all their items; return those that had not ended."""
        failure = canceled(reason)
        stopped = await self._desk.cancel(
            _ids(job_ids), failure=failure, reason=CANCELED_BY_CLIENT, now_usec=self._now_usec()
        )
        await self._scheduler.interrupt(job_ids=stopped, failure=failure)
        await self._desk.finish_canceling(now_usec=self._now_usec())
        return stopped

    async def retry(self, job_ids: Sequence[int], *, include_canceled: bool) -> tuple[list[JobId], int]:
        """Queue failed (and canceled) items of ended jobs again; return those jobs and how many items."""
        return await self._desk.retry(
            _ids(job_ids), include_canceled=include_canceled, now_usec=self._now_usec()
        )

    async def pause(self, job_ids: Sequence[int]) -> list[JobId]:
        """Start no more items of jobs; return the jobs that changed."""
        return await self._desk.pause(_ids(job_ids), paused=True, now_usec=self._now_usec())

    async def resume(self, job_ids: Sequence[int]) -> list[JobId]:
        """Let jobs go on; return the jobs that changed."""
        return await self._desk.pause(_ids(job_ids), paused=False, now_usec=self._now_usec())

    async def set_priority(self, job_ids: Sequence[int], priority: Priority) -> list[JobId]:
        """Give jobs another priority; return them."""
        return await self._desk.set_priority(_ids(job_ids), priority, now_usec=self._now_usec())

    async def move(self, job_ids: Sequence[int], *, before: int | None) -> list[JobId]:
        """Put waiting jobs before another one, or behind all others; return them."""
        neighbour = None if before is None else JobId(before)
        return await self._desk.move(_ids(job_ids), before=neighbour, now_usec=self._now_usec())

    async def clear(self, states: Sequence[JobState] | None, *, ended_before_usec: int | None) -> int:
        """Forget ended jobs (by default the completed and the canceled); return how many."""
        wanted = (JobState.COMPLETED, JobState.CANCELED) if states is None else tuple(states)
        return await self._desk.clear(
            states=wanted, ended_before_usec=ended_before_usec, now_usec=self._now_usec()
        )


def _ids(job_ids: Sequence[int]) -> list[JobId]:
    return [JobId(job_id) for job_id in job_ids]
