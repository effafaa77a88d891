"""What the database adds up to, from sums that it keeps: no rows of photos or items are counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from darkroomd.core.model import JobId
from darkroomd.core.queue_depth import Share
from darkroomd.store.database import Database, Row
from darkroomd.store.front import Front
from darkroomd.store.journal import read_span
from darkroomd.store.rows import PRIORITIES

_STATES: Final = ("developed", "pending", "failed", "canceled", "outdated", "discarded")


@dataclass(frozen=True, slots=True)
class Figures:
    """How many sessions, photos by state, and events that are kept there are."""

    sessions: int
    photos: Mapping[str, int]
    events: int


class FigureBook:
    """Reads figures; both methods raise `StateUnreadable`."""

    def __init__(self, front: Front) -> None:
        self._front = front

    async def figures(self) -> Figures:
        """Return what all sessions come to."""
        return await self._front.read(_figures)

    async def live_shares(self) -> list[tuple[JobId, Share]]:
        """Return what each job that has not ended has in the queue; of many thousands, it takes a while."""
        return await self._front.read_at_length(_live_shares)


def _figures(database: Database) -> Figures:
    row = database.one("session_sums")
    # An aggregate always has its one row.
    assert row is not None
    oldest, newest = read_span(database)
    events = newest - oldest + 1 if newest else 0
    return Figures(row["sessions"], {state: row[state] for state in _STATES}, events)


def _live_shares(database: Database) -> list[tuple[JobId, Share]]:
    return [_share(row) for row in database.each("live_shares")]


def _share(row: Row) -> tuple[JobId, Share]:
    priority: int = row["priority"]
    return JobId(row["id"]), Share(PRIORITIES[priority], row["queued"], row["running"])
