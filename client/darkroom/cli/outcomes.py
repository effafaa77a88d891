"""What became of a request, in a sentence for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from darkroom.cli import words
from darkroom.cli.progress import bar
from darkroom.cli.terminal import Screen
from darkroom.cli.text import printable
from darkroom.protocol.replies import CountReply, ReloadReply, RetryReply
from darkroom.protocol.types import Job, JobState, Queue

_BAR_CELLS: Final = 12


def jobs_changed(asked: Sequence[int], changed: Sequence[int], *, done: str) -> list[str]:
    """Tell which jobs are `done`, such as "canceled", and which of those asked for were left alone."""
    left = [job for job in asked if job not in changed]
    return [
        *([f"{_named(changed)} {done}."] if changed else []),
        *([f"Nothing to do for {_named(left).lower()}."] if left else []),
    ]


def retried(asked: Sequence[int], reply: RetryReply, *, canceled_too: bool) -> list[str]:
    """Tell how much is tried again; `canceled_too`: what was canceled was asked for as well."""
    if not reply.item_count:
        more = "" if canceled_too else " `--include-canceled` takes back what was canceled."
        return [f"Nothing to try again in {_named(asked).lower()}.{more}"]
    return [f"{_counted(reply.item_count, 'item')} of {_named(reply.job_ids).lower()} queued again."]


def cleared(count: int) -> list[str]:
    """Tell how many jobs were forgotten."""
    return [f"{_counted(count, 'job')} forgotten."]


def paused(queue: Queue) -> list[str]:
    """Tell how long the queue is paused, and why."""
    more = words.pause(queue)
    return [printable(f"The queue is paused: {more}." if more else "The queue is paused.")]


def resumed(queue: Queue) -> list[str]:
    """Tell that the queue goes on, or what it still waits for."""
    if queue.wait_reasons:
        return [printable(f"The queue is not paused, but waits: {words.reasons(queue.wait_reasons)}.")]
    return ["The queue goes on."]


def reloaded(reply: ReloadReply) -> list[str]:
    """Tell which keys of the configuration are in force with another value, and which are not yet."""
    if not reply.changed and not reply.warnings:
        return ["The configuration is in force as it stands."]
    changed = [f"In force now: {', '.join(reply.changed)}."] if reply.changed else []
    return [printable(line) for line in (*changed, *reply.warnings)]


def photos(count: int) -> str:
    """Return so many photos in words."""
    return _counted(count, "photo")


def culled(count: int, *, of: int, discarded: bool) -> list[str]:
    """Tell how many photos were discarded or restored, and how many were so before."""
    done = "discarded" if discarded else "restored"
    left = "discarded before" if discarded else "not discarded"
    return [
        *([f"{photos(count)} {done}."] if count else []),
        *(
            [f"{photos(of - count)} left as {'it was' if of - count == 1 else 'they were'}: {left}."]
            if of > count
            else []
        ),
    ]


def timed(count: int, *, of: int) -> list[str]:
    """Tell how many photos have the time that was asked for, and how many have none to correct."""
    left = (
        f"{photos(of - count)} left alone: the camera's time is not known, or not before it is developed. "
        "Correct it once more then, or give the time with --at."
    )
    return [*([f"{photos(count)} corrected."] if count else []), *([left] if of > count else [])]


def standing(job: Job, *, drawn: bool = False, pace: str = "") -> str:
    """Tell where a job stands; `drawn` with a bar and its pace for as long as work on it goes on."""
    why = words.reasons(job.state_reasons)
    goes_on = job.state == JobState.RUNNING and not why
    if drawn and goes_on:
        # In eighty columns there is room for it all, also where there are thousands of photos.
        told = words.progress(job.progress, pace=pace)
        return f"job {job.id}  {bar(job.progress.percent, of=100, cells=_BAR_CELLS)} {told}"
    # What does not go on takes as long as whatever it waits for.
    done = job.progress if goes_on else replace(job.progress, remaining_usec=None)
    failure = f"  {words.failure_of(job.failure)}" if job.state == JobState.FAILED and job.failure else ""
    reason = f" ({why})" if why else ""
    return printable(f"job {job.id}  {job.state}{reason}  {words.progress(done)}{failure}")


def _named(jobs: Sequence[int]) -> str:
    return f"Job{'' if len(jobs) == 1 else 's'} {', '.join(map(str, jobs))}"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def show_count(screen: Screen, count: int, *lines: str, json: bool) -> None:
    """Show the outcome of a change that is told by a count."""
    if json:
        screen.show_json([msgspec.json.encode(CountReply(count=count))])
    else:
        screen.show(list(lines))
