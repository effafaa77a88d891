"""Items that were in work when the daemon died: each function is one transition, inside one transaction."""

from __future__ import annotations

from collections.abc import Callable

from darkroom.protocol.types import Failure, JobState
from darkroomd.core.model import Happening, Item
from darkroomd.store import queue
from darkroomd.store.archived import note_dead_fence
from darkroomd.store.catalogue import read_item, read_job
from darkroomd.store.database import Database
from darkroomd.store.journal import Journal


def put_back_suspect(
    database: Database, item: Item, *, fence: int, failure: Failure, retry_at_usec: int, now_usec: int
) -> list[Happening] | None:
    """Count one more death of the daemon with this item in work, and queue it again for later.

    The attempt stays counted. None, and nothing changed, if the claim is stale.
    """
    if database.one("count_death", id=item.id, fence=fence) is None:
        return None
    canceling = read_job(database, item.job_id).state is JobState.CANCELING
    return queue.put_back(
        database,
        item,
        fence=fence,
        # What somebody canceled ends as that, whatever happened to the daemon since.
        failure=None if canceling else failure,
        retry_at_usec=retry_at_usec,
        refund=False,
        now_usec=now_usec,
    )


def put_back_archived(database: Database, item: Item, *, now_usec: int) -> tuple[None, list[Happening]]:
    """Queue an item of an archive again that a daemon died with, and note what that may have left."""
    fence = item.fence or 0
    note_dead_fence(database, item.job_id, fence)
    happenings = queue.put_back(
        database, item, fence=fence, failure=None, retry_at_usec=None, refund=True, now_usec=now_usec
    )
    return None, happenings or []


def renew_waits(
    database: Database, retry_at_usec: Callable[[Item], int], *, now_usec: int
) -> list[Happening]:
    """Let every queued suspect wait from now on, as a daemon that has just begun has proven nothing yet."""
    journal = Journal(database, now_usec)
    for suspect in database.all("suspects"):
        at = retry_at_usec(read_item(database, suspect))
        row = database.one("sit_out", id=suspect["id"], retry_at_usec=at)
        assert row is not None
        journal.item(row)
    return journal.happenings
