"""What a watcher wants to be told, and from where on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from darkroom.errors import InvalidCursor
from darkroomd.core.model import Happening

_CURSOR: Final = re.compile(r"(?P<identity>[^.]{1,64})\.(?P<sequence>[0-9]{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Concern:
    """What a happening is about, as far as watchers can choose by it."""

    kind: str
    job_id: int | None
    session_id: str | None


@dataclass(frozen=True, slots=True)
class GoOn:
    """Tell what happened after the fact with this number."""

    after: int


@dataclass(frozen=True, slots=True)
class StartOver:
    """What happened since is not known, or not any more."""


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


def cursor_after(sequence: int, *, identity: str) -> str:
    """Return the place after a fact of the database that is called `identity`, without a dot."""
    return f"{identity}.{sequence}"


def resume(cursor: str, *, identity: str, oldest: int, newest: int) -> GoOn | StartOver:
    """Return how a watcher goes on from a cursor, where the facts `oldest` to `newest` are kept.

    Raises:
        InvalidCursor: no database gave it, or this one did not give it yet.
    """
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise InvalidCursor(cursor)
    if found["identity"] != identity:
        return StartOver()
    after = int(found["sequence"])
    if after > newest:
        raise InvalidCursor(cursor)
    return GoOn(after) if after >= oldest - 1 else StartOver()


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
