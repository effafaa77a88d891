"""Hints about changes in folders. They come late, twice or not at all: a scan is the truth.

Folders cannot be added to a running watcher, and stopping one first would lose what happens meanwhile. So a
new one is started beside it, and the old one ends when the new one listens.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Final

import anyio
import watchfiles
from anyio import CapacityLimiter, from_thread, to_thread
from anyio.abc import TaskStatus

STEP_MS: Final = 50
"""How long the watcher gathers events; twice that is the longest delay of a hint."""

GATHER_MS: Final = 200
"""How long a file that changes all the time may hold up the hints about others."""

TIMEOUT_MS: Final = 200
"""After that long without events a new watcher is known to listen."""

STEADY_SECONDS: Final = 3.0
"""A watcher that listened for so long before it failed was in order until then."""

MOST_STUMBLES: Final = 5
"""So often in a row a watcher that fails as soon as it listens is replaced at once."""

FIRST_WAIT_SECONDS: Final = 1.0
LONGEST_WAIT_SECONDS: Final = 60.0


class Change(StrEnum):
    """What a hint says happened to a name."""

    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Hint:
    """Something may have happened to a name in a watched folder."""

    folder: Path
    name: str
    change: Change


@dataclass(frozen=True, slots=True)
class Target:
    """A folder to watch, and which folder of that name it is: one that was made anew is another."""

    path: Path
    device: int
    inode: int


def can_be_told(names: Iterable[str]) -> bool:
    """Whether the watcher can tell of all these names: it ends when one that is not UTF-8 is but read."""
    try:
        for name in names:
            name.encode()
    except UnicodeEncodeError:
        return False
    return True


def find_targets(folders: Iterable[Path]) -> frozenset[Target]:
    """Return those of the folders that are there and that can be watched at all."""
    targets: set[Target] = set()
    for folder in folders:
        try:
            # The watcher's interface takes text: a path that is not UTF-8 can only be polled.
            str(folder).encode()
            found = folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or not os.access(folder, os.R_OK):
                continue
        except (OSError, UnicodeEncodeError):
            continue
        targets.add(Target(folder, found.st_dev, found.st_ino))
    return frozenset(targets)


@dataclass(eq=False)
class _Listener:
    targets: frozenset[Target]
    armed_at: float | None = None
    decided: anyio.Event = field(default_factory=anyio.Event)
    stop: threading.Event = field(default_factory=threading.Event)


class FolderWatch:
    """Watches a changing set of folders, not what is below them.

    The three callbacks are called in the event loop: with hints, with targets that are listened to from now
    on (a scan after that misses nothing), and with the reason when watching failed; it is tried again.
    A watcher that stumbles, say over a name that is not UTF-8, is replaced at once and told as armed anew.
    """

    def __init__(
        self,
        *,
        on_hints: Callable[[tuple[Hint, ...]], None],
        on_armed: Callable[[frozenset[Target]], None],
        on_trouble: Callable[[str], None],
    ) -> None:
        self._on_hints = on_hints
        self._on_armed = on_armed
        self._on_trouble = on_trouble
        self._wanted: frozenset[Target] = frozenset()
        self._current: _Listener | None = None
        self._changed = anyio.Event()
        self._wait_seconds = FIRST_WAIT_SECONDS
        self._stumbles = 0
        self._problem: str | None = None
        # Each watcher sits in a thread for as long as it lives, and some overlap.
        self._threads = CapacityLimiter(8)

    @property
    def armed(self) -> frozenset[Path]:
        """The folders that hints come from at this moment."""
        return frozenset() if self._current is None else frozenset(t.path for t in self._current.targets)

    @property
    def problem(self) -> str | None:
        """Why not all folders that are wanted are watched; None if they are, or are about to be."""
        return self._problem

    def watch(self, targets: frozenset[Target], *, anew: bool = False) -> None:
        """Watch these folders and no others from now on.

        `anew`: one of them may have been deleted and made again, which a number of its own does not prove.
        """
        if anew or targets != self._wanted:
            self._wanted = targets
            self._changed.set()

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Listen until cancelled."""
        async with anyio.create_task_group() as group:
            task_status.started()
            while True:
                await self._changed.wait()
                self._changed = anyio.Event()
                old, wanted = self._current, self._wanted
                if wanted:
                    new = _Listener(wanted)
                    group.start_soon(self._listen, new)
                    await new.decided.wait()
                else:
                    self._current = None
                    self._on_armed(frozenset())
                # Where the new one failed, the old one is better than none.
                if old is not None and self._current is not old:
                    group.start_soon(_retire, old)

    async def _listen(self, listener: _Listener) -> None:
        arm = partial(self._arm, listener)
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(_stop_when_cancelled, listener.stop)
                await to_thread.run_sync(_follow, listener, arm, self._hear, limiter=self._threads)
                group.cancel_scope.cancel()
        except* (OSError, RuntimeError) as problems:
            reason = "; ".join(str(problem) for problem in problems.exceptions)
            stumbled = problems.subgroup(OSError) is None
        else:
            return
        listener.decided.set()
        if listener.armed_at is not None and self._current is not None and self._current is not listener:
            # It has a successor, but what it gathered is lost.
            self._on_armed(listener.targets)
            return
        if self._current is listener:
            self._current = None
        if stumbled and self._is_soon_over(listener):
            self._changed.set()
            return
        self._problem = reason
        self._on_trouble(reason)
        await self._try_again()

    def _is_soon_over(self, listener: _Listener) -> bool:
        """Count a watcher that the system granted and that failed; False once it happens again and again."""
        if listener.armed_at is not None and anyio.current_time() - listener.armed_at >= STEADY_SECONDS:
            self._stumbles = 0
        self._stumbles += 1
        return self._stumbles <= MOST_STUMBLES

    async def _try_again(self) -> None:
        wait, self._wait_seconds = self._wait_seconds, min(self._wait_seconds * 2, LONGEST_WAIT_SECONDS)
        await anyio.sleep(wait)
        if self._current is None or self._current.targets != self._wanted:
            self._changed.set()

    def _arm(self, listener: _Listener) -> None:
        before = frozenset[Target]() if self._current is None else self._current.targets
        # The same targets watched anew: one of them is another folder than it was, nobody knows which.
        news = listener.targets if listener.targets == before else listener.targets - before
        self._current = listener
        self._problem = None
        listener.armed_at = anyio.current_time()
        listener.decided.set()
        self._on_armed(news)

    def _hear(self, changes: set[tuple[watchfiles.Change, str]]) -> None:
        self._wait_seconds = FIRST_WAIT_SECONDS
        self._on_hints(tuple(_hint(change, path) for change, path in changes))


async def _retire(listener: _Listener) -> None:
    # What it has gathered and not told would be lost with it, and may be older than its successor.
    await anyio.sleep((GATHER_MS + 2 * STEP_MS) / 1000)
    listener.stop.set()


async def _stop_when_cancelled(stop: threading.Event) -> None:
    try:
        await anyio.sleep_forever()
    finally:
        stop.set()


def _follow(
    listener: _Listener,
    arm: Callable[[], None],
    heard: Callable[[set[tuple[watchfiles.Change, str]]], None],
) -> None:
    for changes in watchfiles.watch(
        *(target.path for target in listener.targets),
        watch_filter=None,
        debounce=GATHER_MS,
        step=STEP_MS,
        stop_event=listener.stop,
        rust_timeout=TIMEOUT_MS,
        yield_on_timeout=True,
        raise_interrupt=False,
        recursive=False,
        # True would pass over every folder that cannot be watched, for whatever reason, without a word.
        ignore_permission_denied=False,
    ):
        if listener.armed_at is None:
            from_thread.run_sync(arm)
        if changes:
            from_thread.run_sync(heard, changes)


def _hint(change: watchfiles.Change, path: str) -> Hint:
    folder, name = os.path.split(path)
    return Hint(Path(folder), name, _CHANGES[change])


_CHANGES: Final = {
    watchfiles.Change.added: Change.ADDED,
    watchfiles.Change.modified: Change.MODIFIED,
    watchfiles.Change.deleted: Change.DELETED,
}
