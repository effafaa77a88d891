"""Photos that need no work: compared with their records, and taken over from the session's own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import structlog
from structlog.contextvars import bound_contextvars

from darkroom.errors import NoSuchPreset
from darkroomd.core.cancellation import is_by_removal
from darkroomd.core.freshness import AGED, Altered, Outdated, UpToDate, Wanted, is_same_file
from darkroomd.core.imprint import dated_look
from darkroomd.core.model import RAW_FOLDER, Arrival, Fingerprint, Output, Photo, PhotoId, PhotoState, Session
from darkroomd.core.naming import photo_id
from darkroomd.core.output_plan import Labels, OutputPlan
from darkroomd.core.recorded_outputs import RecordedPhoto, RecordedSession, remember
from darkroomd.services.admission import Comparison, Delayed, compare, compare_at_a_glance
from darkroomd.services.surroundings import OnDisk, Surroundings
from darkroomd.store.restoring import Restored

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A photo as it settled, and what the session's own record says of it: for one that is new."""

    arrival: Arrival
    recorded: RecordedPhoto | None


@dataclass(frozen=True, slots=True)
class NeedsWork:
    """The photo is to be queued; `known` to the database it was before."""

    arrival: Arrival
    known: bool


@dataclass(frozen=True, slots=True)
class Settled:
    """Nothing is to be done for the photo, and the database knows it."""


@dataclass(frozen=True, slots=True)
class _Case:
    arrival: Arrival
    recorded: RecordedPhoto | None
    known: Photo | None
    records: Mapping[str, Output]

    @property
    def corrected_at_usec(self) -> int | None:
        """The time that people gave the photo, which its outputs say."""
        if self.known is not None:
            return self.known.corrected_at_usec
        return None if self.recorded is None else self.recorded.past.corrected_at_usec


@dataclass(slots=True)
class _News:
    """What the database is to be told of photos that need no work."""

    restored: list[Restored] = field(default_factory=list[Restored])
    refreshed: list[tuple[PhotoId, Fingerprint]] = field(default_factory=list[tuple[PhotoId, Fingerprint]])
    aged: list[PhotoId] = field(default_factory=list[PhotoId])
    renewed: list[PhotoId] = field(default_factory=list[PhotoId])


_Verdict = UpToDate | Altered | Outdated | Delayed | None

_Verdicts = Mapping[str, _Verdict]
"""By recipe; those without a record have none."""


class Adoption:
    """Tells the photos of one session that are up to date from those that are not."""

    def __init__(self, session: Session, around: Surroundings, on_disk: OnDisk) -> None:
        self._session = session
        self._around = around
        self._on_disk = on_disk
        self._raw = session.folder / RAW_FOLDER

    async def settle(self, candidates: Mapping[str, Candidate]) -> dict[str, Settled | NeedsWork | Delayed]:
        """Return by file name which photos have to be queued; what is new about the others is recorded.

        Raises:
            DarkroomError: the database refuses; nothing was recorded.
        """
        # The recipes may become other ones meanwhile: photos are compared with one set of them.
        plan = self._around.plan
        known = await self._around.store.photos_named(self._session.id, tuple(candidates))
        cases = {
            name: self._case(name, candidate, known.get(name), plan) for name, candidate in candidates.items()
        }
        verdicts = await self._verdicts(cases, plan)
        news = _News()
        outcomes: dict[str, Settled | NeedsWork | Delayed] = {}
        for name, case in cases.items():
            with bound_contextvars(session=self._session.id, correlation_id=case.arrival.correlation_id):
                outcomes[name] = self._judge(case, verdicts[name], plan, news)
        await self._tell(news)
        return outcomes

    async def take_over(self, recorded: RecordedSession, *, found: Collection[str]) -> None:
        """Take over from the session's record what no RAW file that was found tells.

        That is the preset that was chosen for it, and photos whose RAW files are gone and whose outputs are
        there: these keep their names, and nothing else is written in their place.
        """
        gone = {name: photo for name, photo in recorded.photos.items() if name not in found}
        restored = await self._on_disk(partial(self._find_missing, gone))
        if restored:
            await self._tell(_News(restored=restored))
            log.info("missing_photos_restored", session=self._session.id, photos=len(restored))
        chosen = (await self._around.store.session(self._session.id)).preset_id
        if recorded.preset_id is None or chosen is not None:
            return
        try:
            await self._around.presets.choose(self._session.id, recorded.preset_id)
        except NoSuchPreset as error:
            log.warning("session_preset_gone", session=self._session.id, problem=error.message)

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

    def _case(self, name: str, candidate: Candidate, known: Photo | None, plan: OutputPlan) -> _Case:
        if known is not None:
            wanted = {recipe.name for recipe in plan.recipes}
            records = {output.recipe: output for output in known.outputs if output.recipe in wanted}
            return _Case(candidate.arrival, None, known, records)
        records = {} if candidate.recorded is None else self._recorded_outputs(name, candidate.recorded, plan)
        return _Case(candidate.arrival, candidate.recorded, None, records)

    def _recorded_outputs(self, name: str, recorded: RecordedPhoto, plan: OutputPlan) -> dict[str, Output]:
        identity, folder = photo_id(self._session.id, name), self._session.folder
        places = {recipe.name: folder / recipe.folder for recipe in plan.recipes}
        outputs = (one.as_output(identity, folder=folder) for one in recorded.outputs)
        # Anybody may have written the record: what lies elsewhere is none of our outputs.
        return {
            output.recipe: output for output in outputs if places.get(output.recipe) == output.path.parent
        }

    async def _verdicts(self, cases: Mapping[str, _Case], plan: OutputPlan) -> dict[str, _Verdicts]:
        labels: Labels = {}
        if any(case.known and case.records for case in cases.values()):
            names = await self._around.store.photo_names(self._session.id)
            labels = await self._on_disk(partial(plan.labels, {*names, *cases}))
        comparisons = {
            (name, recipe): comparison
            for name, case in cases.items()
            for recipe, comparison in self._comparisons(case, labels, plan).items()
        }
        glances = await self._on_disk(partial(compare_at_a_glance, comparisons))
        verdicts: dict[str, dict[str, _Verdict]] = {name: {} for name in cases}
        for (name, recipe), glance in glances.items():
            # Contents one by one: reading many may take longer than any disk is given for one step.
            read = partial(compare, comparisons[name, recipe])
            verdicts[name][recipe] = glance or await self._on_disk(read)
        return dict(verdicts)

    def _comparisons(self, case: _Case, labels: Labels, plan: OutputPlan) -> dict[str, Comparison]:
        arrival = case.arrival
        paths = {recipe: record.path for recipe, record in case.records.items()}
        if case.known is not None and case.records:
            paths = plan.paths(case.known, self._session.folder, labels)
        look = dated_look(arrival.look, case.corrected_at_usec)
        return {
            recipe.name: Comparison(
                self._raw / arrival.name,
                arrival.fingerprint,
                case.records[recipe.name],
                Wanted(paths[recipe.name], look, recipe.digest, plan.pipeline),
            )
            for recipe in plan.recipes
            if recipe.name in case.records
        }

    def _judge(
        self, case: _Case, verdicts: _Verdicts, plan: OutputPlan, news: _News
    ) -> Settled | NeedsWork | Delayed:
        raw = str(self._raw / case.arrival.name)
        delayed = next((each for each in verdicts.values() if isinstance(each, Delayed)), None)
        if delayed is not None:
            return delayed
        outdated = [each for each in verdicts.values() if isinstance(each, Outdated)]
        due = [each for each in outdated if each != AGED]
        for each in due:
            log.info("output_outdated", raw=raw, cause=each.cause)
        if due or any(recipe.name not in case.records for recipe in plan.recipes):
            return self._unless_failed(case, news)
        for recipe, verdict in verdicts.items():
            if isinstance(verdict, Altered):
                log.warning("output_altered", output=str(case.records[recipe].path))
        known, is_aged = case.known, bool(outdated)
        if known is None or known.state is PhotoState.MISSING:
            news.restored.append(_adopted(case, aged=is_aged))
            return Settled()
        if not is_same_file(known.fingerprint, case.arrival.fingerprint):
            news.refreshed.append((known.id, case.arrival.fingerprint))
            log.info("raw_unchanged", raw=raw)
        if is_aged != known.aged:
            (news.aged if is_aged else news.renewed).append(known.id)
        return Settled()

    def _unless_failed(self, case: _Case, news: _News) -> Settled | NeedsWork:
        if case.known is not None:
            return NeedsWork(case.arrival, known=True)
        arrival, failure = remember(case.recorded, case.arrival)
        if failure is None or is_by_removal(failure):
            return NeedsWork(arrival, known=False)
        news.restored.append(Restored(arrival, PhotoState.FAILED, failure=failure))
        return Settled()

    def _find_missing(self, recorded: Mapping[str, RecordedPhoto]) -> list[Restored]:
        missing: list[Restored] = []
        for name, photo in recorded.items():
            recorded_outputs = self._recorded_outputs(name, photo, self._around.plan).values()
            outputs = tuple(output for output in recorded_outputs if output.path.is_file())
            if not outputs or (self._raw / name).exists():
                continue
            output = outputs[0]
            arrival = Arrival(
                session_id=self._session.id,
                name=name,
                fingerprint=output.inputs.raw,
                look=output.inputs.look,
                preset_id=photo.preset_id,
                unsupported=(),
                warnings=(),
                correlation_id=photo.correlation_id or self._around.new_correlation_id(),
                arrived_at_usec=photo.arrived_at_usec or output.created_at_usec,
                past=photo.past,
            )
            missing.append(Restored(arrival, PhotoState.MISSING, outputs))
        return missing

    async def _tell(self, news: _News) -> None:
        store, session_id, now_usec = self._around.store, self._session.id, self._around.now_usec()
        if news.restored:
            await store.restore(session_id, news.restored, now_usec=now_usec)
            self._log_restored(news.restored)
        if news.refreshed:
            await store.refresh_fingerprints(session_id, news.refreshed, now_usec=now_usec)
        await self.note_aged(news.aged)
        await self.note_renewed(news.renewed)
        if news.restored or news.refreshed:
            self._around.on_document_dirty(session_id)

    def _log_restored(self, restored: Sequence[Restored]) -> None:
        """Tell of each photo that was taken over as it is, now that it can be asked for."""
        for one in restored:
            with bound_contextvars(session=self._session.id, correlation_id=one.arrival.correlation_id):
                if one.failure is not None:
                    log.info("failure_restored", raw=str(self._raw / one.arrival.name), code=one.failure.code)
                elif one.state is not PhotoState.MISSING:
                    for output in one.outputs:
                        log.info("output_adopted", output=str(output.path))


def _adopted(case: _Case, *, aged: bool) -> Restored:
    fingerprint = case.arrival.fingerprint
    outputs = tuple(
        replace(record, inputs=replace(record.inputs, raw=fingerprint)) for record in case.records.values()
    )
    arrival = case.arrival
    if case.known is not None:
        past = replace(
            arrival.past,
            attempts=case.known.attempts,
            last_attempt_at_usec=case.known.last_attempt_at_usec,
        )
        arrival = replace(arrival, past=past)
    elif case.recorded is not None:
        arrival = case.recorded.continued(arrival)
    state = PhotoState.OUTDATED if aged else PhotoState.DEVELOPED
    return Restored(arrival, state, outputs, aged=aged)
