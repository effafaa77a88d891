"""Counts what is done, as it is done: photos, failures, bytes, seconds, calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from darkroomd.core import metrics
from darkroomd.core.model import Claim, JobKind
from darkroomd.core.openmetrics import Family, Histogram, Series, Tally
from darkroomd.core.statistics import was_developed
from darkroomd.services.outcomes import Archived, Developed, Failed, Gone, Outcome
from darkroomd.services.scheduler import Developer, OnStage

USEC: Final = 1_000_000


class Meters:
    """What was counted since the daemon was started. Nothing of it is kept.

    Attributes:
        calls: answered ones, by method and error.
        connections: that were accepted.
        open_connections, open_streams: at this moment.
    """

    def __init__(self) -> None:
        self.calls: Final = Tally(metrics.CALLS)
        self.connections: Final = Tally(metrics.CONNECTIONS)
        self.open_connections = 0
        self.open_streams = 0
        self._developed = Tally(metrics.DEVELOPED)
        self._failures = Tally(metrics.FAILURES)
        self._read = Tally(metrics.READ)
        self._written = Tally(metrics.WRITTEN)
        self._archived = Tally(metrics.ARCHIVED)
        self._archived_bytes = Tally(metrics.ARCHIVED_BYTES)
        self._arrival = Histogram(metrics.ARRIVAL)
        self._development = Histogram(metrics.DEVELOPMENT)
        self._stages = Histogram(metrics.STAGES)

    def note(self, claim: Claim, outcome: Outcome, *, now_usec: int) -> None:
        """Count how the work on a claim has ended."""
        match outcome:
            case Developed():
                self._note_developed(claim, outcome, now_usec=now_usec)
            case Failed() | Gone():
                self._failures.add(outcome.failure.code)
            case Archived():
                self._archived.add(amount=outcome.copied)
                self._archived_bytes.add(amount=outcome.size_bytes)
            case _:
                pass

    def series(self) -> dict[Family, Series]:
        """Return all of it by family."""
        return {
            metrics.DEVELOPED: self._developed.series(),
            metrics.FAILURES: self._failures.series(),
            metrics.ARRIVAL: self._arrival.series(),
            metrics.DEVELOPMENT: self._development.series(),
            metrics.STAGES: self._stages.series(),
            metrics.READ: self._read.series(),
            metrics.WRITTEN: self._written.series(),
            metrics.ARCHIVED: self._archived.series(),
            metrics.ARCHIVED_BYTES: self._archived_bytes.series(),
            metrics.CALLS: self.calls.series(),
            metrics.CONNECTIONS: self.connections.series(),
            metrics.OPEN_CONNECTIONS: {(): self.open_connections},
            metrics.OPEN_STREAMS: {(): self.open_streams},
        }

    def _note_developed(self, claim: Claim, outcome: Developed, *, now_usec: int) -> None:
        self._developed.add(claim.job.kind)
        self._read.add(amount=claim.photo.fingerprint.size_bytes)
        self._written.add(amount=sum(each.size_bytes for each in (outcome.output, *outcome.others)))
        self._development.observe(outcome.busy_usec / USEC)
        for stage, seconds in outcome.seconds.items():
            self._stages.observe(seconds, stage)
        if claim.job.kind is JobKind.DEVELOP and not was_developed(claim.photo):
            # What was found later, or is made once more, did not just arrive.
            self._arrival.observe((now_usec - claim.photo.arrived_at_usec) / USEC)


class Metered:
    """Lets somebody else do the work, and counts it."""

    def __init__(self, developer: Developer, meters: Meters, *, now_usec: Callable[[], int]) -> None:
        self._developer = developer
        self._meters = meters
        self._now_usec = now_usec

    async def develop(self, claim: Claim, on_stage: OnStage) -> Outcome:
        """See `Developer`."""
        outcome = await self._developer.develop(claim, on_stage)
        self._meters.note(claim, outcome, now_usec=self._now_usec())
        return outcome
