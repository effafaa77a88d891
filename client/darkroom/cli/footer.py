"""How far the work is, in one line below what happens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from darkroom.cli.progress import Course
from darkroom.client import Client
from darkroom.errors import ConnectionLost, DaemonUnreachable, NoSuchJob, NoSuchSession, Stopping
from darkroom.protocol.types import Event, ItemState, Job, Summary

FOOTER_KINDS: Final = ("item.updated", "job.created", "queue.changed", "inhibitor.changed")
"""What has to be heard for the line to be right."""

_ENDED: Final = frozenset(
    {ItemState.COMPLETED, ItemState.SKIPPED, ItemState.FAILED, ItemState.CANCELED},
)
_LOOK_SECONDS: Final = 0.5
"""Between two questions to the daemon, at least."""


class Standing(NamedTuple):
    """Where the work stands.

    Attributes:
        left: items that are still to be done.
        remaining_usec: the daemon's estimate for them.
        text: why nothing is worked on, or that nothing is to be done; empty otherwise.
    """

    left: int
    remaining_usec: int | None = None
    text: str = ""


class Footer:
    """Keeps one line up to date, and asks the daemon no more often than anybody could read.

    Args:
        look: asks where the work stands. A daemon that has gone away leaves the line as it was.
    """

    def __init__(self, look: Callable[[], Standing]) -> None:
        self._look = look
        self._course = Course()
        self._standing = Standing(0)
        self._stale = True
        self._looked_at: float | None = None

    def take(self, event: Event, *, now: float) -> None:
        """Take note of what happened; `now` is in seconds of a monotonic clock."""
        if event.item is not None and event.item.state in _ENDED:
            self._course.take_end(now=now)
        if event.kind not in {"keepalive", "progress"}:
            self._stale = True

    def line(self, *, now: float) -> str:
        """Return the line as it is now."""
        progress = self.progress(now=now)
        text = self._standing.text
        if self._course.left:
            return f"{progress}  {text}".rstrip()
        return text or progress or "nothing to do"

    def progress(self, *, now: float) -> str:
        """Return how far the work is; empty where there was none yet."""
        if self._stale and (self._looked_at is None or now - self._looked_at >= _LOOK_SECONDS):
            self._looked_at = now
            # How long a daemon that went away is waited for is the concern of who watches.
            with suppress(ConnectionLost, DaemonUnreachable, Stopping):
                self._standing = self._look()
                self._course.take_left(self._standing.left)
                self._stale = False
        if not self._course.left and not self._course.done:
            return ""
        return self._course.line(now=now, remaining_usec=self._standing.remaining_usec)


def standing_of(
    client: Client, *, job_ids: Sequence[int] | None, session_ids: Sequence[str] | None
) -> Callable[[], Standing]:
    """Return what asks how much is left: of these jobs, else of these sessions, else of all."""
    if job_ids is not None:
        return lambda: Standing(sum(_left_of_job(client, job) for job in job_ids))
    if session_ids is not None:
        return lambda: Standing(sum(_left_of_session(client, session) for session in session_ids))
    return lambda: _of_queue(client)


def _of_queue(client: Client) -> Standing:
    return standing(client.get_summary())


def standing(summary: Summary) -> Standing:
    """Return where the queue stands as a whole."""
    queue = summary.queue
    left = queue.queued_items + queue.running_items
    held = queue.paused or queue.wait_reasons or summary.inhibitors
    return Standing(
        left, remaining_usec=summary.progress.remaining_usec, text=summary.text if held or not left else ""
    )


def _left_of_session(client: Client, session_id: str) -> int:
    try:
        return client.get_session(session_id).pending_count
    except NoSuchSession:
        return 0


def _left_of_job(client: Client, job_id: int) -> int:
    try:
        return left_of(client.get_job(job_id))
    except NoSuchJob:
        return 0


def left_of(job: Job) -> int:
    """Return how many items of a job have not ended."""
    done = job.progress
    return done.total - done.completed - done.skipped - done.failed - done.canceled
