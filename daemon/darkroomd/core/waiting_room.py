"""The files of one `Raw/` folder between first sight and the queue, and those that were dealt with.

Names are announced (by events, scans, or somebody who knows), looked at when they are due, and leave when
their file has settled. What was dealt with is only taken up again when its fingerprint changes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from darkroomd.core.freshness import is_same_file
from darkroomd.core.intake import Sighting, was_moved_in
from darkroomd.core.model import CorrelationId, Fingerprint
from darkroomd.core.stability import Gone, Lease, Look, Patience, Settled, Tracker, Unsettled


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known of a file before it is looked at.

    Attributes:
        sighting: how it came to be seen.
        backlog: it waits behind what arrives.
        correlation_id: to carry on with; None: it gets one of its own.
    """

    sighting: Sighting = Sighting.SEEN
    backlog: bool = False
    correlation_id: CorrelationId | None = None


@dataclass(frozen=True, slots=True)
class FirstSeen:
    """A file is waited for from now on."""

    fingerprint: Fingerprint
    origin: Origin


@dataclass(frozen=True, slots=True)
class Ready:
    """The file is complete; it stays in the room until it is dealt with or put off."""

    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True)
class Left:
    """The file is gone. `dealt_with`: there is a photo that misses it."""

    dealt_with: bool


@dataclass(frozen=True, slots=True)
class Growing:
    """Said once: the file was first seen long ago and still does not settle."""

    seconds: float
    lease: Lease


Notice = FirstSeen | Ready | Left | Growing

_UNKNOWN: Final = Origin()


class WaitingRoom:
    """Says which names to look at and when, and what follows from a look. `now` is monotonic seconds."""

    def __init__(self, patience: Patience, dealt_with: Mapping[str, Fingerprint]) -> None:
        self._tracker = Tracker(patience)
        self._dealt_with = dict(dealt_with)
        self._announced: dict[str, Origin] = {}
        self._present: set[str] = set()
        self._ready: dict[str, Fingerprint] = {}
        self._put_off: dict[str, float] = {}
        self._doubted: set[str] = set()

    def adopt(self, patience: Patience) -> None:
        """Wait for files with this patience from now on; those that are waited for are looked at again."""
        self._tracker.adopt(patience)

    @property
    def dealt_with(self) -> Mapping[str, Fingerprint]:
        """The files that are photos or were found to be none, as they were then."""
        return self._dealt_with

    def announce(self, name: str, origin: Origin = _UNKNOWN) -> None:
        """Have a name looked at now; what was announced with more knowledge stands."""
        known = self._announced.get(name)
        if known is None or origin.sighting is not Sighting.SEEN:
            self._announced[name] = origin

    def found(self, name: str, fingerprint: Fingerprint, *, now: float) -> None:
        """Take in what a scan found: only what nobody told of yet is news."""
        if name in self._put_off or self._ready.get(name) == fingerprint:
            return
        if self._tracker.fingerprint_of(name) != fingerprint:
            self.hint(name, now=now)

    def hint(self, name: str, *, now: float) -> None:
        """Note that something happened to a name: it is looked at soon, but not more often than is good."""
        if name in self._tracker:
            self._tracker.hint(name, now=now)
        else:
            self.announce(name)

    def doubt(self, name: str, origin: Origin) -> None:
        """Wait for a file that was dealt with to settle anew, even if it seems unchanged."""
        self._doubted.add(name)
        self._announced[name] = origin

    def is_doubted(self, name: str) -> bool:
        """Whether a file that was dealt with is on its way again."""
        return name in self._doubted

    def due(self, *, now: float) -> tuple[str, ...]:
        """Return the names to look at, each once."""
        retries = (name for name, at in self._put_off.items() if at <= now)
        return tuple(dict.fromkeys((*self._announced, *self._tracker.due(now=now), *retries)))

    def next_due(self) -> float:
        """Return when the next name is due; infinity if none is waited for."""
        if self._announced:
            return -math.inf
        look_at = self._tracker.next_look_at()
        return min(math.inf if look_at is None else look_at, min(self._put_off.values(), default=math.inf))

    def saw(self, name: str, look: Look, *, now: float) -> tuple[Notice, ...]:
        """Take in a look at a name; return what follows, in order."""
        origin = self._announced.pop(name, _UNKNOWN)
        self._put_off.pop(name, None)
        if look.fingerprint is None:
            return self._leave(name)
        before = None if name in self._doubted else self._dealt_with.get(name)
        before = before or self._ready.get(name)
        if before is not None and is_same_file(before, look.fingerprint):
            return ()
        notices: list[Notice] = []
        if name not in self._present:
            self._present.add(name)
            notices.append(FirstSeen(look.fingerprint, origin))
        look = replace(look, moved_in=was_moved_in(origin.sighting, look.fingerprint))
        match self._tracker.saw(name, look, now=now):
            case Settled(fingerprint=fingerprint):
                self._ready[name] = fingerprint
                notices.append(Ready(fingerprint))
            case Unsettled(seconds=seconds, lease=lease):
                notices.append(Growing(seconds, lease))
            case Gone() | None:
                pass
        return tuple(notices)

    def deal_with(self, name: str, fingerprint: Fingerprint) -> None:
        """Note that a file was handed over, or found to be no RAW file."""
        self._present.discard(name)
        self._ready.pop(name, None)
        self._doubted.discard(name)
        self._dealt_with[name] = fingerprint

    def put_off(self, name: str, *, until: float) -> None:
        """Have a file that was ready looked at again later, because it could not be handed over."""
        self._ready.pop(name, None)
        self._put_off[name] = until

    def is_put_off(self, name: str) -> bool:
        """Whether a name is only looked at again later, unless something happens to it."""
        return name in self._put_off

    def _leave(self, name: str) -> tuple[Notice, ...]:
        self._tracker.forget(name)
        self._ready.pop(name, None)
        self._doubted.discard(name)
        dealt_with = self._dealt_with.pop(name, None) is not None
        if not dealt_with and name not in self._present:
            return ()
        self._present.discard(name)
        return (Left(dealt_with),)
