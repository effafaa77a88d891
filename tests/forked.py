"""Real daemons as `running` gives them, forked from a process that is kept for all tests: sooner ready."""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

import running as started
from crash.nursery import Nursery, nursery
from running import QUICK, Daemon


class _Kept:
    """The nursery of all tests; it has one daemon at a time."""

    def __init__(self, daemons: Nursery) -> None:
        self.daemons = daemons
        self.is_taken = False


@cache
def _kept() -> _Kept:
    until_the_end = ExitStack()
    atexit.register(until_the_end.close)
    return _Kept(until_the_end.enter_context(nursery()))


@contextmanager
def running(folder: Path, *more: str, config: str = QUICK, ready: bool = True) -> Iterator[Daemon]:
    """Run the daemon with these arguments until the block is left; a second one at a time is no fork."""
    kept = _kept()
    if kept.is_taken:
        with started.running(folder, *more, config=config, ready=ready) as daemon:
            yield daemon
        return
    kept.is_taken = True
    try:
        with kept.daemons.daemon(folder, more, config=config) as daemon:
            if ready:
                daemon.wait_for("ready")
            yield daemon
    finally:
        kept.is_taken = False
