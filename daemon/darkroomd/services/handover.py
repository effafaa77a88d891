"""From settled files to photos in the queue: looked into, frozen, compared with their records."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Final

import structlog
from structlog.contextvars import bound_contextvars

from darkroom.errors import DarkroomError
from darkroom.protocol.types import Failure
from darkroomd.core.intake import Reason
from darkroomd.core.model import (
    RAW_FOLDER,
    Arrival,
    CorrelationId,
    Fingerprint,
    JobId,
    JobKind,
    PhotoId,
    Session,
)
from darkroomd.core.output_plan import EVERY_RECIPE
from darkroomd.core.recorded_outputs import RecordedPhoto, RecordedSession
from darkroomd.files.sidecars import FrozenLook
from darkroomd.services.admission import Admission, Delayed, Refused, admit
from darkroomd.services.adoption import Adoption, Candidate, NeedsWork, Settled
from darkroomd.services.surroundings import OnDisk, Surroundings
from darkroomd.store.arrivals import NewJob

QUEUED_AT_ONCE: Final = 256
"""Photos of a backlog that are queued in one transaction while more are being frozen."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SettledFile:
    """A file of `Raw/` that is complete.

    Attributes:
        seen_at_usec: when it was first seen as it is now.
        backlog: it was there when the daemon came, and waits behind what arrives now.
        recorded: what the session's own record says of it, if the database does not know it.
    """

    name: str
    fingerprint: Fingerprint
    correlation_id: CorrelationId
    seen_at_usec: int
    backlog: bool = False
    # What it says cannot be hashed, and does not tell files apart.
    recorded: RecordedPhoto | None = field(default=None, compare=False)


class Fate(StrEnum):
    """What became of a settled file."""

    HANDED_OVER = "handed_over"
    NO_RAW = "no_raw"
    WAITS = "waits"
    TRY_AGAIN = "try_again"


class Handover:
    """Hands the settled files of one session to the queue."""

    def __init__(self, session: Session, around: Surroundings, on_disk: OnDisk) -> None:
        self._session = session
        self._around = around
        self._on_disk = on_disk
        self._raw = session.folder / RAW_FOLDER
        self._adoption = Adoption(session, around, on_disk)
        self._arrived: list[str] = []
        self._backlog: dict[SettledFile, Arrival] = {}
        self._backfill: JobId | None = None
        self._refused: set[str] = set()

    async def take(self, files: Sequence[SettledFile]) -> dict[SettledFile, Fate]:
        """Freeze files and hand them over; those of the backlog wait for `queue_backlog`.

        A file that the disk or the store refused is to be brought again.
        """
        admissions = await self._admit(files)
        fates: dict[SettledFile, Fate] = {}
        admitted: dict[SettledFile, Arrival] = {}
        for file in files:
            with self._ids(file):
                outcome = self._look_into(file, admissions[file.name])
            if isinstance(outcome, Arrival):
                admitted[file] = outcome
            else:
                fates[file] = outcome
        if admitted:
            fates |= await self._place(admitted)
        taken = {file.name for file, fate in fates.items() if fate is not Fate.TRY_AGAIN}
        self._refused -= taken
        if taken and not self._refused:
            self._around.on_fault(self._session.id, None)
        return fates

    def forget(self, name: str) -> None:
        """A file that was refused is gone: nothing waits for it any more."""
        self._refused.discard(name)
        if not self._refused:
            self._around.on_fault(self._session.id, None)

    def start_over(self) -> None:
        """Forget what waits to be taken: it is found again by the next look at the folder."""
        self.forget_backlog()
        self._refused.clear()
        self._around.on_fault(self._session.id, None)

    @property
    def backfill(self) -> JobId | None:
        """The job that a backlog was queued as last."""
        return self._backfill

    async def queue_backlog(self, *, more: bool) -> dict[SettledFile, Fate]:
        """Queue the backlog as one job of low priority; with `more` to come, only a good part of it.

        A long backlog is not waited for: its job begins with some of it, and the rest joins the job.
        """
        if not self._backlog or (more and len(self._backlog) < QUEUED_AT_ONCE):
            return {}
        backlog, self._backlog = self._backlog, {}
        fate = await self._queue(list(backlog.values()))
        return dict.fromkeys(backlog, fate)

    def forget_backlog(self) -> None:
        """Drop what waits for `queue_backlog`: the session went, and its files will be found again."""
        self._backlog, self._arrived = {}, []

    async def take_renamed(self) -> tuple[str, ...]:
        """Return the photos whose outputs are called differently since the last files were handed over."""
        if self._backlog or not self._arrived:
            # The store has to know all of them first.
            return ()
        arrived, self._arrived = self._arrived, []
        names = await self._around.store.photo_names(self._session.id)
        return await self._on_disk(partial(self._around.plan.renamed_by, arrived, names))

    async def report_missing(self, name: str) -> None:
        """Record that a photo's RAW file is gone; its output stays."""
        raw = self._raw / name
        failure = Failure(
            code="raw.missing",
            message=f"The RAW file {raw} is no longer there. Put it back to have it developed.",
            transient=False,
            context={"path": str(raw)},
        )
        known = (await self._around.store.photos_named(self._session.id, [name])).get(name)
        if known is None:
            # It was no RAW file, and nobody misses it.
            return
        await self._around.store.mark_missing(
            known.id, recipe=EVERY_RECIPE, failure=failure, now_usec=self._around.now_usec()
        )
        log.info("raw_missing", raw=str(raw))
        self._around.on_document_dirty(self._session.id)

    async def _admit(self, files: Sequence[SettledFile]) -> Mapping[str, Admission]:
        # Asked anew each time: a session's preset may have been changed, or its file.
        presets = await self._around.presets.in_force(self._session.id, [file.name for file in files])
        work = partial(
            admit,
            self._raw,
            {file.name: file.correlation_id for file in files},
            presets,
            applied_at_usec=self._around.now_usec(),
            replace_unreadable=self._around.options.replace_unreadable,
        )
        return await self._on_disk(work)

    def _look_into(self, file: SettledFile, admission: Admission) -> Arrival | Fate:
        if isinstance(admission, Refused):
            log.debug(
                "file_ignored",
                raw=str(self._raw / file.name),
                reason=Reason.NO_RAW_CONTENT,
                what=admission.what,
            )
            return Fate.NO_RAW
        if isinstance(admission, Delayed):
            self._log_refusal("preset_not_frozen", file.name, admission)
            return Fate.TRY_AGAIN
        self._log_frozen(file, admission)
        return Arrival(
            session_id=self._session.id,
            name=file.name,
            fingerprint=file.fingerprint,
            look=admission.look,
            preset_id=admission.preset_id,
            unsupported=admission.unsupported,
            warnings=admission.warnings,
            correlation_id=file.correlation_id,
            arrived_at_usec=file.seen_at_usec,
            rejected=admission.rejected,
        )

    async def _place(self, admitted: Mapping[SettledFile, Arrival]) -> dict[SettledFile, Fate]:
        """Hand over photos; those that are up to date by their records need no more than to be known."""
        candidates = {file.name: Candidate(arrival, file.recorded) for file, arrival in admitted.items()}
        try:
            outcomes = await self._adoption.settle(candidates)
        except (DarkroomError, OSError) as error:
            return {file: self._try_again(file, error) for file in admitted}
        fates: dict[SettledFile, Fate] = {}
        for file in admitted:
            with self._ids(file):
                fates[file] = await self._end(file, outcomes[file.name])
        return fates

    async def _end(self, file: SettledFile, outcome: Settled | NeedsWork | Delayed) -> Fate:
        if isinstance(outcome, Delayed):
            self._log_refusal("photo_not_queued", file.name, outcome)
            return Fate.TRY_AGAIN
        if isinstance(outcome, Settled):
            return Fate.HANDED_OVER
        if not outcome.known:
            self._arrived.append(file.name)
        if file.backlog:
            self._backlog[file] = outcome.arrival
            return Fate.WAITS
        try:
            return await self._arrive(outcome.arrival)
        except DarkroomError as error:
            return self._try_again(file, error)
        except Exception:
            # The border of one item: the others go on, and this one is tried again.
            log.exception("photo_not_queued", raw=file.name)
            return Fate.TRY_AGAIN

    async def _arrive(self, arrival: Arrival) -> Fate:
        queued = await self._around.store.arrive(
            arrival,
            kind=JobKind.DEVELOP,
            recipe=EVERY_RECIPE,
            now_usec=self._around.now_usec(),
        )
        log.info("photo_queued", raw=str(self._raw / arrival.name), job=queued.job_id)
        self._around.on_document_dirty(self._session.id)
        return Fate.HANDED_OVER

    def _try_again(self, file: SettledFile, error: DarkroomError | OSError) -> Fate:
        code = error.code if isinstance(error, DarkroomError) else "disk.error"
        self._log_refusal("photo_not_queued", file.name, Delayed(code, str(error)))
        return Fate.TRY_AGAIN

    def _ids(self, file: SettledFile) -> AbstractContextManager[object]:
        return bound_contextvars(session=self._session.id, correlation_id=file.correlation_id)

    def _log_refusal(self, event: str, name: str, delayed: Delayed) -> None:
        # Said once a file, however often it is tried.
        level = logging.DEBUG if name in self._refused else logging.WARNING
        self._refused.add(name)
        log.log(level, event, raw=str(self._raw / name), code=delayed.code, problem=delayed.problem)
        self._around.on_fault(self._session.id, delayed.code)

    def _log_frozen(self, file: SettledFile, look: FrozenLook) -> None:
        raw = str(self._raw / file.name)
        if look.problem:
            log.warning("sidecar_unreadable", raw=raw, problem=look.problem, kept=str(look.kept))
        if look.written:
            log.info("preset_frozen", raw=raw, preset=look.preset_id, unsupported=look.unsupported)

    async def note_aged(self, photo_ids: Sequence[PhotoId]) -> None:
        """Have photos shown as outdated that only another pipeline would develop differently."""
        await self._adoption.note_aged(photo_ids)

    async def note_renewed(self, photo_ids: Sequence[PhotoId]) -> None:
        """Have photos shown as developed again, since the pipeline is the one that developed them."""
        await self._adoption.note_renewed(photo_ids)

    async def take_over(self, recorded: RecordedSession, *, found: Collection[str]) -> None:
        """Take over what no RAW file tells of a session that is new to the database; `found` are those."""
        await self._adoption.take_over(recorded, found=found)

    async def _queue(self, backlog: Sequence[Arrival]) -> Fate:
        job = NewJob(
            JobKind.BACKFILL, self._session.id, self._session.name, self._around.new_correlation_id()
        )
        try:
            job_id = await self._around.store.arrive_many(
                backlog,
                job=job,
                recipe=EVERY_RECIPE,
                into=self._backfill,
                now_usec=self._around.now_usec(),
            )
        except DarkroomError as error:
            log.warning("backlog_not_queued", session=self._session.id, problem=error.message)
            return Fate.TRY_AGAIN
        self._backfill = job_id or self._backfill
        log.info("backlog_queued", session=self._session.id, job=job_id, photos=len(backlog))
        self._around.on_document_dirty(self._session.id)
        return Fate.HANDED_OVER
