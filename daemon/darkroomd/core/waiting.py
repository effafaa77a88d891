"""Why a job waits: what holds back all of the queue, and what holds back this job."""

from __future__ import annotations

from collections.abc import Sequence

from darkroom.protocol.types import JobState, Priority
from darkroomd.core.gate import OUTSIDE_SCHEDULE
from darkroomd.core.model import Job


def state_reasons(job: Job, *, queue_reasons: Sequence[str]) -> tuple[str, ...]:
    """Return why a job waits or stopped: its own reasons, then those of the queue that bear on it."""
    if not _waits(job):
        return job.state_reasons
    return (*job.state_reasons, *(reason for reason in queue_reasons if _holds_back(reason, job)))


def _waits(job: Job) -> bool:
    # A job that has begun waits too, wherever none of its items is being worked on.
    between_items = job.state is JobState.RUNNING and not job.progress.running
    return between_items or job.state in {JobState.QUEUED, JobState.PAUSED}


def _holds_back(reason: str, job: Job) -> bool:
    return reason != OUTSIDE_SCHEDULE or job.priority is not Priority.HIGH
