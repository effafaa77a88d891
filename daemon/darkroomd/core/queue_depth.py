"""How many items wait and run, by priority, kept as jobs change: nobody has to count rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from darkroom.protocol.types import Priority
from darkroomd.core.model import Happening, Job, JobId

QUEUED: Final = "queued"
RUNNING: Final = "running"


@dataclass(frozen=True, slots=True)
class Share:
    """What one job that has not ended has in the queue."""

    priority: Priority
    queued: int
    running: int


class QueueDepth:
    """Adds up the shares of all jobs. It follows what happens from the start, and is told the rest once.

    Attributes:
        is_complete: whether `complete` was called.
    """

    def __init__(self) -> None:
        self._shares: dict[JobId, Share] = {}
        self._sums = Counter[tuple[str, Priority]]()
        self._ended: set[JobId] | None = None
        self.is_complete = False

    def notice(self, happening: Happening) -> None:
        """Take in what has become of a job."""
        if happening.job is not None:
            self._put(happening.job.id, share_of(happening.job))
        elif happening.kind == "job.removed" and happening.job_id is not None:
            self._put(happening.job_id, None)

    def begin(self) -> None:
        """Note that the database is asked for all jobs from now on, for `complete`."""
        # Before, and if nobody ever asks, what has ended need not be known: it is not in the database either.
        self._ended = set()

    def complete(self, shares: Iterable[tuple[JobId, Share]]) -> None:
        """Add the jobs that nothing was heard of yet, as the database had them after `begin`."""
        ended = self._ended or set()
        self._ended, self.is_complete = None, True
        for job_id, share in shares:
            if job_id not in self._shares and job_id not in ended:
                self._put(job_id, share)

    def sums(self) -> dict[tuple[str, ...], int]:
        """Return how many there are, by "queued" or "running" and priority."""
        states = (QUEUED, RUNNING)
        return {(state, each.value): self._sums[state, each] for state in states for each in Priority}

    def _put(self, job_id: JobId, share: Share | None) -> None:
        before = self._shares.pop(job_id, None)
        if before is not None:
            self._sums[QUEUED, before.priority] -= before.queued
            self._sums[RUNNING, before.priority] -= before.running
        if share is not None:
            self._shares[job_id] = share
            self._sums[QUEUED, share.priority] += share.queued
            self._sums[RUNNING, share.priority] += share.running
        elif self._ended is not None:
            self._ended.add(job_id)


def share_of(job: Job) -> Share | None:
    """Return what a job has in the queue; None: it has ended."""
    if job.ended_at_usec is not None:
        return None
    progress = job.progress
    queued = progress.total - progress.ended - progress.running
    return Share(job.priority, queued, progress.running)
