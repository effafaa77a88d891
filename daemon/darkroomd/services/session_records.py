"""Keeps each session's public record, `boothy.session.json`, as true as the database."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Final

import anyio
import structlog
from anyio.abc import TaskStatus

from darkroom.errors import DarkroomError, NoSuchSession
from darkroomd.core.model import SessionId
from darkroomd.core.session_document import DOCUMENT_NAME
from darkroomd.files.documents import DocumentUnwritable, write_document
from darkroomd.services.disks import Disks
from darkroomd.store.store import Store

PAUSE_SECONDS: Final = 0.25
"""Between two rounds of writing: under load a record is rewritten at most four times a second."""

PATIENCE_SECONDS: Final = 5.0
"""Before a record that could not be written is tried again."""

REST_FACTOR: Final = 19
"""A record rests so many times as long as it took to write: it takes a twentieth of one core at most."""

LONGEST_REST_SECONDS: Final = 30.0

DISK_SECONDS: Final = 10.0
"""How long a disk may take to write one record while the others wait."""

log = structlog.get_logger()


def rest_seconds(cost_seconds: float) -> float:
    """Return how long a record that took so long to write is left as it is, whatever happens meanwhile."""
    return min(LONGEST_REST_SECONDS, max(PAUSE_SECONDS, REST_FACTOR * cost_seconds))


class SessionRecords:
    """Rewrites the records of sessions that were marked; one that cannot be written stays marked."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._marked: set[SessionId] = set()
        self._failing: set[SessionId] = set()
        self._rests_until: dict[SessionId, float] = {}
        self._woken = anyio.Event()
        self._in_turn = anyio.Lock()
        self._disks = Disks(patience_seconds=DISK_SECONDS)

    def mark(self, session_id: SessionId) -> None:
        """Have the record of the session rewritten soon."""
        self._marked.add(session_id)
        self._woken.set()

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Write what is marked, a large record less often than a small one, until cancelled."""
        task_status.started()
        while True:
            await self._woken.wait()
            self._woken = anyio.Event()
            now = anyio.current_time()
            await self._write_all({each for each in self._marked if self._rests_until.get(each, now) <= now})
            # New marks gather here; it is a bound on the disk's work, not a wait for anything.
            await anyio.sleep(PATIENCE_SECONDS if self._failing else PAUSE_SECONDS)
            if self._marked:
                self._woken.set()

    async def flush(self) -> None:
        """Write what is marked now, also what rests; what fails is logged once and stays marked."""
        await self._write_all(self._marked)

    async def _write_all(self, sessions: Iterable[SessionId]) -> None:
        # Whoever flushes at the end waits for a round that is under way.
        async with self._in_turn:
            for session_id in sorted(sessions):
                # Marked again while it is read, it is written once more; cancelled, it stays marked.
                self._marked.discard(session_id)
                try:
                    await self._write_one(session_id)
                except anyio.get_cancelled_exc_class():
                    self._marked.add(session_id)
                    raise

    async def _write_one(self, session_id: SessionId) -> None:
        since = anyio.current_time()
        try:
            await self._write(session_id)
        except NoSuchSession:
            self._failing.discard(session_id)
        except DarkroomError as error:
            self._marked.add(session_id)
            if session_id not in self._failing:
                self._failing.add(session_id)
                log.warning(
                    "session_record_not_written",
                    session=session_id,
                    code=error.code,
                    message=error.message,
                    context=error.context,
                )
        else:
            self._failing.discard(session_id)
            now = anyio.current_time()
            self._rests_until[session_id] = now + rest_seconds(now - since)

    async def _write(self, session_id: SessionId) -> None:
        session = await self._store.session(session_id)
        photos = await self._store.known_photos(session_id)
        work = partial(write_document, session, tuple(photos.values()))
        try:
            kept = await self._disks.do(session.folder, work)
        except TimeoutError as error:
            raise DocumentUnwritable(session.folder / DOCUMENT_NAME, str(error.strerror)) from error
        if kept is not None:
            log.warning("session_record_kept_aside", session=session_id, kept=str(kept))
        log.debug("session_record_written", session=session_id, photos=len(photos))
