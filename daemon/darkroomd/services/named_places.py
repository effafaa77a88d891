"""Has the folders watched that the command line and the configuration name, and no others for that reason."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

import anyio
import structlog

from darkroom.errors import DarkroomError
from darkroomd.core.model import SessionId
from darkroomd.core.named_folders import NamedFolders
from darkroomd.core.places import Root, RootStanding, children
from darkroomd.core.session_names import root_id

RETRY_SECONDS: Final = 5.0
"""Before what a disk or the store refused is tried again."""

log = structlog.get_logger()


class Watching(Protocol):
    """What watches folders, whoever wants them watched."""

    @property
    def changing(self) -> anyio.Lock:
        """To be held by whoever watches a session, or lets go of what may have been added."""
        ...

    @property
    def sessions(self) -> Mapping[Path, SessionId]:
        """The sessions that are watched, by folder."""
        ...

    @property
    def roots(self) -> Sequence[RootStanding]:
        """The roots that are watched."""
        ...

    async def find(self, name: Path) -> Path | None:
        """Return where a folder really is; None as long as its disk does not answer."""
        ...

    async def added(self) -> tuple[frozenset[Path], frozenset[Path]]:
        """Return the folders of the sessions and roots that were added; raise `DarkroomError`."""
        ...

    async def watch_session(self, real: Path, *, appeared: bool) -> bool:
        """Watch a session; return False where that is to be tried again."""
        ...

    async def watch_root(self, root: Root) -> None:
        """Watch a root, and the sessions that are in it."""
        ...

    async def let_go(self, folder: Path) -> None:
        """Watch a session no more."""
        ...

    async def let_go_of_root(self, folder: Path) -> None:
        """Watch a root no more; its sessions are watched as before."""
        ...


class NamedPlaces:
    """The named sessions and roots, which intake watches."""

    def __init__(self, intake: Watching, *, sessions: Sequence[Path], roots: Sequence[Path]) -> None:
        self._intake = intake
        self.sessions: Final = NamedFolders(sessions)
        self._roots: Final = NamedFolders(roots)
        self._one_at_a_time = anyio.Lock()
        self._done = anyio.Event()
        self._at = math.inf

    @property
    def at(self) -> float:
        """When to call `watch` next, in seconds of the monotonic clock."""
        return self._at

    def has_session(self, folder: Path) -> bool:
        """Tell whether a session is named; where a name leads that no disk answers for nobody knows."""
        return folder in self.sessions.folders or folder in self.sessions.unfound

    def begin(self) -> None:
        """Note that `watch` is called."""
        self._at = math.inf

    def become(self, *, sessions: Sequence[Path], roots: Sequence[Path]) -> anyio.Event:
        """Take these names for those that were; return what is set once `watch` has seen to it."""
        self.sessions.become(sessions)
        self._roots.become(roots)
        self._at = -math.inf
        return self._done

    async def watch(self) -> None:
        """Watch what is named, let go of what is not any more; what is refused is to be tried again."""
        async with self._one_at_a_time:
            done, self._done = self._done, anyio.Event()
            for named in (self.sessions, self._roots):
                await self._find(named)
            await self._let_go()
            for folder in self.sessions.untaken:
                await self._watch_session(folder)
            for folder in self._roots.untaken:
                await self._intake.watch_root(Root(root_id(folder), folder))
                self._roots.taken(folder)
            if any((each.unfound or each.untaken or each.dropped) for each in (self.sessions, self._roots)):
                self._at = min(self._at, anyio.current_time() + RETRY_SECONDS)
        done.set()

    async def _find(self, named: NamedFolders) -> None:
        for name in named.unfound:
            real = await self._intake.find(name)
            if real is not None:
                named.found(name, real)

    async def _watch_session(self, folder: Path) -> None:
        async with self._intake.changing:
            known = await self._intake.watch_session(folder, appeared=False)
        if known:
            self.sessions.taken(folder)

    async def _let_go(self) -> None:
        """Let go of what is named no more, unless it was added, or lies in a root that is still watched."""
        intake = self._intake
        if not self.sessions.dropped and not self._roots.dropped:
            return
        async with intake.changing:
            try:
                added, added_roots = await intake.added()
            except DarkroomError as error:
                log.warning("folders_not_let_go", code=error.code, problem=error.message)
                return
            sessions, roots = self.sessions.dropped, self._roots.dropped
            for folder in sorted(roots - added_roots):
                await intake.let_go_of_root(folder)
            kept = {standing.root.folder for standing in intake.roots} | self._roots.folders
            below = {folder for root in roots for folder in children(root, intake.sessions.keys())}
            for folder in sorted((sessions | below) - added - self.sessions.folders):
                if folder.parent not in kept:
                    await intake.let_go(folder)
            self.sessions.let_go(sessions)
            self._roots.let_go(roots)
