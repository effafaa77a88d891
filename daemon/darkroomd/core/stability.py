"""When is a file complete? Looks and a monotonic clock go in; settled files and times to look again come out.

The rule: somebody who has the file open for writing keeps it from settling, so does a size of zero, and
after its last visible change it must have been left alone for a while, measured on our own clock. Nothing can
foresee a writer who closes a file and comes back later: that is found by comparing fingerprints afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from darkroomd.core.model import Fingerprint

SHORTEST_GAP_SECONDS: Final = 0.1
"""However many events a file causes, it is not looked at more often."""


class Lease(StrEnum):
    """Whether anybody has a file open for writing."""

    FREE = "free"
    HELD = "held"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long files are waited for, in seconds.

    Attributes:
        quiet_seconds: without a change, where nobody has the file open for writing.
        blind_seconds: without a change, where that cannot be known.
        longest_seconds: bound on the time between two looks at a file that is not complete.
        growing_seconds: after which a file that never settles is worth a word.
    """

    quiet_seconds: float
    blind_seconds: float
    longest_seconds: float = 5.0
    growing_seconds: float = 600.0


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at a path found.

    Attributes:
        fingerprint: None if no file is there.
        lease: whether somebody has it open for writing.
        moved_in: there is evidence that the file got its name when it was complete.
    """

    fingerprint: Fingerprint | None
    lease: Lease = Lease.UNKNOWN
    moved_in: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """A file that is not known to be complete.

    Attributes:
        since: when this fingerprint was first seen.
        first_seen: when the file was.
        looked_at: when it was last looked at.
        look_at: when to look again.
        told: whether it was said already that it does not settle.
    """

    fingerprint: Fingerprint
    since: float
    first_seen: float
    looked_at: float
    look_at: float
    told: bool = False


@dataclass(frozen=True, slots=True)
class Settled:
    """The file is complete, as far as anyone can tell."""

    fingerprint: Fingerprint


@dataclass(frozen=True, slots=True)
class Gone:
    """There is no file any more."""


@dataclass(frozen=True, slots=True)
class Unsettled:
    """Said once: the file was first seen long ago and is still not complete."""

    fingerprint: Fingerprint
    seconds: float
    lease: Lease


def judge(patience: Patience, before: Waiting | None, look: Look, *, now: float) -> Waiting | Settled | Gone:
    """Return what a look makes of a file, given what is known of it; `now` is monotonic seconds."""
    if look.fingerprint is None:
        return Gone()
    after = _noted(before, look.fingerprint, now)
    if look.lease is Lease.HELD or look.fingerprint.size_bytes == 0:
        return replace(after, look_at=now + _growing_wait(patience, after, now))
    if look.lease is Lease.FREE and look.moved_in and _is_another_file(before, look.fingerprint):
        return Settled(look.fingerprint)
    window = patience.quiet_seconds if look.lease is Lease.FREE else patience.blind_seconds
    if now >= after.since + window:
        return Settled(look.fingerprint)
    return replace(after, look_at=after.since + window)


def _noted(before: Waiting | None, fingerprint: Fingerprint, now: float) -> Waiting:
    if before is None:
        return Waiting(fingerprint, since=now, first_seen=now, looked_at=now, look_at=now)
    if before.fingerprint != fingerprint:
        return replace(before, fingerprint=fingerprint, since=now, looked_at=now)
    return replace(before, looked_at=now)


def _is_another_file(before: Waiting | None, fingerprint: Fingerprint) -> bool:
    return before is None or (before.fingerprint.device, before.fingerprint.inode) != (
        fingerprint.device,
        fingerprint.inode,
    )


def _growing_wait(patience: Patience, file: Waiting, now: float) -> float:
    # In proportion to the silence: a stalled upload is found complete at most half as late again.
    return min(max(patience.quiet_seconds, (now - file.since) / 2), patience.longest_seconds)


class Tracker:
    """The files of one folder that are not settled yet, by name.

    Whoever holds it looks at the files that are `due`, says so with `saw`, and comes back at `next_look_at`.
    """

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._files: dict[str, Waiting] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._files

    def __len__(self) -> int:
        return len(self._files)

    def adopt(self, patience: Patience) -> None:
        """Have this patience from now on; all files are due, since they may have waited long enough."""
        self._patience = patience
        self._files = {name: replace(file, look_at=file.looked_at) for name, file in self._files.items()}

    def fingerprint_of(self, name: str) -> Fingerprint | None:
        """Return a file as it was last seen; None if it is not waited for."""
        file = self._files.get(name)
        return None if file is None else file.fingerprint

    def saw(self, name: str, look: Look, *, now: float) -> Settled | Gone | Unsettled | None:
        """Take in a look and return what follows; None: wait on. Settled and gone files are forgotten."""
        outcome = judge(self._patience, self._files.get(name), look, now=now)
        if not isinstance(outcome, Waiting):
            self._files.pop(name, None)
            return outcome
        age = now - outcome.first_seen
        if outcome.told or age < self._patience.growing_seconds:
            self._files[name] = outcome
            return None
        self._files[name] = replace(outcome, told=True)
        return Unsettled(outcome.fingerprint, seconds=age, lease=look.lease)

    def hint(self, name: str, *, now: float) -> None:
        """Look at a file that is waited for earlier, because something happened to it; but not too often."""
        file = self._files.get(name)
        if file is None:
            return
        # A twentieth of its age: an upload of a minute need not be looked at ten times a second.
        gap = min(
            max(SHORTEST_GAP_SECONDS, (now - file.first_seen) / 20),
            max(SHORTEST_GAP_SECONDS, self._patience.quiet_seconds),
        )
        self._files[name] = replace(file, look_at=min(file.look_at, max(now, file.looked_at + gap)))

    def due(self, *, now: float) -> tuple[str, ...]:
        """Return the files to look at now."""
        return tuple(name for name, file in self._files.items() if file.look_at <= now)

    def next_look_at(self) -> float | None:
        """Return when the next file is due; None if none is waited for."""
        return min((file.look_at for file in self._files.values()), default=None)

    def forget(self, name: str) -> None:
        """Stop waiting for a file."""
        self._files.pop(name, None)
