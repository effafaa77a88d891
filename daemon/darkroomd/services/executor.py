"""Who develops: the door to worker processes, and those of this machine."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Protocol, Self

import anyio
from anyio.abc import TaskGroup

from darkroomd.core import worker_policy
from darkroomd.imaging.messages import BrokenMessage, Develop, Developed, Refused, Stage, encode
from darkroomd.services.seat import Seat, SeatOptions
from darkroomd.services.worker_starts import WorkerStarts


class Executor(Protocol):
    """Turns requests into part files."""

    async def develop(
        self, request: Develop, *, deadline_seconds: float, on_stage: Callable[[Stage], None]
    ) -> Developed | Refused:
        """Develop one photo and return the facts or why not; stages are told as they begin.

        The deadline is that of a usual photo; it grows with what turns out to be larger.

        Cancelled, it stops the work: within half a second nothing of it runs and no part file is left.
        """
        ...

    async def warm(self) -> None:
        """Have a worker ready before it is needed. Best effort: the next request tries again."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutorOptions(SeatOptions):
    """How the local executor treats its workers; `workers` is how many there are at most."""

    workers: int = 1


class LocalExecutor:
    """Develops in child processes, which are started on demand and ended when idle.

    Used as `async with`; once it is left, nothing of it runs. As many requests are served at a time as there
    may be workers, and taken in the order in which they came. `starts` knows how the last
    worker was started.
    """

    def __init__(self, options: ExecutorOptions) -> None:
        self.starts: Final = WorkerStarts()
        self._options = options
        self._turn = anyio.CapacityLimiter(options.workers)
        self._tasks: TaskGroup | None = None
        self._seats: list[Seat] = []
        self._free: list[Seat] = []

    async def __aenter__(self) -> Self:
        self._tasks = await anyio.create_task_group().__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        assert self._tasks is not None
        # Each is ended in bounded time, also where the caller was cancelled.
        with anyio.CancelScope(shield=True):
            async with anyio.create_task_group() as closing:
                for seat in self._seats:
                    closing.start_soon(seat.close)
        return await self._tasks.__aexit__(kind, error, trace)

    def adopt(self, options: ExecutorOptions) -> None:
        """Treat workers like this from now on; one that is developing is replaced once that is over."""
        if options == self._options:
            return
        self._options = options
        self._turn.total_tokens = options.workers
        for seat in self._seats:
            seat.adopt(options)
        self._remove_spare()

    @property
    def worker_pids(self) -> tuple[int, ...]:
        """The process ids of the workers."""
        return tuple(pid for seat in self._seats if (pid := seat.worker_pid) is not None)

    @property
    def due_at(self) -> float:
        """Until when workers may take for what they have in hand, by the monotonic clock.

        Where they have nothing in hand, since when.
        """
        return max((seat.due_at for seat in self._seats), default=-math.inf)

    async def warm(self) -> None:
        """See `Executor`."""
        async with self._seat() as seat:
            await seat.warm()

    async def develop(
        self, request: Develop, *, deadline_seconds: float, on_stage: Callable[[Stage], None]
    ) -> Developed | Refused:
        """See `Executor`. The deadline counts from the request's turn and includes a worker's start."""
        try:
            message = encode(request)
        except BrokenMessage as error:
            return Refused(fence=request.fence, failure=worker_policy.after_oversized_request(str(error)))
        async with self._seat() as seat:
            return await seat.develop(request, message, deadline_seconds=deadline_seconds, on_stage=on_stage)

    @asynccontextmanager
    async def _seat(self) -> AsyncGenerator[Seat, None]:
        """Wait for a seat: with a worker if there is one, left last, so that others may become idle."""
        async with self._turn:
            seat = self._take()
            try:
                yield seat
            finally:
                self._free.append(seat)
                self._remove_spare()

    def _take(self) -> Seat:
        staffed = (seat for seat in reversed(self._free) if seat.worker_pid is not None)
        seat = next(staffed, self._free[-1] if self._free else None)
        if seat is not None:
            self._free.remove(seat)
            return seat
        assert self._tasks is not None
        seat = Seat(self._options, self._tasks, self.starts)
        self._seats.append(seat)
        return seat

    def _remove_spare(self) -> None:
        """Take away the seats that are too many, once nobody works in them; those without a worker first."""
        assert self._tasks is not None
        for seat in sorted(self._free, key=lambda seat: seat.worker_pid is not None):
            if len(self._seats) <= self._options.workers:
                return
            self._seats.remove(seat)
            self._free.remove(seat)
            self._tasks.start_soon(seat.close)
