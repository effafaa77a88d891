"""A seat for a worker process: one is started there when it is needed, and ended when it is not."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import anyio
import structlog
from anyio import CancelScope, to_thread
from anyio.abc import TaskGroup

from darkroomd.core import worker_policy
from darkroomd.core.allowance import Burden
from darkroomd.core.allowance import deadline_seconds as deadline_for
from darkroomd.core.worker_policy import RetirePolicy
from darkroomd.imaging.messages import Develop, Developed, Opened, Refused, Stage
from darkroomd.services.worker_process import WorkerLost, WorkerProcess, WorkerSettings
from darkroomd.services.worker_starts import WorkerStarts

_SWEEP_SECONDS: Final = 2.0
"""A disk that does not even remove a file in that time is left to the sweep at the next start."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatOptions:
    """How the worker in a seat is treated.

    Attributes:
        idle_seconds: a worker without work is ended after that long.
        start_seconds: a worker that is not ready after that long is given up.
        retire: when a worker is replaced.
        worker: what it is started with.
    """

    idle_seconds: float = 30.0
    start_seconds: float = 60.0
    retire: RetirePolicy = field(default_factory=RetirePolicy)
    worker: WorkerSettings = field(default_factory=WorkerSettings)


class Seat:
    """At most one worker process at a time; requests are served one after the other, as they come.

    What goes on behind a request, such as the end of an idle worker, is done in `tasks`; `starts` is told
    how each worker's start goes.
    """

    def __init__(self, options: SeatOptions, tasks: TaskGroup, starts: WorkerStarts) -> None:
        self._options = options
        self._starts = starts
        self._tasks = tasks
        self._turn = anyio.Lock()
        self._worker: WorkerProcess | None = None
        self._started_with = options.worker
        self._idle = CancelScope()
        self.due_at = -math.inf
        """Until when the worker may take, by the monotonic clock; once it is done, when that was."""

    def adopt(self, options: SeatOptions) -> None:
        """Treat the worker like this from now on; one that was started differently is replaced when idle."""
        self._options = options
        if not self._turn.locked():
            self._idle.cancel()
            self._watch_idleness()

    @property
    def worker_pid(self) -> int | None:
        """The process id of the worker, or None while there is none."""
        return self._worker.pid if self._worker is not None and not self._worker.has_ended else None

    @property
    def _is_outdated(self) -> bool:
        return self._worker is not None and self._started_with != self._options.worker

    async def close(self) -> None:
        """End the worker; nobody works in it any more."""
        self._idle.cancel()
        await self._end_worker("stopping")

    async def warm(self) -> None:
        """Have a worker ready; best effort, the next request tries again."""
        async with self._turn:
            self._idle.cancel()
            try:
                await self._ready_worker()
            except WorkerLost as lost:
                log.warning("worker_not_started", **lost.failure.context)
                await self._kill_worker()
            finally:
                self._watch_idleness()

    async def develop(
        self, request: Develop, message: bytes, *, deadline_seconds: float, on_stage: Callable[[Stage], None]
    ) -> Developed | Refused:
        """See `Executor`; `message` is the request as it is sent."""
        async with self._turn:
            self._idle.cancel()
            try:
                return await self._developed(request, message, deadline_seconds, on_stage)
            finally:
                self.due_at = anyio.current_time()
                self._watch_idleness()

    async def _developed(
        self, request: Develop, message: bytes, deadline_seconds: float, on_stage: Callable[[Stage], None]
    ) -> Developed | Refused:
        answer: Developed | Refused | None = None
        lost: WorkerLost | None = None
        allowed_seconds = deadline_seconds

        def extend(opened: Opened) -> None:
            nonlocal allowed_seconds
            allowed_seconds = deadline_for(deadline_seconds, self._burden(opened))
            self.due_at = scope.deadline = began_at + allowed_seconds

        began_at = anyio.current_time()
        try:
            with anyio.move_on_after(deadline_seconds) as scope:
                self.due_at = scope.deadline
                answer = await self._asked(message, request.fence, on_stage, extend)
        except WorkerLost as error:
            lost = error
        finally:
            # Also where the caller was cancelled: the work must not go on behind its back.
            if answer is None:
                await self._kill_worker()
                await _remove([target.part for target in request.targets])
        if answer is None:
            lost = lost or WorkerLost(worker_policy.after_deadline(allowed_seconds))
            log.warning("worker_lost", code=lost.failure.code, **lost.failure.context)
            return Refused(fence=request.fence, failure=lost.failure, environment=lost.environment)
        self._replace_if_spent(answer)
        return answer

    def _burden(self, opened: Opened) -> Burden:
        # What a worker says that a file has led astray earns no more patience than the largest picture.
        pixels = min(opened.pixels, self._options.worker.pixels)
        return Burden(file_bytes=opened.file_bytes, pixels=pixels, sensor=opened.sensor)

    async def _asked(
        self,
        message: bytes,
        fence: int,
        on_stage: Callable[[Stage], None],
        on_opened: Callable[[Opened], None],
    ) -> Developed | Refused:
        worker = await self._ready_worker()
        try:
            return await worker.ask(message, fence=fence, on_stage=on_stage, on_opened=on_opened)
        except WorkerLost as lost:
            if worker.has_begun:
                raise
            # It died while idle, before it saw the request: that is nothing against the photo.
            log.warning("worker_died_while_idle", pid=worker.pid, **lost.failure.context)
            await self._kill_worker()
        worker = await self._ready_worker()
        return await worker.ask(message, fence=fence, on_stage=on_stage, on_opened=on_opened)

    async def _ready_worker(self) -> WorkerProcess:
        """Return a worker that waits for work, a new one where there is none."""
        if self._worker is not None and self._worker.has_ended:
            await self._kill_worker()
        if self._is_outdated:
            await self._end_worker("outdated")
        if self._worker is None:
            self._started_with = self._options.worker
            self._worker = await WorkerProcess.start(self._started_with, self._starts)
            log.debug("worker_started", pid=self._worker.pid)
        await self._worker.ready(start_seconds=self._options.start_seconds)
        return self._worker

    def _replace_if_spent(self, answer: Developed | Refused) -> None:
        worker = self._worker
        if worker is not None and worker_policy.is_spent(
            self._options.retire,
            photos=worker.photos,
            resident_bytes=answer.resident_bytes,
            out_of_memory=isinstance(answer, Refused) and answer.failure.code == "worker.out_of_memory",
        ):
            self._worker = None
            self._tasks.start_soon(self._end, worker, "spent")

    def _watch_idleness(self) -> None:
        if self._worker is not None:
            self._idle = CancelScope()
            self._tasks.start_soon(self._end_when_idle, self._idle)

    async def _end_when_idle(self, scope: CancelScope) -> None:
        with scope:
            if not self._is_outdated:
                await anyio.sleep(self._options.idle_seconds)
            async with self._turn:
                await self._end_worker("outdated" if self._is_outdated else "idle")

    async def _end_worker(self, why: str) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            await self._end(worker, why)

    async def _end(self, worker: WorkerProcess, why: str) -> None:
        await worker.close()
        self._starts.ends.add(why)
        log.debug("worker_ended", pid=worker.pid, why=why)

    async def _kill_worker(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            await worker.kill()
            self._starts.ends.add("killed")
            log.debug("worker_killed", pid=worker.pid)


async def _remove(parts: Sequence[bytes]) -> None:
    def remove() -> None:
        for part in parts:
            with suppress(OSError):
                os.unlink(part)  # noqa: PTH108 - bytes have no pathlib

    with anyio.move_on_after(_SWEEP_SECONDS, shield=True):
        await to_thread.run_sync(remove, abandon_on_cancel=True)
