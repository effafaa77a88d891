"""`darkroom wait`: until a job has ended."""

from __future__ import annotations

import argparse
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from darkroom.cli import outcomes
from darkroom.cli.terminal import Screen
from darkroom.cli.times import duration_usec
from darkroom.client import Client
from darkroom.errors import EXIT_DONE, EXIT_FAILED
from darkroom.protocol.types import Job, JobState

_STEP_PERCENT: Final = 10
"""Where lines stay, so much progress is worth one: of ten thousand photos not each is."""


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """Wait, telling people where the job stands and programs how it ended."""
    timeout: str | None = arguments.timeout
    jobs = client.watch_job(arguments.job, timeout_usec=None if timeout is None else duration_usec(timeout))
    last = _last(jobs) if arguments.json else _told(jobs, screen)
    if arguments.json:
        screen.show_json([msgspec.json.encode(last)])
    return EXIT_DONE if last.state == JobState.COMPLETED else EXIT_FAILED


def _last(jobs: Iterable[Job]) -> Job:
    # There is one: a job is sent as it is now before anything else.
    return deque(jobs, maxlen=1).pop()


def _told(jobs: Iterable[Job], screen: Screen) -> Job:
    """Show where a job stands as that changes; return how it ended."""
    try:
        return _last(_shown(jobs, screen))
    finally:
        screen.settle()


def _shown(jobs: Iterable[Job], screen: Screen) -> Iterator[Job]:
    told: tuple[object, ...] | None = None
    for job in jobs:
        worth = job.state, job.state_reasons, job.progress.percent // _STEP_PERCENT
        if screen.can_redraw:
            screen.redraw(outcomes.standing(job, drawn=True))
        elif worth != told:
            screen.show([outcomes.standing(job)])
            told = worth
        yield job
