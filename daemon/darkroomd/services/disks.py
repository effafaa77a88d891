"""Work on disks that may never answer: each mount on its own account, and nobody waits for ever."""

from __future__ import annotations

import errno
import math
import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

import anyio
import anyio.lowlevel
import structlog
from anyio import CapacityLimiter, to_thread

from darkroomd.files.mounts import Mount, mount_of

Result = TypeVar("Result")

PATIENCE_SECONDS: Final = 60.0
"""Longer than any live disk takes for one step, also over a slow network and with much to write."""

LOCAL_THREADS: Final = 2
REMOTE_THREADS: Final = 4
"""Steps at a time on one mount: a network hides its delays behind several."""

MOST_STUCK: Final = 4
"""Threads that one dead mount may hold for ever."""

TICK_SECONDS: Final = 0.2
"""How often it is looked at how far long work is."""

PROBE_SECONDS: Final = 60.0
"""Between two threads that are given to a dead mount: it may have been mounted anew."""

log = structlog.get_logger()


@dataclass(slots=True)
class _Step:
    """Work in a thread; the thread itself says when it is over."""

    over: bool = False
    _untaken: deque[None] = field(default_factory=lambda: deque([None]))

    def take(self) -> bool:
        """Whether this is the first to take it: the thread that does it, or who waits for it no longer."""
        try:
            # Of two threads that do this at once one fails, as the documentation of deques promises.
            self._untaken.pop()
        except IndexError:
            return False
        return True


@dataclass(slots=True)
class Ear:
    """What a step in a thread, and whoever waits for it, tell each other.

    Attributes:
        done: how far the step is; any change of it shows that the disk answers.
        canceled: nobody waits for the step any more.
    """

    done: int = 0
    canceled: bool = False

    def is_canceled(self) -> bool:
        """Tell the step whether to stop."""
        return self.canceled

    def go_on(self) -> None:
        """Note that the step goes on; raise `InterruptedError` if nobody waits for it any more."""
        if self.canceled:
            raise InterruptedError(errno.EINTR, os.strerror(errno.EINTR))
        self.done += 1


@dataclass(slots=True)
class _Lane:
    """The way to one mount."""

    turns: CapacityLimiter
    stuck: list[_Step] = field(default_factory=list[_Step])
    probe_at: float = -math.inf

    def is_blocked(self, *, now: float) -> bool:
        """Whether the mount does not answer, and is not to be asked again yet."""
        self.stuck = [step for step in self.stuck if not step.over]
        return bool(self.stuck) and (len(self.stuck) >= MOST_STUCK or now < self.probe_at)


class Disks:
    """Does blocking work in threads, a few at a time on each mount.

    A step that outlasts the patience is left to itself, and as long as it does not return, what else is to be
    done on its mount is refused at once: a dead share takes a few threads, and holds up no other disk.
    """

    def __init__(
        self, *, patience_seconds: float = PATIENCE_SECONDS, find_mount: Callable[[Path], Mount] = mount_of
    ) -> None:
        self._patience_seconds = patience_seconds
        self._find_mount = find_mount
        self._lanes: dict[Path, _Lane] = {}
        self._threads = CapacityLimiter(math.inf)

    async def do_at_length(
        self, place: Path, work: Callable[[Ear], Result], *, on_tick: Callable[[], None] = lambda: None
    ) -> Result:
        """Return what long work at an absolute path returns; `on_tick` is called while it goes on.

        It has all the time it takes as long as it goes on at all, and is told when its caller is cancelled;
        what it raises then is dropped. Raises what `do` raises.
        """
        ear = Ear()
        scope = anyio.CancelScope()
        outcome: list[Result] = []
        refusal: Exception | None = None

        async def listen() -> None:
            try:
                while True:
                    before = ear.done
                    await anyio.sleep(TICK_SECONDS)
                    on_tick()
                    if ear.done != before:
                        scope.deadline = anyio.current_time() + self._patience_seconds
            finally:
                ear.canceled = True

        async with anyio.create_task_group() as group:
            group.start_soon(listen)
            try:
                outcome.append(await self._do(place, lambda: work(ear), scope, self._patience_seconds))
            except Exception as error:  # noqa: BLE001 - raised below, outside of the group that would wrap it
                refusal = error
            group.cancel_scope.cancel()
        if refusal is not None:
            # Work that was told to stop says so by an error of its own, of which nobody is to hear.
            await anyio.lowlevel.checkpoint_if_cancelled()
            raise refusal
        return outcome[0]

    async def do(
        self, place: Path, work: Callable[[], Result], *, patience_seconds: float | None = None
    ) -> Result:
        """Return what the work at an absolute path returns; what it raises is raised.

        On a local disk it is finished even if the caller is cancelled. On a share it goes on without the
        caller, who must not be kept from stopping.

        Raises:
            TimeoutError: the disk does not answer, or the machine is too busy to ask it (`ETIMEDOUT`); the
                work may still be done.
        """
        patience = self._patience_seconds if patience_seconds is None else patience_seconds
        return await self._do(place, work, anyio.CancelScope(), patience)

    async def _do(
        self, place: Path, work: Callable[[], Result], scope: anyio.CancelScope, patience: float
    ) -> Result:
        mount = self._find_mount(place)
        lane = self._lanes.get(mount.point)
        if lane is None:
            turns = CapacityLimiter(REMOTE_THREADS if mount.remote else LOCAL_THREADS)
            lane = self._lanes.setdefault(mount.point, _Lane(turns))
        async with lane.turns:
            if lane.is_blocked(now=anyio.current_time()):
                raise _not_responding(place)
            step = _Step()

            def run() -> Result:
                if not step.take():
                    raise _not_responding(place)
                try:
                    return work()
                finally:
                    step.over = True

            scope.shield = not mount.remote
            scope.deadline = anyio.current_time() + patience
            with scope:
                return await to_thread.run_sync(run, limiter=self._threads, abandon_on_cancel=True)
        # What had not even begun when the patience was over says nothing about the disk.
        if not step.take():
            lane.stuck.append(step)
            lane.probe_at = anyio.current_time() + PROBE_SECONDS
            log.warning("disk_not_responding", mount=str(mount.point), path=str(place), seconds=patience)
        raise _not_responding(place)


def _not_responding(place: Path) -> TimeoutError:
    return TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT), str(place))
