"""Does the queue go on? What the watchdog is fed by: progress, or a reason why there is none."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

LEAST_PATIENCE_SECONDS: Final = 10.0
"""Longer than the store waits for another program that keeps the database locked."""

SILENT_SECONDS: Final = 600.0
"""How long work may be silent that no worker has in hand: ten steps on a disk that hardly answers.

A request that keeps others from being started may take as long, with a whole library of photos.
"""


LEFT_SECONDS: Final = 45.0
"""How long work may be left at least: after a jump of the clock it is noticed half a minute later that a time
has come."""


class Standstill(StrEnum):
    """What does not go on although it should."""

    TURN = "turn"
    """The scheduler is in the middle of a turn: it does not come to an end of taking the next item."""
    REQUEST = "request"
    """A request that wants nothing started meanwhile does not come to its end."""
    STORE = "store"
    """A change of the queue database is neither made nor refused."""
    WORK = "work"
    """An item in work is silent, and past its deadline."""
    QUEUE = "queue"
    """There is work that may be started, and nobody takes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How the work stands; all times are of the monotonic clock.

    Attributes:
        turn_since: when the scheduler began the turn that is under way; None: it rests until it is woken.
        kept_since: when a request began to keep it from starting anything; None: there is none.
        writing_since: when the change of the database was begun that is under way; None: there is none.
        heard_at: when each item in work was heard of last.
        due_at: until when the workers may take for what they have in hand; once they have nothing in hand,
            when that was.
        at_fault: all work waits until a fault of the environment is gone, of which it is told.
        left_since: since when there has been work that may be started, and a scheduler at rest; None: not so.
    """

    turn_since: float | None = None
    kept_since: float | None = None
    writing_since: float | None = None
    heard_at: Collection[float] = field(default=())
    due_at: float = -math.inf
    at_fault: bool = False
    left_since: float | None = None


def patience_seconds(watchdog_seconds: float) -> float:
    """Return how long a step may take where the watchdog waits so long for a sign of life."""
    return max(LEAST_PATIENCE_SECONDS, watchdog_seconds)


def standstill(standing: Standing, *, patience_seconds: float, now: float) -> Standstill | None:
    """Return what has come to a standstill; None: work goes on, or there is none, or a reason to wait.

    No reason excuses a turn that does not end: waiting is what a turn ends with. Only a request may make it
    wait in the middle: an export of a whole library takes its time.
    """
    if standing.kept_since is None and _is_over(standing.turn_since, patience_seconds, now=now):
        return Standstill.TURN
    if _is_over(standing.kept_since, SILENT_SECONDS, now=now):
        return Standstill.REQUEST
    if _is_over(standing.writing_since, patience_seconds, now=now):
        return Standstill.STORE
    silent_since = (max(heard_at, standing.due_at) for heard_at in standing.heard_at)
    if not standing.at_fault and any(_is_over(since, SILENT_SECONDS, now=now) for since in silent_since):
        return Standstill.WORK
    if _is_over(standing.left_since, max(patience_seconds, LEFT_SECONDS), now=now):
        return Standstill.QUEUE
    return None


def _is_over(since: float | None, seconds: float, *, now: float) -> bool:
    return since is not None and now - since > seconds
