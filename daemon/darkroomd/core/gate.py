"""May work be started? Pauses, inhibitors, schedule and faults of the disk, in one decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from darkroom.protocol.types import InhibitMode, Priority

PAUSED: Final = "queue.paused"
INHIBITED: Final = "inhibited"
OUTSIDE_SCHEDULE: Final = "schedule"


class Pause(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Somebody paused the queue; it goes on by itself at `until_usec`, if that is set."""

    reason: str | None = None
    until_usec: int | None = None


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds work back, and since when."""

    id: int
    mode: InhibitMode
    who: str
    why: str
    uid: int | None
    pid: int | None
    since_usec: int


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What bears on whether work may be started.

    Attributes:
        pause: in force or over by now; None: the queue is not paused.
        inhibited: somebody holds work back.
        in_schedule: the time is one at which work is allowed.
        fault: code of a fault of the environment that is waited for.
    """

    pause: Pause | None = None
    inhibited: bool = False
    in_schedule: bool = True
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Permission:
    """What may be started.

    Attributes:
        least_priority: nothing below it may; None: nothing at all.
        paused: whether the queue is.
        reasons: why not everything may.
    """

    least_priority: Priority | None
    paused: bool
    reasons: tuple[str, ...]


def permission(circumstances: Circumstances, *, now_usec: int) -> Permission:
    """Return what may be started now. What a person asked for, at high priority, ignores the schedule."""
    paused = is_in_force(circumstances.pause, now_usec=now_usec)
    reasons = [PAUSED] if paused else []
    reasons += [INHIBITED] if circumstances.inhibited else []
    reasons += [circumstances.fault] if circumstances.fault else []
    if reasons:
        if not circumstances.in_schedule:
            reasons.append(OUTSIDE_SCHEDULE)
        return Permission(None, paused, tuple(reasons))
    if not circumstances.in_schedule:
        return Permission(Priority.HIGH, paused, (OUTSIDE_SCHEDULE,))
    return Permission(Priority.LOW, paused, ())


def is_in_force(pause: Pause | None, *, now_usec: int) -> bool:
    """Tell whether a pause holds."""
    return pause is not None and (pause.until_usec is None or now_usec < pause.until_usec)
