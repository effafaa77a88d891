"""One photo from its claim to its published output: the same steps whoever asked for it."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import anyio
import structlog

from darkroom.errors import DarkroomError
from darkroom.protocol.types import Failure
from darkroomd.core.due import Due
from darkroomd.core.faults import StateUnwritable
from darkroomd.core.freshness import is_same_file
from darkroomd.core.imprint import dated_look
from darkroomd.core.model import Claim, Inputs, JobKind, Output
from darkroomd.core.naming import output_id
from darkroomd.core.output_plan import OutputPlan
from darkroomd.core.presets import for_pipeline
from darkroomd.core.recovery import Intent
from darkroomd.core.sidecar import SidecarDemands, refusal
from darkroomd.files.atomic import OutputProtected
from darkroomd.files.fingerprint import fingerprint_of
from darkroomd.files.folders import FolderIsLink
from darkroomd.files.sidecars import FrozenLook, read_look
from darkroomd.imaging.messages import Develop, Part, Refused, Target
from darkroomd.imaging.messages import Developed as Made
from darkroomd.services.appraisal import Appraisal
from darkroomd.services.disks import Disks
from darkroomd.services.drafts import Draft, Drafts, draft
from darkroomd.services.executor import Executor
from darkroomd.services.outcomes import Changed, Developed, Failed, Gone, Outcome, Skipped, Withdrawn
from darkroomd.services.publishing import encode_intents, final_path, publish_intended
from darkroomd.services.turnstile import Turnstile
from darkroomd.store.store import Store

USEC: Final = 1_000_000

ENVIRONMENT_CODES: Final = {
    errno.ENOSPC: "disk.full",
    errno.EDQUOT: "disk.full",
    errno.EROFS: "disk.read_only",
    errno.EACCES: "disk.not_permitted",
    errno.EPERM: "disk.not_permitted",
    errno.EMFILE: "system.too_many_files",
    errno.ENFILE: "system.too_many_files",
    errno.ETIMEDOUT: "disk.not_responding",
    errno.ENOENT: "session.gone",
    errno.ENOTDIR: "session.gone",
}

DISCARD_SECONDS: Final = 2.0
"""A disk that does not even remove a file in that time is left to the sweep at the next start."""

Result = TypeVar("Result")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A claimed item at work, and when that began by the monotonic clock."""

    claim: Claim
    look: FrozenLook
    drafts: Drafts
    began_at: float
    rest_is_due: bool


class Development:
    """Takes claimed items through development; they are published in the order of their claims."""

    def __init__(
        self,
        store: Store,
        executor: Executor,
        *,
        plan: OutputPlan,
        deadline_seconds: float,
        now_usec: Callable[[], int],
        disks: Disks,
        demands: SidecarDemands | None = None,
        turnstile: Turnstile | None = None,
    ) -> None:
        self._store = store
        self._executor = executor
        self._deadline_seconds = deadline_seconds
        self._now_usec = now_usec
        self._disks = disks
        self._demands = demands or SidecarDemands()
        self._turnstile = turnstile or Turnstile()
        self._appraisal = Appraisal(store, disks, plan)

    def adopt(self, *, plan: OutputPlan, deadline_seconds: float, demands: SidecarDemands) -> None:
        """Go by these with the photos that are taken from now on."""
        self._appraisal = Appraisal(self._store, self._disks, plan)
        self._deadline_seconds = deadline_seconds
        self._demands = demands

    async def develop(self, claim: Claim, on_stage: Callable[[str, int], None]) -> Outcome:
        """Develop the claimed photo and publish those of its outputs that are due.

        Cancelled before they are about to be published, it leaves nothing behind; from there on it
        goes to the end.
        """
        began_at = anyio.current_time()
        try:
            look = await self._on_disk(claim, partial(read_look, claim.photo.raw))
            if look.lut_problem:
                log.warning("lut_not_usable", raw=str(claim.photo.raw), problem=look.lut_problem)
            attempt = await self._absence(claim) or await self._begin(claim, look, began_at)
            if not isinstance(attempt, _Attempt):
                return attempt
            made = await self._executor.develop(
                self._request(attempt),
                deadline_seconds=self._deadline_seconds,
                on_stage=lambda stage: on_stage(stage.stage, stage.percent),
            )
            if isinstance(made, Refused):
                return await self._after_refusal(claim, made)
            return await self._publish_or_discard(await self._in_turn(attempt), made)
        except (StateUnwritable, FolderIsLink) as error:
            # A link is, like a folder that is gone, no photo's fault, and goes on once it is put right.
            return Failed(_failure(error, transient=True), environment=True)
        except DarkroomError as error:
            # A program that has the old picture open, on the other side of a share, closes it again.
            passes = isinstance(error, OutputProtected)
            return Failed(_failure(error, transient=passes), environment=False)
        except OSError as error:
            return _failed_by(error)

    async def _begin(
        self, claim: Claim, look: FrozenLook, began_at: float
    ) -> _Attempt | Skipped | Withdrawn | Changed | Failed:
        """Choose what is made; what is up to date is so whatever might be said against developing it."""
        # The recipes may become other ones meanwhile: one photo is made by one set of them.
        appraisal = self._appraisal
        names = await self._store.photo_names(claim.session.id)
        due: Due | None = None
        if claim.job.kind is JobKind.EXPORT:
            found = await appraisal.due(claim, look, names)
            if isinstance(found, Failure):
                return Withdrawn(found)
            due = found
            if not due.recipes:
                along = await appraisal.skip(claim, names)
                return Skipped(claim.photo, tuple(one.item_id for one in along), due.rest_is_due)
        if (objection := self._objection(claim, look)) is not None:
            return objection
        if due is not None and not await appraisal.start(claim, due, now_usec=self._now_usec()):
            return Changed()
        chosen = None if due is None else due.recipes
        drafts = await self._on_disk(claim, partial(draft, appraisal.plan, claim, names, chosen=chosen))
        return _Attempt(claim, look, drafts, began_at, rest_is_due=due is not None and due.rest_is_due)

    def _objection(self, claim: Claim, look: FrozenLook) -> Changed | Failed | None:
        failure = self._refusal(claim, look.unsupported, problem=look.problem)
        if failure is not None:
            return Failed(failure, environment=False)
        # Somebody edits the sidecar, or left it unreadable: intake waits for it, and repairs what it may.
        return Changed() if look.problem or look.look != claim.photo.look else None

    def _refusal(self, claim: Claim, unsupported: Sequence[str], *, problem: str = "") -> Failure | None:
        context = {"path": _printable(claim.photo.raw)}
        return refusal(self._demands, unsupported, problem=problem, context=context)

    def _request(self, attempt: _Attempt) -> Develop:
        claim, look = attempt.claim, attempt.look
        return Develop(
            fence=claim.fence,
            correlation_id=claim.item.correlation_id,
            job_id=claim.job.id,
            item_id=claim.item.id,
            attempt=claim.item.attempt,
            source=os.fsencode(claim.photo.raw),
            targets=tuple(
                Target(recipe=one.recipe, part=os.fsencode(one.part)) for one in attempt.drafts.each
            ),
            adjustments=for_pipeline(look.adjustments),
            lut=None if look.lut is None else os.fsencode(look.lut.path),
            lut_sha256="" if look.lut is None else look.lut.sha256,
            corrected_at_usec=claim.photo.corrected_at_usec,
        )

    async def _absence(self, claim: Claim) -> Changed | Gone | None:
        found = await self._on_disk(claim, partial(fingerprint_of, claim.photo.raw))
        if found is None:
            # A folder that is gone is the environment's fault; only a file that is gone is the photo's.
            await self._on_disk(claim, partial(os.stat, claim.photo.raw.parent))
            return Gone(_missing(claim.photo.raw))
        return None if is_same_file(claim.photo.fingerprint, found) else Changed()

    async def _after_refusal(self, claim: Claim, refused: Refused) -> Outcome:
        # A file that changed under the decoder's eyes says nothing about the photo.
        return await self._absence(claim) or Failed(refused.failure, environment=refused.environment)

    async def _in_turn(self, attempt: _Attempt) -> _Attempt:
        """Wait with the part files until earlier claims are over; return the attempt without that time."""
        since = anyio.current_time()
        has_turn = False
        try:
            await self._turnstile.turn(attempt.claim.fence)
            has_turn = True
        finally:
            if not has_turn:
                with anyio.move_on_after(DISCARD_SECONDS, shield=True):
                    await self._discard(attempt)
        return replace(attempt, began_at=attempt.began_at + anyio.current_time() - since)

    async def _publish_or_discard(self, attempt: _Attempt, made: Made) -> Outcome:
        with anyio.CancelScope(shield=True):
            try:
                return await self._publish(attempt, made)
            except (OSError, DarkroomError):
                await self._discard(attempt)
                raise
        raise RuntimeError("A scope that is shielded was cancelled.")

    async def _publish(self, attempt: _Attempt, made: Made) -> Outcome:
        claim = attempt.claim
        if (early := await self._absence(claim)) is not None:
            await self._discard(attempt)
            return early
        if (failure := self._refusal(claim, made.left_out)) is not None:
            await self._discard(attempt)
            return Failed(failure, environment=False)
        intents = _intents(attempt, made)
        if not await self._store.record_intent(claim.item, fence=claim.fence, intent=encode_intents(intents)):
            await self._discard(attempt)
            return Changed()
        outputs = await self._published(claim, intents)
        return Developed(
            output=outputs[0],
            others=tuple(outputs[1:]),
            captured_at_usec=made.captured_at_usec,
            zone_minutes=made.zone_minutes,
            left_out=made.left_out,
            camera=made.camera,
            pixels=made.width * made.height,
            busy_usec=round((anyio.current_time() - attempt.began_at) * USEC),
            rest_is_due=attempt.rest_is_due,
            seconds=dict(made.stage_seconds),
            warnings=made.warnings,
        )

    async def _published(self, claim: Claim, intents: Sequence[Intent]) -> list[Output]:
        """Rename the part files into place one by one; those that are there when one fails are recorded."""
        outputs: list[Output] = []
        try:
            for intent in intents:
                final = final_path(intent)
                record, now_usec = await self._store.output_at(final), self._now_usec()
                work = partial(publish_intended, intent, record, now_usec=now_usec)
                published = await self._on_disk(claim, work)
                if published.kept is not None:
                    log.warning("foreign_output_kept", output=str(final), kept=str(published.kept))
                outputs.append(published.output)
        except (OSError, DarkroomError):
            if outputs:
                await self._store.put_outputs(outputs, now_usec=self._now_usec())
            raise
        return outputs

    async def _discard(self, attempt: _Attempt) -> None:
        for part in (one.part for one in attempt.drafts.each):
            try:
                await self._on_disk(attempt.claim, partial(part.unlink, missing_ok=True))
            except OSError as error:
                # What matters is why the work failed; the next start sweeps the file.
                log.warning("part_not_removed", part=str(part), problem=os.strerror(error.errno or 0))

    async def _on_disk(self, claim: Claim, work: Callable[[], Result]) -> Result:
        return await self._disks.do(claim.session.folder, work)


def _intents(attempt: _Attempt, made: Made) -> list[Intent]:
    finals = attempt.drafts.finals(captured_at_usec=made.captured_at_usec, zone_minutes=made.zone_minutes)
    return [
        _intent(attempt, one, part, final, made)
        for one, part, final in zip(attempt.drafts.each, made.parts, finals, strict=True)
    ]


def _intent(attempt: _Attempt, one: Draft, part: Part, final: Path, made: Made) -> Intent:
    photo = attempt.claim.photo
    return Intent(
        output_id=output_id(photo.id, one.recipe.name),
        photo_id=photo.id,
        recipe=one.recipe.name,
        part=os.fsencode(one.part),
        final=os.fsencode(final),
        media_type=one.recipe.media_type,
        size_bytes=part.size_bytes,
        sha256=part.sha256,
        inputs=Inputs(
            raw=photo.fingerprint,
            raw_sha256=made.raw_sha256,
            look=dated_look(attempt.look.look, photo.corrected_at_usec),
            recipe=one.recipe.digest,
            pipeline=made.pipeline,
        ),
        captured_at_usec=made.captured_at_usec,
        camera=made.camera,
        pixels=made.width * made.height,
        zone_minutes=made.zone_minutes,
        left_out=made.left_out,
    )


def _missing(raw: Path) -> Failure:
    return Failure(
        code="raw.missing",
        message="The RAW file is gone. Put it back into the session's Raw folder.",
        transient=False,
        context={"path": _printable(raw)},
    )


def _failure(error: DarkroomError, *, transient: bool) -> Failure:
    return Failure(code=error.code, message=error.message, transient=transient, context=error.context)


def _failed_by(error: OSError) -> Failed:
    name = errno.errorcode.get(error.errno or 0, "unknown")
    path = "" if error.filename is None else os.fsencode(error.filename).decode("utf-8", "replace")
    failure = Failure(
        code=ENVIRONMENT_CODES.get(error.errno or 0, "disk.io"),
        message=(
            f"The session's folder could not be worked in: {os.strerror(error.errno or 0)}. "
            "Put that right; work goes on by itself."
        ),
        transient=True,
        context={"path": path, "error": name},
    )
    return Failed(failure, environment=True)


def _printable(path: Path) -> str:
    return os.fsencode(path).decode("utf-8", "replace")
