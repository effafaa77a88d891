"""The rules that the queue is worked through by."""

from __future__ import annotations

from dataclasses import dataclass

from darkroomd.core.failure_share import FailureLimit
from darkroomd.core.precedence import RunningBackground
from darkroomd.core.retry import RetryPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRules:
    """How patient the queue is, how much of it is in work at a time, and what gives way to what.

    Attributes:
        workers: items that are in work at a time, but for archives.
        running_background: what becomes of background work when something of high priority comes.
    """

    policy: RetryPolicy
    failure_limit: FailureLimit
    workers: int
    running_background: RunningBackground
