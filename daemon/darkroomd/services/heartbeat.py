"""Tells the service manager how the daemon stands, and, as long as work goes on, that it lives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import anyio
import structlog
from anyio.abc import TaskStatus

from darkroom.errors import DarkroomError
from darkroomd.core.model import Happening
from darkroomd.core.pulse import Standing, Standstill, patience_seconds, standstill
from darkroomd.core.wording import status_line
from darkroomd.services.executor import LocalExecutor
from darkroomd.services.queries import Queries
from darkroomd.services.scheduler import Scheduler
from darkroomd.store.front import Front

STATUS_SECONDS: Final = 1.0
"""Between two status lines at least."""

LOOK_SECONDS: Final = 60.0
"""Between two looks where nothing is told of: hours of a schedule pass in silence."""

BEATS: Final = 3
"""Within the time that the watchdog waits: two may come late, or say that there is no progress."""

EXTENSION_SECONDS: Final = 30.0
LONGEST_START_SECONDS: Final = 3600.0
"""A start that takes longer, with whatever it found to migrate or to recover, hangs."""

STOOD_STILL: Final = (
    "Work does not go on although it should. Unless it soon does, the service manager ends darkroomd and "
    "starts it again; no photo is lost."
)

log = structlog.get_logger()


async def ask_for_time(extend: Callable[[float], None], starting: anyio.CancelScope) -> None:
    """Have the service manager wait for as long as `starting` is not cancelled, but not for ever."""
    asked_seconds = 0.0
    with starting:
        while asked_seconds < LONGEST_START_SECONDS:
            extend(EXTENSION_SECONDS)
            await anyio.sleep(EXTENSION_SECONDS / BEATS)
            asked_seconds += EXTENSION_SECONDS / BEATS


@dataclass(frozen=True, slots=True, kw_only=True)
class Manager:
    """The service manager, as far as the heart has to know it.

    Attributes:
        say: takes a status line.
        feed: feeds the watchdog.
        watchdog_seconds: how long the watchdog waits for that; None: there is no watchdog.
    """

    say: Callable[[str], None]
    feed: Callable[[], None]
    watchdog_seconds: float | None


class Heartbeat:
    """Follows the queue for the service manager; None: there is none, and nothing is done.

    Attributes:
        text: the newest status line.
    """

    def __init__(
        self,
        manager: Manager | None,
        front: Front,
        executor: LocalExecutor,
        scheduler: Scheduler,
        queries: Queries,
    ) -> None:
        self._manager = manager
        self._front = front
        self._executor = executor
        self._scheduler = scheduler
        self._queries = queries
        self._changed = anyio.Event()
        self._left_since: float | None = None
        self._still: Standstill | None = None
        self.text = ""

    def notice(self, _: Happening) -> None:
        """Look again: anything that happens can change the status."""
        self._changed.set()

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Beat until cancelled; started once there is a first `text`."""
        if self._manager is None:
            task_status.started()
            return
        self.text = await self._look()
        async with anyio.create_task_group() as both:
            both.start_soon(self._tell, self._manager)
            if self._manager.watchdog_seconds is not None:
                both.start_soon(self._beat, self._manager.feed, self._manager.watchdog_seconds)
            task_status.started()

    async def _tell(self, manager: Manager) -> None:
        while True:
            await anyio.sleep(STATUS_SECONDS)
            with anyio.move_on_after(LOOK_SECONDS):
                await self._changed.wait()
            self._changed = anyio.Event()
            text = await self._look()
            if text != self.text:
                self.text = text
                manager.say(text)

    async def _look(self) -> str:
        try:
            status = await self._queries.status()
        except DarkroomError as error:
            return error.message
        return status_line(status)

    async def _beat(self, feed: Callable[[], None], watchdog_seconds: float) -> None:
        patience = patience_seconds(watchdog_seconds)
        while True:
            found = standstill(await self._standing(), patience_seconds=patience, now=anyio.current_time())
            self._note(found)
            if found is None:
                feed()
            await anyio.sleep(watchdog_seconds / BEATS)

    async def _standing(self) -> Standing:
        self._left_since = (self._left_since or anyio.current_time()) if await self._has_left_work() else None
        return replace(
            self._scheduler.standing(),
            writing_since=self._front.writing_since,
            due_at=self._executor.due_at,
            left_since=self._left_since,
        )

    async def _has_left_work(self) -> bool:
        try:
            return await self._scheduler.has_left_work()
        except DarkroomError:
            # The scheduler meets the same refusal, and waits for a reason.
            return False

    def _note(self, found: Standstill | None) -> None:
        if found is not None and self._still is None:
            log.error("work_stood_still", where=found, message=STOOD_STILL)
        elif found is None and self._still is not None:
            log.warning("work_went_on", where=self._still)
        self._still = found
