"""When to look at a folder again: often where nobody tells of changes, rarely where events come."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

POLLING_SHARE: Final = 20
"""All folders that are polled together are at rest for that many times as long as they are looked at."""


THOROUGH_SCANS: Final = 8
"""Every so many looks at a watched folder its files are looked at too: one may have changed in its place."""

SURE_SECONDS: Final = 3.0
"""A folder's times come in steps of up to two seconds: two changes in one step cannot be told apart."""


@dataclass(frozen=True, slots=True)
class FolderStamp:
    """Which folder it is, and when a name in it last came or went, by the file system's clock."""

    device: int
    inode: int
    mtime_ns: int
    ctime_ns: int


class FolderMemory:
    """Whether names may have come to a folder, or gone, since it was listed; seconds are monotonic."""

    def __init__(self) -> None:
        self._stamp: FolderStamp | None = None
        self._since = -math.inf
        self._sure = False

    def stands(self, stamp: FolderStamp | None) -> bool:
        """Whether a folder with this stamp holds the names that were listed; never if there is none."""
        # It may have come and gone with all that was in it.
        return stamp is not None and self._sure and stamp == self._stamp

    def listed(self, stamp: FolderStamp | None, *, now: float) -> None:
        """Note that the folder was listed after it had been found with this stamp, at `now`."""
        if stamp != self._stamp:
            self._stamp, self._since = stamp, now
        self._sure = now - self._since >= SURE_SECONDS

    def forget(self) -> None:
        """Have the folder listed anew."""
        self._sure = False


class ScanPace:
    """The rhythm of one folder, in seconds of the monotonic clock.

    `scan_seconds` is the time between two looks at a folder that events come from, less where much happens
    and more where nothing does; `poll_seconds` is the least time between two looks at one that is polled.
    """

    def __init__(self, *, scan_seconds: float, poll_seconds: float) -> None:
        self._scan_seconds = scan_seconds
        self._poll_seconds = poll_seconds
        self._lost_seconds = poll_seconds
        self._at = -math.inf
        self._asked = False
        self._thorough = False
        self._thorough_at = -math.inf

    @property
    def at(self) -> float:
        """When to look at the folder next."""
        return self._at

    def adopt(self, *, scan_seconds: float, poll_seconds: float, now: float) -> None:
        """Keep to these times from now on; the next look is not put off by them."""
        self._scan_seconds, self._poll_seconds = scan_seconds, poll_seconds
        self._lost_seconds = poll_seconds
        self._thorough_at = min(self._thorough_at, now + scan_seconds)
        self._at = min(self._at, now + poll_seconds)

    def soon(self) -> None:
        """Look at the folder and its files as soon as possible."""
        self._at = -math.inf
        self._asked = True

    def within(self, seconds: float, *, now: float) -> None:
        """Look at the folder and its files at the latest after so many seconds."""
        self._at = min(self._at, now + seconds)
        self._asked = True

    def begin(self, *, now: float) -> bool:
        """Begin to look; return whether to look at the files too, even if no name came or went.

        What is asked for from now on is done after this look.
        """
        self._thorough = self._asked or now >= self._thorough_at
        self._at, self._asked = math.inf, False
        return self._thorough

    def found(
        self, *, now: float, watched: bool, took_seconds: float, polled: int, busy: bool = False
    ) -> None:
        """Note that the folder was looked at, and how long that took.

        `polled` counts the polled folders. `busy`: files came, or are on their way.
        """
        self._lost_seconds = self._poll_seconds
        if self._thorough:
            self._thorough_at = now + self._scan_seconds * (THOROUGH_SCANS if watched else 1)
        if watched:
            # Half of the longer time is the shorter one: all folders are still due at the same moments.
            self._next(next_on_grid(now, self._scan_seconds * (2 if busy else 4) / 3))
            return
        rest = max(self._poll_seconds, POLLING_SHARE * took_seconds * polled)
        self._next(now + min(rest, max(self._scan_seconds, self._poll_seconds)))

    def lost(self, *, now: float) -> None:
        """The folder is not there: asked for with growing patience, since it may be gone for good."""
        self._next(now + self._lost_seconds)
        self._lost_seconds = min(self._lost_seconds * 2, max(self._scan_seconds, self._poll_seconds))

    def _next(self, at: float) -> None:
        # Somebody may have asked for another look while this one was under way.
        self._at = min(self._at, at) if self._asked else at


def retry_wait(before: float, *, refused: bool, first_seconds: float, longest_seconds: float) -> float:
    """Return how long to leave alone what was refused, after having waited `before`; 0 when nothing was."""
    if not refused:
        return 0.0
    return min(max(before * 2, first_seconds), max(longest_seconds, first_seconds))


def next_on_grid(now: float, seconds: float) -> float:
    """Return the next multiple of `seconds`: what is due together wakes an idle daemon up once."""
    return now + seconds - now % seconds
