"""What the daemon tells of itself: how its queue stands, and what its health report finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from darkroomd.core.gate import Holder, Pause
from darkroomd.core.model import JobId, Progress


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """How many items wait and run, and how many photos failed or were canceled.

    Attributes:
        pending: photos that are to be developed.
        aged: photos that only a newer pipeline would develop differently.
        photos: all that are known.
    """

    queued: int = 0
    running: int = 0
    failed: int = 0
    canceled: int = 0
    pending: int = 0
    aged: int = 0
    photos: int = 0


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """The queue as `Summary` and `Queue` show it."""

    counts: QueueCounts
    progress: Progress
    wait_reasons: tuple[str, ...] = ()
    current_job_id: JobId | None = None
    current_raw: Path | None = None
    stage: str | None = None
    percent: int | None = None
    pause: Pause | None = None
    holders: tuple[Holder, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the daemon's own health report."""

    name: str
    ok: bool
    message: str


@dataclass(frozen=True, slots=True)
class Health:
    """What the daemon says of itself."""

    version: str
    pid: int
    instance: str
    started_at_usec: int
    checks: tuple[Check, ...] = field(default=())

    @property
    def ok(self) -> bool:
        """Whether every check is."""
        return all(check.ok for check in self.checks)
