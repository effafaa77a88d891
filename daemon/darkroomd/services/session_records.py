"""Keeps each session's public record, `boothy.session.json`, as true as the database.

The last photo of a session is recorded in it before the database says that it is done: whoever sees that
nothing is left to do, and then reads the record, reads what became of every photo. Where that takes long, as
with ten thousand photos, the record follows right after instead, and holds up no photo.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

import anyio
import structlog
from anyio.abc import TaskStatus

from darkroom.errors import DarkroomError, NoSuchSession
from darkroom.protocol.types import ItemState
from darkroomd.core.model import Claim, Fingerprint, Happening, JobKind, Photo, PhotoState, Session, SessionId
from darkroomd.core.session_document import DOCUMENT_NAME, entry_of
from darkroomd.files.documents import DocumentUnwritable, Unsettled, Written, write_document
from darkroomd.services.disks import Disks
from darkroomd.store.queue import Ending
from darkroomd.store.store import Store

PAUSE_SECONDS: Final = 0.25
"""Under load a record is rewritten at most four times a second."""

PATIENCE_SECONDS: Final = 5.0
"""Before a record that could not be written is tried again."""

REST_FACTOR: Final = 19
"""A record rests so many times as long as it took to write: it takes a twentieth of one core at most."""

LONGEST_REST_SECONDS: Final = 30.0

DISK_SECONDS: Final = 10.0
"""How long a disk may take to write one record while the others wait."""

LAST_SECONDS: Final = 2.0
"""How long the end of a session's last photo may wait for the record."""

AHEAD_SECONDS: Final = 0.1
"""A large record that takes longer to write is written after the photo's end instead of before it."""

FEW_PHOTOS: Final = 500
"""What takes long to write about so few is not the size of the record but a machine that is busy."""

COSTS_KEPT: Final = 3
"""One slow writing is the disk's mood, so many in a row are the size of the record."""

QUIET_SECONDS: Final = 1.0
"""A record that somebody else is writing, or that cannot be read, is left alone until it stays the same."""

CHECK_SECONDS: Final = (2.0, 8.0, 32.0)
"""After a record was written it is looked at again: a program may have put back what it had read before."""

log = structlog.get_logger()


def rest_seconds(cost_seconds: float) -> float:
    """Return how long a record that took so long to write is left as it is, whatever happens meanwhile."""
    return min(LONGEST_REST_SECONDS, max(PAUSE_SECONDS, REST_FACTOR * cost_seconds))


def is_worth_waiting_for(costs_seconds: Iterable[float], *, photos: int) -> bool:
    """Whether a photo's end may wait for a record of so many, which took so long the last few times."""
    return photos <= FEW_PHOTOS or min(costs_seconds, default=0.0) <= AHEAD_SECONDS


def foreseen(claim: Claim, ending: Ending) -> Photo | None:
    """Return what a photo will be once the work on it has ended so; None where only the database knows."""
    photo = claim.photo
    if ending.state is ItemState.CANCELED and claim.job.kind is JobKind.EXPORT:
        # It stays as it was, or returns to the background.
        return None
    if ending.output is not None:
        made = {output.recipe for output in ending.outputs}
        others = [output for output in photo.outputs if output.recipe not in made]
        return replace(
            photo,
            state=PhotoState.OUTDATED if ending.rest_is_due else PhotoState.DEVELOPED,
            outputs=tuple(sorted((*others, *ending.outputs), key=lambda output: output.recipe)),
            captured_at_usec=ending.captured_at_usec,
            zone_minutes=ending.zone_minutes,
            unsupported=tuple(sorted({*photo.unsupported} - {*photo.left_out} | {*ending.left_out})),
            left_out=ending.left_out,
            camera=ending.camera,
            failure=None,
        )
    if ending.failure is not None:
        return replace(photo, state=ending.photo_state or PhotoState.FAILED, failure=ending.failure)
    if ending.state is ItemState.SKIPPED and photo.state is PhotoState.DEVELOPING and not ending.rest_is_due:
        return replace(photo, state=PhotoState.DEVELOPED, attempts=max(0, photo.attempts - 1))
    return None


@dataclass(slots=True)
class _Record:
    """What is to be done about one session's record; times are of the monotonic clock.

    Attributes:
        marked: it may not say what the database says.
        failing: it could not be written, which was said.
        preset_id: the session's preset as it was written last.
        seen: how it stood when somebody else was at work on it.
        quiet_since: since when it has stood like that.
        checks: how often it was looked at again since something new was written.
        foretold: a photo as it is in the record, before the database says it.
        costs: seconds that it took to write, lately.
    """

    marked: bool = False
    failing: bool = False
    preset_id: str | None = None
    rests_until: float = -math.inf
    seen: Fingerprint | None = None
    quiet_since: float = math.inf
    check_at: float = math.inf
    checks: int = 0
    foretold: Photo | None = None
    costs: deque[float] = field(default_factory=lambda: deque(maxlen=COSTS_KEPT))

    @property
    def due_at(self) -> float:
        return self.rests_until if self.marked else max(self.check_at, self.rests_until)

    def settled(self, *, now: float) -> Fingerprint | None:
        """Return how it stood if that is long enough ago."""
        return self.seen if now - self.quiet_since >= QUIET_SECONDS else None

    def doubt(self, seen: Fingerprint | None, *, now: float) -> None:
        """Note that somebody else is at work on it."""
        if seen != self.seen or self.quiet_since == math.inf:
            self.seen, self.quiet_since = seen, now
        self.rests_until = now + PAUSE_SECONDS

    def hasten(self, *, now: float) -> None:
        """Cut its rest: a photo is about to end that nothing else is to be done after."""
        if not self.failing:
            rest = max(PAUSE_SECONDS, min(self.costs, default=0.0))
            self.rests_until = min(self.rests_until, now + rest)

    def written(self, *, since: float, now: float, is_news: bool, changed: bool) -> None:
        """Note that it says what is known, and when to look at it again."""
        self.costs.append(now - since)
        self.failing, self.seen, self.quiet_since = False, None, math.inf
        self.rests_until = now + rest_seconds(now - since)
        # Somebody who always puts back the old is not fought for ever.
        self.checks = 0 if is_news else self.checks + 1
        again = changed and self.checks < len(CHECK_SECONDS)
        self.check_at = now + CHECK_SECONDS[self.checks] if again else math.inf


class SessionRecords:
    """Rewrites the records of sessions that were marked; one that cannot be written stays marked."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._records: dict[SessionId, _Record] = {}
        self._woken = anyio.Event()
        self._in_turn = anyio.Lock()
        self._disks = Disks(patience_seconds=DISK_SECONDS)

    def mark(self, session_id: SessionId) -> None:
        """Have the record of the session rewritten soon."""
        self._record(session_id).marked = True
        self._woken.set()

    def notice(self, happening: Happening) -> None:
        """Have the record rewritten if the happening is about something that it says."""
        photo, session = happening.photo, happening.session
        if happening.kind == "session.removed" and session is not None:
            self._records.pop(session.id, None)
        elif session is not None and session.preset_id != self._record(session.id).preset_id:
            self.mark(session.id)
        # What is not stored is not recorded, and an attempt is once it has ended.
        if photo is None or happening.sequence is None or photo.state is PhotoState.DEVELOPING:
            return
        record = self._record(photo.session_id)
        foretold = record.foretold
        if foretold is None or foretold.id != photo.id:
            self.mark(photo.session_id)
            return
        record.foretold = None
        if entry_of(foretold) != entry_of(photo):
            self.mark(photo.session_id)

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Write what is marked, a large record less often than a small one, until cancelled."""
        task_status.started()
        while True:
            now = anyio.current_time()
            await self._write_all([one for one, record in self._records.items() if record.due_at <= now])
            due_at = min((record.due_at for record in self._records.values()), default=math.inf)
            with anyio.move_on_after(max(0.0, due_at - anyio.current_time())):
                await self._woken.wait()
            self._woken = anyio.Event()

    async def flush(self) -> None:
        """Write what is marked now, also what rests; what fails is logged once and stays marked."""
        marked = [one for one, record in self._records.items() if record.marked]
        await self._write_all(marked, insist=True)

    @asynccontextmanager
    async def foretelling(self, claim: Claim, ending: Ending) -> AsyncGenerator[None]:
        """Record how the claimed photo is about to end, if nothing else is to be done after it.

        The block has the database say it. Recorded within `LAST_SECONDS`, whatever the disk does; it is
        recorded later if not by then, or if a large record took longer than `AHEAD_SECONDS` to write lately.
        """
        photo = foreseen(claim, ending)
        if photo is None:
            yield
            return
        await self._foretell(claim, photo)
        try:
            yield
        finally:
            self._take_back(photo)

    async def _foretell(self, claim: Claim, photo: Photo) -> None:
        with anyio.move_on_after(LAST_SECONDS):
            try:
                session = await self._store.session(claim.session.id)
                if not await self._is_last(claim, session):
                    return
                record = self._record(photo.session_id)
                if is_worth_waiting_for(record.costs, photos=session.counts.photos):
                    await self._write_ahead(photo)
                else:
                    record.hasten(now=anyio.current_time())
            except DarkroomError as error:
                log.debug("photo_not_foretold", code=error.code, message=error.message)

    def _take_back(self, photo: Photo) -> None:
        record = self._records.get(photo.session_id)
        if record is not None and record.foretold is not None:
            # The database has told nothing of the kind: somebody else had ended the work before.
            record.foretold = None
            self.mark(photo.session_id)

    async def _is_last(self, claim: Claim, session: Session) -> bool:
        if session.counts.pending <= 1:
            return True
        # The end of such a job is waited for, also where the session has more to do.
        progress = (await self._store.job(claim.job.id)).progress
        return claim.job.kind is not JobKind.DEVELOP and progress.total - progress.ended <= 1

    async def _write_ahead(self, photo: Photo) -> None:
        async with self._in_turn:
            if await self._write_one(photo.session_id, insist=True, ahead=photo):
                # Until the database says it, too, no writing may take it back.
                self._record(photo.session_id).foretold = photo

    async def _write_all(self, sessions: Iterable[SessionId], *, insist: bool = False) -> None:
        # Whoever flushes at the end waits for a round that is under way.
        async with self._in_turn:
            for session_id in sorted(sessions):
                await self._write_one(session_id, insist=insist)

    async def _write_one(
        self, session_id: SessionId, *, insist: bool = False, ahead: Photo | None = None
    ) -> bool:
        """Write a record, with `ahead` as that photo will be; with `insist` wait for others at work on it.

        Returns whether it says what is known.
        """
        record = self._record(session_id)
        is_news = record.marked or ahead is not None
        try:
            while True:
                since = anyio.current_time()
                # Marked again while it is read, it is written once more; cancelled, it stays marked.
                record.marked = False
                outcome = await self._write(session_id, record, ahead)
                if isinstance(outcome, Written):
                    break
                record.marked = True
                record.doubt(outcome.seen, now=anyio.current_time())
                if not insist:
                    return False
                # Nobody tells when another program has written its file.
                await anyio.sleep(PAUSE_SECONDS)
        except NoSuchSession:
            self._records.pop(session_id, None)
        except DarkroomError as error:
            self._note_failure(session_id, record, error)
        except anyio.get_cancelled_exc_class():
            record.marked = True
            raise
        else:
            now = anyio.current_time()
            record.written(since=since, now=now, is_news=is_news, changed=outcome.changed)
            return True
        return False

    def _note_failure(self, session_id: SessionId, record: _Record, error: DarkroomError) -> None:
        record.marked = True
        record.rests_until = anyio.current_time() + PATIENCE_SECONDS
        if not record.failing:
            record.failing = True
            log.warning(
                "session_record_not_written",
                session=session_id,
                code=error.code,
                message=error.message,
                context=error.context,
            )

    async def _write(
        self, session_id: SessionId, record: _Record, ahead: Photo | None
    ) -> Written | Unsettled:
        # Before the look: once the database says it, too, a look that began earlier may not know of it.
        foretold = ahead or record.foretold
        session = await self._store.session(session_id)
        photos = await self._store.known_photos(session_id)
        if foretold is not None:
            photos[foretold.name] = foretold
        settled = record.settled(now=anyio.current_time())
        work = partial(write_document, session, tuple(photos.values()), settled=settled)
        patience = DISK_SECONDS if ahead is None else LAST_SECONDS
        try:
            outcome = await self._disks.do(session.folder, work, patience_seconds=patience)
        except TimeoutError as error:
            raise DocumentUnwritable(session.folder / DOCUMENT_NAME, str(error.strerror)) from error
        if isinstance(outcome, Unsettled):
            return outcome
        record.preset_id = session.preset_id
        if outcome.kept is not None:
            log.warning("session_record_kept_aside", session=session_id, kept=str(outcome.kept))
        log.debug("session_record_written", session=session_id, photos=len(photos), changed=outcome.changed)
        return outcome

    def _record(self, session_id: SessionId) -> _Record:
        return self._records.setdefault(session_id, _Record())
