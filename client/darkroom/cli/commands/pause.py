"""`darkroom pause`: start nothing new, in the whole queue or of some jobs."""

from __future__ import annotations

import argparse
import time

import msgspec

from darkroom.cli import outcomes
from darkroom.cli.terminal import Screen
from darkroom.cli.text import sendable
from darkroom.cli.times import coming_usec
from darkroom.client import Client
from darkroom.errors import EXIT_DONE, EXIT_USAGE, DarkroomError
from darkroom.protocol.replies import JobIdsReply


class OnlyOfTheQueue(DarkroomError):
    """Jobs are paused without a reason, an end or a hurry: only the queue has these."""

    code = "OnlyOfTheQueue"
    exit_status = EXIT_USAGE

    def __init__(self) -> None:
        super().__init__("--reason, --until and --now are for the whole queue; leave them out, or the jobs.")


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """Pause the jobs, or without any the queue."""
    if arguments.jobs:
        return _pause_jobs(client, arguments, screen)
    until: str | None = arguments.until
    queue = client.pause_queue(
        reason=sendable(arguments.reason),
        until_usec=None if until is None else coming_usec(until, now_usec=time.time_ns() // 1000),
        finish_running=False if arguments.now else None,
    )
    if arguments.json:
        screen.show_json([msgspec.json.encode(queue)])
    else:
        screen.show(outcomes.paused(queue))
    return EXIT_DONE


def _pause_jobs(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    if arguments.now or arguments.reason is not None or arguments.until is not None:
        raise OnlyOfTheQueue
    asked: list[int] = arguments.jobs
    changed = client.pause_jobs(asked)
    if arguments.json:
        screen.show_json([msgspec.json.encode(JobIdsReply(job_ids=changed))])
    else:
        screen.show(outcomes.jobs_changed(asked, changed, done="paused"))
    return EXIT_DONE
