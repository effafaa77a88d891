"""What runs next. The store's `ORDER BY` is held to this by a property test.

Within a priority, items go by their turn. A session's items get consecutive turns, beginning after the turn
that is being served, so sessions take turns however much each of them has waiting (start-time fair queueing,
P. Goyal, H. M. Vin, H. Cheng: Start-Time Fair Queuing, 1996, with unit weights).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Waiting:
    """An item that waits, with what decides its place.

    Attributes:
        priority: 0 before 1 before 2.
        turn: within the priority.
        position: within the turn; negative where a job was moved before another.
        id: decides at last: first come, first served.
        ready: not held and not before the time of its retry.
        session: whose photo it is.
        job: that it is an item of.
        photo: what is to be worked on.
        suspect: the daemon died with this item in work.
    """

    priority: int
    turn: int
    position: int
    id: int
    ready: bool
    session: str
    job: int = 0
    photo: str = ""
    suspect: bool = False


@dataclass(frozen=True, slots=True)
class Busy:
    """What is in work, and keeps other items waiting.

    Attributes:
        photos: no two items of one photo are in work at once.
        suspect: nor are two suspects, so that the innocent one is not blamed for what the other does.
    """

    photos: frozenset[str] = frozenset()
    suspect: bool = False


def place(item: Waiting) -> tuple[int, int, int, int]:
    """Return what items are sorted by."""
    return item.priority, item.turn, item.position, item.id


def next_item(
    items: Iterable[Waiting],
    *,
    least_priority: int,
    waiting_sessions: frozenset[str],
    waiting_jobs: frozenset[int] = frozenset(),
    busy: Busy | None = None,
) -> Waiting | None:
    """Return the item to start next, of at most the rank `least_priority`, and of nothing that waits."""
    busy = busy or Busy()
    eligible = [
        item
        for item in items
        if item.ready
        and item.priority <= least_priority
        and item.session not in waiting_sessions
        and item.job not in waiting_jobs
        and item.photo not in busy.photos
        and not (item.suspect and busy.suspect)
    ]
    return min(eligible, key=place, default=None)


def first_turn(*, served: int, last_given: int | None) -> int:
    """Return the turn of the next item of a session.

    `served` is the turn of the newest item that was started at this priority; `last_given` is the last turn
    that the session's items at this priority were given.
    """
    return max(served, last_given or 0) + 1
