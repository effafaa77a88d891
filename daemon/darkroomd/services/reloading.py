"""Reads the configuration again while everything runs, and puts all of it in force or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

import anyio
import structlog
from anyio import to_thread
from anyio.abc import TaskStatus

from darkroom.errors import DarkroomError, InvalidConfiguration, Stopping
from darkroomd.core.faults import MOST_LISTED, ConfigInvalid
from darkroomd.core.model import Happening
from darkroomd.core.reloading import Reloaded
from darkroomd.core.wording import readable

READ_SECONDS: Final = 20.0
"""How long the files, and the folders that they name, may take to be looked at."""

SETTLE_SECONDS: Final = 5.0
"""How long a reply waits for what a new configuration sets going, such as the watch on a new folder."""

_SILENT: Final = "A disk does not answer, so the configuration could not be read. Try again once it does."

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Change:
    """A configuration that was read and found right, compared with the one that is in force.

    Attributes:
        reloaded: what comes of it.
        put_in_force: gives it to everything that runs, at one moment; it neither waits nor fails. Returns
            what is set once that which takes time is done as well.
    """

    reloaded: Reloaded
    put_in_force: Callable[[], Iterable[anyio.Event]]


@dataclass(slots=True)
class _Reading:
    """A look at the configuration in a thread, which itself says when it is over."""

    over: bool = True


@dataclass(slots=True)
class Announcements:
    """Who is told that the configuration is being read again, and that this is over."""

    begun: Callable[[], None] = field(default=lambda: None)
    over: Callable[[], None] = field(default=lambda: None)


class Reloading:
    """Reloads on request, one request after the other; signals that come faster than that count as one.

    Args:
        read: reads, checks and compares the configuration; blocks, and raises `DarkroomError`.
        publish: tells watchers.
        now_usec: microseconds since the Unix epoch, UTC.
    """

    def __init__(
        self,
        read: Callable[[], Change],
        publish: Callable[[Happening], None],
        *,
        now_usec: Callable[[], int],
        announcements: Announcements | None = None,
    ) -> None:
        self._read = read
        self._publish = publish
        self._now_usec = now_usec
        self._announcements = announcements or Announcements()
        self._end_of_announced: Callable[[], None] | None = None
        self._turn = anyio.Lock()
        self._asked = anyio.Event()
        self._reading = _Reading()
        self._threads = anyio.CapacityLimiter(1)
        self._patience = anyio.CancelScope()
        self._stopping = False

    def announce(self, announcements: Announcements) -> None:
        """Tell these from now on."""
        self._announcements = announcements

    def ask(self) -> None:
        """Have it done soon, by `run`; asked again before that begins, it is done once."""
        self._asked.set()

    def stop(self) -> None:
        """Put nothing in force any more, and wait for no disk; whoever was told of a reload hears its end."""
        self._stopping = True
        self._patience.cancel()
        # Now, and not when the caller has heard of it: what follows is said of a daemon that ends.
        self._announce_end()

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Do what is asked for until cancelled; what went wrong is in the log."""
        task_status.started()
        while True:
            await self._asked.wait()
            self._asked = anyio.Event()
            try:
                await self.reload()
            except DarkroomError as error:
                log.debug("reload_not_done", code=error.code)
            except Exception:
                # A signal is a border as a call is: our mistake must not end what runs well.
                log.exception("reload_failed")

    async def reload(self) -> Reloaded:
        """Read the configuration and put it in force, as far as it can be while the daemon runs.

        Raises:
            InvalidConfiguration: it is not right, or could not be read; nothing was changed.
            Stopping: the daemon is going down; nothing was changed.
        """
        async with self._turn:
            if self._stopping:
                raise Stopping
            self._announcements.begun()
            self._end_of_announced = self._announcements.over
            try:
                return await self._reload()
            finally:
                self._announce_end()

    def _announce_end(self) -> None:
        over, self._end_of_announced = self._end_of_announced, None
        if over is not None:
            over()

    async def _reload(self) -> Reloaded:
        try:
            change = await self._change()
        except DarkroomError as error:
            if self._stopping:
                raise Stopping from error
            log.warning("config_refused", code=error.code, message=error.message, context=error.context)
            raise _refusal(error) from error
        if self._stopping:
            raise Stopping
        # From here on nobody can hang up in between: half of a configuration is never in force.
        under_way = change.put_in_force()
        reloaded = change.reloaded
        log.info("config_reloaded", changed=reloaded.changed)
        for warning in reloaded.warnings:
            log.warning("restart_needed", message=warning)
        self._publish(Happening("config.reloaded", self._now_usec()))
        with anyio.move_on_after(SETTLE_SECONDS):
            for done in under_way:
                await done.wait()
        return reloaded

    async def _change(self) -> Change:
        """Return the change; raise `DarkroomError`, also where a disk does not answer."""
        if self._reading.over:
            self._reading = reading = _Reading()

            def read() -> Change:
                reading.over = False
                try:
                    return self._read()
                finally:
                    reading.over = True

            # Whoever hangs up meanwhile leaves no thread behind, unless that hangs itself.
            with anyio.move_on_after(READ_SECONDS, shield=True) as self._patience:
                return await to_thread.run_sync(read, abandon_on_cancel=True, limiter=self._threads)
        # As long as a thread hangs there is no second one.
        raise InvalidConfiguration(_SILENT, (_SILENT,))


def _refusal(error: DarkroomError) -> InvalidConfiguration:
    """Return what the caller is told: a sentence for each thing that is wrong."""
    flaws = error.flaws[:MOST_LISTED] if isinstance(error, ConfigInvalid) else ()
    problems = tuple(readable(str(flaw)) for flaw in flaws) or (readable(error.message),)
    return InvalidConfiguration(readable(error.message), problems)
