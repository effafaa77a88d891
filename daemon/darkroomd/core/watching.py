"""What a watcher wants to be told."""

from __future__ import annotations

from dataclasses import dataclass

from darkroomd.core.model import Happening


@dataclass(frozen=True, slots=True)
class Concern:
    """What a happening is about, as far as watchers can choose by it."""

    kind: str
    job_id: int | None
    session_id: str | None


@dataclass(frozen=True, slots=True)
class WatchFilter:
    """A watcher's choice: every condition that is given must hold, within one any may."""

    kinds: frozenset[str] | None = None
    job_ids: frozenset[int] | None = None
    session_ids: frozenset[str] | None = None

    def admits(self, concern: Concern) -> bool:
        """Tell whether the watcher wants to hear of it."""
        return (
            (self.kinds is None or concern.kind in self.kinds)
            and (self.job_ids is None or concern.job_id in self.job_ids)
            and (self.session_ids is None or concern.session_id in self.session_ids)
        )


def concern_of(happening: Happening) -> Concern:
    """Return what a happening is about."""
    return Concern(kind=happening.kind, job_id=_job_id(happening), session_id=_session_id(happening))


def _job_id(happening: Happening) -> int | None:
    if happening.job_id is not None:
        return happening.job_id
    if happening.job is not None:
        return happening.job.id
    return None if happening.item is None else happening.item.job_id


def _session_id(happening: Happening) -> str | None:
    if happening.session_id is not None:
        return happening.session_id
    if happening.session is not None:
        return happening.session.id
    if happening.photo is not None:
        return happening.photo.session_id
    return None if happening.job is None else happening.job.session_id
