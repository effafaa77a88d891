"""Try again, put back or give up: what follows when an item did not succeed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from darkroom.protocol.types import Failure

USEC: Final = 1_000_000

SESSION_FAULTS: Final = ("session.", "disk.")
"""Codes that start so concern one session's folder or disk; the other sessions go on."""

LONGEST_HOLD_SECONDS: Final = 300.0
"""Bound on the time between two probes of a session whose folder cannot be worked in."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How patient the queue is.

    Attributes:
        waits_seconds: before the second, third … attempt; the last one holds for all later ones.
        attempts: bound on the attempts of one item.
        environment_wait_seconds: before the queue probes again whether the disk has space, is writable…
    """

    waits_seconds: tuple[float, ...] = (2.0, 10.0, 60.0)
    attempts: int = 3
    environment_wait_seconds: float = 5.0

    @property
    def longest_wait_seconds(self) -> float:
        """Bound on the time before an attempt; one that is due later was put off before the clock jumped."""
        return max(self.waits_seconds)


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Queue the item again; not before `at_usec`."""

    at_usec: int


@dataclass(frozen=True, slots=True)
class Hold:
    """Not the photo's fault: put the item back unburnt and start nothing for so many seconds."""

    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class SessionHold:
    """The same of one session alone: start nothing of it for so many seconds."""

    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class JobHold:
    """The same of one job alone: what concerns only where its outputs go holds up nobody else."""

    seconds: float
    reason: str


class Concern(Enum):
    """Whose work cannot go on while a fault of the environment lasts."""

    QUEUE = auto()
    SESSION = auto()
    JOB = auto()


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The item has failed for good."""


def session_hold_seconds(policy: RetryPolicy, *, times: int) -> float:
    """Return how long a session is left alone after its folder failed so many times in a row, at least 1.

    It doubles: the probes of several dead shares must not take all the time of the living ones.
    """
    doubled = policy.environment_wait_seconds * 2.0 ** min(times - 1, 16)
    return min(doubled, max(LONGEST_HOLD_SECONDS, policy.environment_wait_seconds))


def concern_of(failure: Failure) -> Concern:
    """Return whose work cannot go on while the fault of the environment lasts that a develop item met."""
    return Concern.SESSION if failure.code.startswith(SESSION_FAULTS) else Concern.QUEUE


def after_failure(
    policy: RetryPolicy,
    failure: Failure,
    *,
    attempt: int,
    environment: bool,
    concern: Concern | None = None,
    now_usec: int,
) -> TryAgain | Hold | SessionHold | JobHold | GiveUp:
    """Return what to do after the `attempt`-th run of an item ended with `failure`.

    With `environment` it is not the photo's fault; `concern` says whose work waits then, None: `concern_of`.
    """
    if environment:
        fault = _HOLDS[concern or concern_of(failure)]
        return fault(policy.environment_wait_seconds, failure.code)
    if not failure.transient or attempt >= policy.attempts:
        return GiveUp()
    wait = policy.waits_seconds[min(attempt, len(policy.waits_seconds)) - 1]
    return TryAgain(now_usec + round(wait * USEC))


_HOLDS: Final[Mapping[Concern, type[Hold | SessionHold | JobHold]]] = {
    Concern.QUEUE: Hold,
    Concern.SESSION: SessionHold,
    Concern.JOB: JobHold,
}
