"""When a job fails so often that going on is of no use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from darkroomd.core.model import Progress

REASON: Final = "too_many_failures"
"""What the job's reasons say once it was stopped."""


@dataclass(frozen=True, slots=True)
class FailureLimit:
    """How many failures a job may have.

    Attributes:
        least_tried: before so many photos were tried, nothing is concluded.
        most_percent: share of them that may fail, 0 to 100; 100: all.
    """

    least_tried: int = 20
    most_percent: int = 50


def has_failed_too_often(limit: FailureLimit, progress: Progress) -> bool:
    """Tell whether the job is to be stopped.

    Only items that were tried count: thousands that were skipped or canceled say nothing of whether the next
    one will succeed.
    """
    tried = progress.completed + progress.failed
    return tried >= limit.least_tried and progress.failed * 100 > limit.most_percent * tried
