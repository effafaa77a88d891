"""Keeps each session's public record, `boothy.session.json`, as true as the database."""

from __future__ import annotations

from typing import Final

import anyio
import structlog
from anyio import CapacityLimiter, to_thread
from anyio.abc import TaskStatus

from darkroom.errors import DarkroomError, NoSuchSession
from darkroomd.core.model import SessionId
from darkroomd.files.documents import write_document
from darkroomd.store.store import Store

PAUSE_SECONDS: Final = 0.25
"""Between two rounds of writing: under load a record is rewritten at most four times a second."""

PATIENCE_SECONDS: Final = 5.0
"""Before a record that could not be written is tried again."""

log = structlog.get_logger()


class SessionRecords:
    """Rewrites the records of sessions that were marked; one that cannot be written stays marked."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._marked: set[SessionId] = set()
        self._failing: set[SessionId] = set()
        self._woken = anyio.Event()
        self._one_writer = CapacityLimiter(1)

    def mark(self, session_id: SessionId) -> None:
        """Have the record of the session rewritten soon."""
        self._marked.add(session_id)
        self._woken.set()

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Write what is marked until cancelled."""
        task_status.started()
        while True:
            await self._woken.wait()
            self._woken = anyio.Event()
            await self.flush()
            # New marks gather here; it is a bound on the disk's work, not a wait for anything.
            await anyio.sleep(PATIENCE_SECONDS if self._failing else PAUSE_SECONDS)
            if self._marked:
                self._woken.set()

    async def flush(self) -> None:
        """Write what is marked now; what fails is logged once and stays marked."""
        marked, self._marked = self._marked, set()
        for session_id in sorted(marked):
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

    async def _write(self, session_id: SessionId) -> None:
        session = await self._store.session(session_id)
        photos = await self._store.known_photos(session_id)
        # A thread cannot be cancelled: whoever is, is so once the file is written.
        kept = await to_thread.run_sync(
            write_document, session, tuple(photos.values()), limiter=self._one_writer
        )
        if kept is not None:
            log.warning("session_record_kept_aside", session=session_id, kept=str(kept))
        log.debug("session_record_written", session=session_id, photos=len(photos))
