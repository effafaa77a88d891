"""Restart is recovery: what a dead daemon left running is finished, repeated or abandoned.

A session whose folder does not answer keeps nobody waiting: nothing of it is started until it does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import anyio
import structlog
from anyio.abc import TaskStatus

from darkroom.errors import DarkroomError, NoSuchSession
from darkroom.protocol.types import ItemState
from darkroomd.core.archive_request import is_archived_by
from darkroomd.core.faults import StateUnwritable
from darkroomd.core.model import Happening, Item, Output, Session, SessionId
from darkroomd.core.recovery import Abandon, Finish, Found, Intent, Repeat, after_restart, sit_out_seconds
from darkroomd.core.retry import USEC, RetryPolicy
from darkroomd.files.documents import document_written_at
from darkroomd.services.disks import Disks
from darkroomd.services.gatekeeper import Gatekeeper
from darkroomd.services.publishing import (
    decode_intents,
    final_path,
    finish_intended,
    look_for,
    record_published,
)
from darkroomd.services.survey import sweep_leftovers
from darkroomd.store.database import Database
from darkroomd.store.queue import Ending
from darkroomd.store.store import Store
from darkroomd.store.suspects import put_back_archived, put_back_suspect, renew_waits

PAGE: Final = 500

START_SECONDS: Final = 2.0
"""How long sessions may take to answer before the daemon starts without them."""

RETRY_SECONDS: Final = 5.0
"""Between two visits to a session that does not answer."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Left:
    """An item that a dead daemon left running when its outputs were about to be published."""

    item: Item
    intents: Sequence[Intent]


class Recovery:
    """Visits each session's folder once, before anything is started in it."""

    def __init__(
        self,
        store: Store,
        gate: Gatekeeper,
        disks: Disks,
        *,
        policy: RetryPolicy,
        output_folders: Sequence[str],
        now_usec: Callable[[], int],
        on_stale: Callable[[SessionId], None],
    ) -> None:
        self._store = store
        self._gate = gate
        self._disks = disks
        self._policy = policy
        self._output_folders = output_folders
        self._now_usec = now_usec
        self._on_stale = on_stale

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Settle what is running by the record, then remove part files, each session on its own.

        Started once that is done, or after `START_SECONDS` without the sessions that do not answer. Sessions
        whose public record is older than their last change are told to `on_stale`. What was canceled and
        still waits is canceled beside all that.
        """
        left = await self._settle_without_disk()
        await _renew_waits(self._store, policy=self._policy, now_usec=self._now_usec())
        sessions = [session async for session in _sessions(self._store)]
        self._gate.await_visit([session.id for session in sessions])
        async with anyio.create_task_group() as visits:
            over = anyio.Event()
            visits.start_soon(self._visit_all, sessions, left, over)
            visits.start_soon(self._go_on_canceling)
            with anyio.move_on_after(START_SECONDS):
                await over.wait()
            task_status.started()

    async def _go_on_canceling(self) -> None:
        """Cancel what still waits in jobs that were canceled."""
        more = True
        while more:
            try:
                more = await self._store.go_on_canceling(now_usec=self._now_usec())
            except StateUnwritable as error:
                log.warning("canceling_interrupted", code=error.code, message=error.message)
                await anyio.sleep(RETRY_SECONDS)

    async def _visit_all(
        self, sessions: Sequence[Session], left: defaultdict[SessionId, list[_Left]], over: anyio.Event
    ) -> None:
        async with anyio.create_task_group() as visits:
            for session in sessions:
                visits.start_soon(self._visit, session, left[session.id])
        over.set()

    async def _settle_without_disk(self) -> defaultdict[SessionId, list[_Left]]:
        """Settle what had not come to its publishing; return the rest by session."""
        left: defaultdict[SessionId, list[_Left]] = defaultdict(list)
        for item, text in await self._store.left_running():
            if is_archived_by(item.recipe):
                # The daemon does that itself: no photo is suspected of what happened to it.
                await self._store.front.write(
                    partial(put_back_archived, item=item, now_usec=self._now_usec())
                )
                continue
            intents = [] if text is None else decode_intents(text)
            if not intents:
                await self._settle(item, (), None)
            else:
                photo = await self._store.photo(intents[0].photo_id)
                left[photo.session_id].append(_Left(item, intents))
        return left

    async def _visit(self, session: Session, left: list[_Left]) -> None:
        """Ask again until the session's folder answers."""
        silent = False
        while True:
            try:
                await self._look_after(session, left)
                break
            except TimeoutError as error:
                if not silent:
                    log.warning("session_not_visited", session=session.id, problem=error.strerror)
                silent = True
            except NoSuchSession:
                # Somebody removed it meanwhile.
                break
            except DarkroomError as error:
                log.warning("session_not_visited", session=session.id, problem=error.message)
            await anyio.sleep(RETRY_SECONDS)
        self._gate.visited(session.id)

    async def _look_after(self, session: Session, left: list[_Left]) -> None:
        folder = session.folder
        while left:
            intents = left[0].intents
            found = await self._disks.do(folder, partial(look_for, intents))
            await self._settle(left[0].item, intents, found, folder=folder)
            del left[0]
        sweep = partial(sweep_leftovers, folder, output_folders=self._output_folders)
        removed = await self._disks.do(folder, sweep)
        if removed:
            log.info("parts_swept", folder=str(folder), count=len(removed))
        written_at_usec = await self._disks.do(folder, partial(document_written_at, folder))
        # What was settled above has changed it since.
        now = await self._store.session(session.id)
        if written_at_usec is None or written_at_usec < now.changed_at_usec:
            self._on_stale(session.id)

    async def _settle(
        self, item: Item, intents: Sequence[Intent], found: Found | None, *, folder: Path | None = None
    ) -> None:
        decision = after_restart(self._policy, item, found)
        ending: Ending | None = None
        if isinstance(decision, Abandon):
            ending = Ending(ItemState.FAILED, failure=decision.failure)
        elif folder is not None and not isinstance(decision, Repeat):
            ending = await self._published(folder, intents, finish=isinstance(decision, Finish))
        log.info(
            "item_recovered",
            item=item.id,
            job=item.job_id,
            attempt=item.attempt,
            correlation_id=item.correlation_id,
            decision=type(decision).__name__.lower(),
        )
        fence, now = item.fence or 0, self._now_usec()
        if ending is not None:
            await self._store.end(item, ending, fence=fence, now_usec=now)
        elif isinstance(decision, Repeat):
            await _put_back_suspect(self._store, item, decision, fence=fence, now_usec=now)
        else:
            await self._store.put_back(
                item, fence=fence, failure=None, retry_at_usec=None, refund=False, now_usec=now
            )

    async def _published(self, folder: Path, intents: Sequence[Intent], *, finish: bool) -> Ending | None:
        outputs: list[Output] = []
        for intent in intents:
            now_usec = self._now_usec()
            work: Callable[[], Output | None] = partial(record_published, intent, now_usec=now_usec)
            if finish:
                record = await self._store.output_at(final_path(intent))
                work = partial(finish_intended, intent, record, now_usec=now_usec)
            try:
                output = await self._disks.do(folder, work)
            except TimeoutError:
                raise
            except (OSError, DarkroomError) as error:
                # The disk may still be full or gone: the queue finds that out and waits for it.
                log.warning("publishing_put_off", error=str(error))
                return None
            if output is None:
                return None
            outputs.append(output)
        return Ending(
            ItemState.COMPLETED,
            output=outputs[0],
            others=tuple(outputs[1:]),
            captured_at_usec=intents[0].captured_at_usec,
            zone_minutes=intents[0].zone_minutes,
            left_out=intents[0].left_out,
            camera=intents[0].camera,
            pixels=intents[0].pixels,
        )


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


async def _sessions(store: Store) -> AsyncIterator[Session]:
    cursor: str | None = None
    while True:
        page = await store.sessions(cursor=cursor, limit=PAGE)
        for session in page.entries:
            yield session
        if page.next_cursor is None:
            return
        cursor = page.next_cursor
