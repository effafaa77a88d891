"""A root as it is watched: when to list it next, and what was in it."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import Final

import structlog

from darkroom.errors import DarkroomError
from darkroomd.core.model import WatchMode
from darkroomd.core.places import Root, RootStanding, children
from darkroomd.core.scan_pace import ScanPace
from darkroomd.files.scan import RootListing
from darkroomd.files.watch import can_be_told

MOST_OTHERS: Final = 1000
"""So many folders of a root that are no sessions are watched, in case they become one; a scan sees all."""

log = structlog.get_logger()


class WatchedRoot:
    """A folder of sessions, and when to list it next."""

    def __init__(self, root: Root, pace: ScanPace, *, remote: bool) -> None:
        self.root: Final = root
        self.folder: Final = root.folder
        self.pace: Final = pace
        self.remote: Final = remote
        self.others: tuple[Path, ...] = ()
        self._lost = False
        self._watchable = True
        self.is_known = False
        """Whether it was ever listed: what is new in it from then on has come while we watched."""

    @property
    def targets(self) -> tuple[Path, ...]:
        """The folders that are worth watching for this root, there or not."""
        if self.remote:
            return ()
        return (self.folder, *self.others) if self._watchable else self.others

    def found(self, listing: RootListing) -> bool:
        """Note what is in the root; return whether other folders than before are worth watching."""
        if self._lost:
            log.info("root_found", folder=str(self.folder))
        self._lost, self.is_known = False, True
        before = self.targets
        self.others = listing.others[:MOST_OTHERS]
        self._watchable = can_be_told(folder.name for folder in (*listing.sessions, *listing.others))
        return self.targets != before

    def lost(self, error: OSError | DarkroomError) -> bool:
        """Note that the root cannot be listed; return whether anything in it was watched."""
        if not self._lost:
            problem = error.message if isinstance(error, DarkroomError) else os.strerror(error.errno or 0)
            log.warning("root_lost", folder=str(self.folder), problem=problem)
        self._lost = True
        before, self.others = self.others, ()
        return bool(before)

    def standing(self, sessions: Collection[Path], *, armed: Collection[Path]) -> RootStanding:
        """Return how the root stands, given the folders of all sessions and those that hints come from."""
        mode = WatchMode.EVENTS if self.folder in armed and not self.remote else WatchMode.POLLING
        return RootStanding(
            self.root,
            WatchMode.UNAVAILABLE if self._lost else mode,
            len(children(self.folder, sessions)),
        )
