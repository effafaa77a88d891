"""A job that is waited for: where it stands, until it has ended, also across restarts of the daemon."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Final

from msgspec.structs import replace

from darkroom.cli import outcomes
from darkroom.cli.footer import left_of
from darkroom.cli.progress import Advance, Course
from darkroom.cli.terminal import Screen, complain
from darkroom.client import Client
from darkroom.client.patience import Patience
from darkroom.errors import ConnectionLost, DaemonUnreachable, Stopping, TimedOut
from darkroom.protocol.types import Job, JobState

PATIENCE_SECONDS: Final = 30.0
"""So long a daemon that went away is waited for."""

_STEP_PERCENT: Final = 10
"""Where lines stay, so much progress is worth one: of ten thousand photos not each is."""


def ended(
    client: Client,
    job_id: int,
    screen: Screen,
    *,
    quiet: bool,
    patience: Patience,
    deadline: float | None = None,
) -> Job:
    """Wait until a job has ended and return it; show where it stands meanwhile, unless quiet.

    Args:
        client: asks the daemon.
        job_id: of the job.
        screen: where it is shown: in one line that changes, or in a line for each step.
        quiet: show nothing.
        patience: with a daemon that goes away.
        deadline: of the monotonic clock, in seconds; None: wait for ever.

    Raises:
        NoSuchJob: it is not, or no longer, known.
        TimedOut: it has not ended in time.
    """
    jobs = _standings(client, job_id, screen, patience=patience, deadline=deadline)
    teller = None if quiet else _Teller(screen)
    last: Job | None = None
    try:
        for last in jobs:
            if teller is not None:
                teller.tell(last, now=time.monotonic())
    finally:
        screen.settle()
    # There is one: a job is sent as it is now before anything else.
    assert last is not None
    return last


def _standings(
    client: Client, job_id: int, screen: Screen, *, patience: Patience, deadline: float | None
) -> Generator[Job, None, None]:
    """Yield the job as it is now and upon each change; say it when the daemon has gone away."""
    is_there = True
    while True:
        left_usec = None if deadline is None else max(0, int((deadline - time.monotonic()) * 1_000_000))
        try:
            for job in client.watch_job(job_id, timeout_usec=left_usec, patience=0):
                patience.renew()
                is_there = True
                yield job
        except (ConnectionLost, DaemonUnreachable, Stopping) as error:
            if deadline is not None and time.monotonic() >= deadline:
                raise TimedOut from error
            wait = patience.seconds_after(error)
            if is_there:
                screen.erase()
                complain("The daemon has gone away; it is waited for.")
            is_there = False
            time.sleep(wait if deadline is None else max(0.0, min(wait, deadline - time.monotonic())))
        else:
            return


class _Teller:
    """Shows where a job stands, as often as that is worth a line."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._course = Course()
        self._advance = Advance()
        self._done: int | None = None
        self._told: tuple[object, ...] | None = None

    def tell(self, job: Job, *, now: float) -> None:
        """Show the job; `now` is in seconds of a monotonic clock."""
        self._take(job, now=now)
        job = self._with_time_left(job, now=now)
        # What waits is tried from time to time: that it is running for a moment is no news.
        state = None if job.state_reasons and job.ended_at_usec is None else job.state
        worth = state, job.state_reasons, job.progress.percent // _STEP_PERCENT
        if self._screen.can_redraw:
            pace = self._course.pace(now=now) if job.state == JobState.RUNNING else ""
            self._screen.redraw(outcomes.standing(job, drawn=True, pace=pace))
        elif worth != self._told:
            self._screen.show([outcomes.standing(job)])
            self._told = worth

    def _with_time_left(self, job: Job, *, now: float) -> Job:
        """Return the job with the daemon's estimate, or with one by its percent where that has none."""
        goes_on = job.state == JobState.RUNNING and not job.state_reasons
        usec = self._advance.remaining_usec(job.progress.percent, now=now, goes_on=goes_on)
        if job.progress.remaining_usec is not None:
            return job
        return replace(job, progress=replace(job.progress, remaining_usec=usec))

    def _take(self, job: Job, *, now: float) -> None:
        # What is up to date takes no time: it would tell of a pace that nothing else has.
        done = job.progress.completed + job.progress.failed
        for _ in range(done - (done if self._done is None else self._done)):
            self._course.take_end(now=now)
        self._done = done
        self._course.take_left(left_of(job))
