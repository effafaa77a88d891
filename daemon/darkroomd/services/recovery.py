"""Restart is recovery: what a dead daemon left running is finished, repeated or abandoned."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import structlog
from anyio import to_thread

from darkroom.errors import DarkroomError
from darkroom.protocol.types import ItemState
from darkroomd.core.model import Happening, Item, Session, SessionId
from darkroomd.core.recovery import Abandon, Finish, Intent, Repeat, after_restart, sit_out_seconds
from darkroomd.core.retry import USEC, RetryPolicy
from darkroomd.files.documents import document_written_at
from darkroomd.services.publishing import (
    decode_intent,
    final_path,
    look_for,
    publish_intended,
    record_published,
)
from darkroomd.services.survey import sweep_leftovers
from darkroomd.store.database import Database
from darkroomd.store.queue import Ending
from darkroomd.store.store import Store
from darkroomd.store.suspects import put_back_suspect, renew_waits

PAGE: Final = 500

log = structlog.get_logger()


async def recover(
    store: Store, *, policy: RetryPolicy, output_folder: str, now_usec: Callable[[], int]
) -> tuple[SessionId, ...]:
    """Settle every item that is running by the record, then remove part files, before anything is claimed.

    Returns the sessions whose public record is older than their last change.
    """
    for item, text in await store.left_running():
        intent = None if text is None else decode_intent(text)
        await _settle(store, item, intent, policy=policy, now_usec=now_usec)
    await _renew_waits(store, policy=policy, now_usec=now_usec())
    stale: list[SessionId] = []
    async for session in _sessions(store):
        await _sweep(session.folder, output_folder)
        written_at_usec = await to_thread.run_sync(document_written_at, session.folder)
        if written_at_usec is None or written_at_usec < session.changed_at_usec:
            stale.append(session.id)
    return tuple(stale)


async def _settle(
    store: Store, item: Item, intent: Intent | None, *, policy: RetryPolicy, now_usec: Callable[[], int]
) -> None:
    found = None if intent is None else await to_thread.run_sync(look_for, intent)
    decision = after_restart(policy, item, found)
    log.info(
        "item_recovered",
        item=item.id,
        job=item.job_id,
        attempt=item.attempt,
        correlation_id=item.correlation_id,
        decision=type(decision).__name__.lower(),
    )
    ending: Ending | None = None
    if isinstance(decision, Abandon):
        ending = Ending(ItemState.FAILED, failure=decision.failure)
    elif intent is not None and not isinstance(decision, Repeat):
        ending = await _published(store, intent, finish=isinstance(decision, Finish), now_usec=now_usec())
    fence, now = item.fence or 0, now_usec()
    if ending is not None:
        await store.end(item, ending, fence=fence, now_usec=now)
    elif isinstance(decision, Repeat):
        await _put_back_suspect(store, item, decision, fence=fence, now_usec=now)
    else:
        await store.put_back(item, fence=fence, failure=None, retry_at_usec=None, refund=False, now_usec=now)


async def _put_back_suspect(store: Store, item: Item, repeat: Repeat, *, fence: int, now_usec: int) -> None:
    def change(database: Database) -> tuple[None, Sequence[Happening]]:
        happenings = put_back_suspect(
            database,
            item,
            fence=fence,
            failure=repeat.failure,
            retry_at_usec=now_usec + round(repeat.after_seconds * USEC),
            now_usec=now_usec,
        )
        return None, happenings or []

    await store.front.write(change)


async def _renew_waits(store: Store, *, policy: RetryPolicy, now_usec: int) -> None:
    def retry_at_usec(item: Item) -> int:
        return now_usec + round(sit_out_seconds(policy, deaths=item.deaths) * USEC)

    await store.front.write(lambda database: (None, renew_waits(database, retry_at_usec, now_usec=now_usec)))


async def _published(store: Store, intent: Intent, *, finish: bool, now_usec: int) -> Ending | None:
    if finish:
        record = await store.output_at(final_path(intent))
        try:
            published = await to_thread.run_sync(lambda: publish_intended(intent, record, now_usec=now_usec))
        except (OSError, DarkroomError) as error:
            # The disk may still be full or gone: the queue finds that out and waits for it.
            log.warning("publishing_put_off", error=str(error))
            return None
        output = published.output
    else:
        found = await to_thread.run_sync(lambda: record_published(intent, now_usec=now_usec))
        if found is None:
            return None
        output = found
    return Ending(
        ItemState.COMPLETED,
        output=output,
        captured_at_usec=intent.captured_at_usec,
        camera=intent.camera,
        pixels=intent.pixels,
    )


async def _sweep(folder: Path, output_folder: str) -> None:
    removed = await to_thread.run_sync(partial(sweep_leftovers, folder, output_folder=output_folder))
    if removed:
        log.info("parts_swept", folder=str(folder), count=len(removed))


async def _sessions(store: Store) -> AsyncIterator[Session]:
    cursor: str | None = None
    while True:
        page = await store.sessions(cursor=cursor, limit=PAGE)
        for session in page.entries:
            yield session
        if page.next_cursor is None:
            return
        cursor = page.next_cursor
