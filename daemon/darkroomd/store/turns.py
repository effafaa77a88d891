"""Places in the queue; see `core.queue_order`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from darkroom.protocol.types import Priority
from darkroomd.core.model import Job, JobKind, SessionId
from darkroomd.core.queue_order import first_turn
from darkroomd.store.database import Database

PRIORITY_OF_KIND: Final[Mapping[JobKind, Priority]] = {
    JobKind.DEVELOP: Priority.NORMAL,
    JobKind.BACKFILL: Priority.LOW,
    JobKind.EXPORT: Priority.HIGH,
    JobKind.ARCHIVE: Priority.NORMAL,
}
"""What jobs begin with."""

ARCHIVE_LANE: Final = SessionId("archive:")
"""Whose turns archives take: photos that arrive in a session never stand behind those that are filed away."""


def lane_of(job: Job) -> SessionId:
    """Return whose turns the items of a job take."""
    return ARCHIVE_LANE if job.kind is JobKind.ARCHIVE else job.session_id or SessionId("")


def take_turns(database: Database, session_id: SessionId, *, priority: int, count: int) -> int:
    """Return the first of `count` consecutive turns for items of the session; see `core.queue_order`."""
    served = database.one("served_turn", priority=priority)
    given = database.one("last_turn_given", session_id=session_id, priority=priority)
    first = first_turn(
        served=0 if served is None else served["value"], last_given=None if given is None else given["turn"]
    )
    database.run("note_turn_given", session_id=session_id, priority=priority, turn=first + count - 1)
    return first
