"""From settled files to photos in the queue: looked into, frozen, compared with their records."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Final, Protocol, TypeVar

import structlog
from structlog.contextvars import bound_contextvars

from darkroom.errors import DarkroomError, NoSuchPhoto
from darkroom.protocol.types import Failure
from darkroomd.core.freshness import AGED, Altered, Outdated, Verdict, Wanted, is_same_file
from darkroomd.core.intake import Reason
from darkroomd.core.model import (
    RAW_FOLDER,
    Arrival,
    CorrelationId,
    Fingerprint,
    JobId,
    JobKind,
    Output,
    Photo,
    PhotoId,
    PhotoState,
    Session,
)
from darkroomd.core.naming import output_name, photo_id, renamed_by
from darkroomd.core.recorded_outputs import RecordedPhoto, remember
from darkroomd.files.sidecars import FrozenLook
from darkroomd.services.admission import Admission, Comparison, Delayed, Refused, admit, compare
from darkroomd.services.surroundings import Surroundings
from darkroomd.store.arrivals import NewJob

Result = TypeVar("Result")

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
    recorded: RecordedPhoto | None = None


class Fate(StrEnum):
    """What became of a settled file."""

    HANDED_OVER = "handed_over"
    NO_RAW = "no_raw"
    WAITS = "waits"
    TRY_AGAIN = "try_again"


class OnDisk(Protocol):
    """Does blocking work in a thread."""

    async def __call__(self, work: Callable[[], Result], /) -> Result:
        """Return what the work returns."""
        ...


class Handover:
    """Hands the settled files of one session to the queue."""

    def __init__(self, session: Session, around: Surroundings, on_disk: OnDisk) -> None:
        self._session = session
        self._around = around
        self._on_disk = on_disk
        self._raw = session.folder / RAW_FOLDER
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
        for file in files:
            with bound_contextvars(session=self._session.id, correlation_id=file.correlation_id):
                fates[file] = await self._take(file, admissions[file.name])
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
        """Queue the backlog as one job of low priority; with `more` to come, only what is worth a transaction.

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
        return await self._on_disk(partial(renamed_by, arrived, names))

    async def report_missing(self, name: str) -> None:
        """Record that a photo's RAW file is gone; its output stays."""
        raw = self._raw / name
        failure = Failure(
            code="raw.missing",
            message=f"The RAW file {raw} is no longer there. Put it back to have it developed.",
            transient=False,
            context={"path": str(raw)},
        )
        known = await self._known(name)
        if known is None:
            # It was no RAW file, and nobody misses it.
            return
        await self._around.store.mark_missing(
            known.id, recipe=self._around.plan.recipe, failure=failure, now_usec=self._around.now_usec()
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

    async def _take(self, file: SettledFile, admission: Admission) -> Fate:
        if isinstance(admission, Refused):
            log.debug(
                "file_ignored",
                raw=str(self._raw / file.name),
                reason=Reason.NO_RAW_CONTENT,
                what=admission.what,
            )
            return Fate.NO_RAW
        if isinstance(admission, Delayed):
            self._log_refusal("preset_not_frozen", file.name, code=admission.code, problem=admission.problem)
            return Fate.TRY_AGAIN
        self._log_frozen(file, admission)
        try:
            return await self._place(file, admission)
        except (DarkroomError, OSError) as error:
            code = error.code if isinstance(error, DarkroomError) else "disk.error"
            self._log_refusal("photo_not_queued", file.name, code=code, problem=str(error))
        except Exception:
            # The border of one item: the others go on, and this one is tried again.
            log.exception("photo_not_queued", raw=file.name)
        return Fate.TRY_AGAIN

    def _log_refusal(self, event: str, name: str, *, code: str, problem: str) -> None:
        # Said once a file, however often it is tried.
        level = logging.DEBUG if name in self._refused else logging.WARNING
        self._refused.add(name)
        log.log(level, event, raw=str(self._raw / name), code=code, problem=problem)
        self._around.on_fault(self._session.id, code)

    def _log_frozen(self, file: SettledFile, look: FrozenLook) -> None:
        raw = str(self._raw / file.name)
        if look.problem:
            log.warning("sidecar_unreadable", raw=raw, problem=look.problem, kept=str(look.kept))
        if look.written:
            log.info("preset_frozen", raw=raw, preset=look.preset_id, unsupported=look.unsupported)

    async def _place(self, file: SettledFile, look: FrozenLook) -> Fate:
        arrival = Arrival(
            session_id=self._session.id,
            name=file.name,
            fingerprint=file.fingerprint,
            look=look.look,
            preset_id=look.preset_id,
            unsupported=look.unsupported,
            warnings=look.warnings,
            correlation_id=file.correlation_id,
            arrived_at_usec=file.seen_at_usec,
            rejected=look.rejected,
        )
        known = await self._known(file.name)
        record = self._record(file, known)
        if record is not None and await self._is_kept(arrival, known, record, file.recorded):
            return Fate.HANDED_OVER
        if known is None:
            self._arrived.append(file.name)
            arrival, failure = remember(file.recorded, arrival)
            if failure is not None:
                await self._restore(arrival, failure)
                return Fate.HANDED_OVER
        if file.backlog:
            self._backlog[file] = arrival
            return Fate.WAITS
        queued = await self._around.store.arrive(
            arrival,
            kind=JobKind.DEVELOP,
            recipe=self._around.plan.recipe,
            now_usec=self._around.now_usec(),
        )
        log.info("photo_queued", raw=str(self._raw / file.name), job=queued.job_id)
        self._around.on_document_dirty(self._session.id)
        return Fate.HANDED_OVER

    async def _restore(self, arrival: Arrival, failure: Failure) -> None:
        await self._around.store.restore_failure(arrival, failure, now_usec=self._around.now_usec())
        log.info("failure_restored", raw=str(self._raw / arrival.name), code=failure.code)
        self._around.on_document_dirty(self._session.id)

    async def _known(self, name: str) -> Photo | None:
        try:
            return await self._around.store.photo(photo_id(self._session.id, name))
        except NoSuchPhoto:
            return None

    def _record(self, file: SettledFile, known: Photo | None) -> Output | None:
        if known is not None:
            return next((one for one in known.outputs if one.recipe == self._around.plan.recipe), None)
        recorded = () if file.recorded is None else file.recorded.outputs
        identity = photo_id(self._session.id, file.name)
        found = next((one for one in recorded if one.recipe == self._around.plan.recipe), None)
        return None if found is None else found.as_output(identity, folder=self._session.folder)

    async def _is_kept(
        self, arrival: Arrival, known: Photo | None, record: Output, recorded: RecordedPhoto | None
    ) -> bool:
        """Return whether a photo's output stays; what is new about such a photo is noted."""
        names = await self._around.store.photo_names(self._session.id)
        folder = self._session.folder / self._around.plan.folder
        wanted = Wanted(
            path=folder / output_name(arrival.name, names) if known is not None else record.path,
            look=arrival.look,
            recipe=self._around.plan.digest,
            pipeline=self._around.plan.pipeline,
        )
        comparison = Comparison(self._raw / arrival.name, arrival.fingerprint, record, wanted)
        verdict = await self._on_disk(partial(compare, comparison))
        if isinstance(verdict, Outdated) and verdict != AGED:
            log.info("output_outdated", raw=str(comparison.raw), cause=verdict.cause)
            return False
        await self._note(arrival, known, record, recorded, verdict)
        if verdict == AGED:
            await self.note_aged([record.photo_id])
        return True

    async def note_aged(self, photo_ids: Sequence[PhotoId]) -> None:
        """Have photos shown as outdated that only another pipeline would develop differently."""
        if not photo_ids:
            return
        mark = self._around.store.mark_aged
        changed = await mark(self._session.id, photo_ids, now_usec=self._around.now_usec())
        if changed:
            log.info("photos_outdated", session=self._session.id, photos=changed, cause=AGED.cause)
            self._around.on_document_dirty(self._session.id)

    async def note_renewed(self, photo_ids: Sequence[PhotoId]) -> None:
        """Have photos shown as developed again, since the pipeline is the one that developed them."""
        if not photo_ids:
            return
        mark = self._around.store.mark_renewed
        changed = await mark(self._session.id, photo_ids, now_usec=self._around.now_usec())
        if changed:
            log.info("photos_up_to_date_again", session=self._session.id, photos=changed)
            self._around.on_document_dirty(self._session.id)

    async def _note(
        self,
        arrival: Arrival,
        known: Photo | None,
        record: Output,
        recorded: RecordedPhoto | None,
        verdict: Verdict,
    ) -> None:
        now_usec = self._around.now_usec()
        if isinstance(verdict, Altered):
            log.warning("output_altered", output=str(record.path))
        if known is None or known.state is PhotoState.MISSING:
            inputs = replace(record.inputs, raw=arrival.fingerprint)
            past = known or recorded
            await self._around.store.adopt(
                arrival,
                replace(record, inputs=inputs),
                attempts=past.attempts if past else 0,
                last_attempt_at_usec=past.last_attempt_at_usec if past else None,
                now_usec=now_usec,
            )
            log.info("output_adopted", output=str(record.path))
        elif not is_same_file(known.fingerprint, arrival.fingerprint):
            await self._around.store.refresh_fingerprint(known.id, arrival.fingerprint, now_usec=now_usec)
            log.info("raw_unchanged", raw=str(self._raw / arrival.name))
        self._around.on_document_dirty(self._session.id)

    async def _queue(self, backlog: Sequence[Arrival]) -> Fate:
        job = NewJob(
            JobKind.BACKFILL, self._session.id, self._session.name, self._around.new_correlation_id()
        )
        try:
            job_id = await self._around.store.arrive_many(
                backlog,
                job=job,
                recipe=self._around.plan.recipe,
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
