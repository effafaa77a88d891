"""`darkroom wait`: until a job has ended."""

from __future__ import annotations

import argparse

import msgspec

from darkroom.cli import outcomes
from darkroom.cli.terminal import Screen
from darkroom.cli.times import duration_usec
from darkroom.client import Client
from darkroom.errors import EXIT_DONE, EXIT_FAILED
from darkroom.protocol.types import Job, JobState


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """Wait, telling people where the job stands and programs how it ended."""
    timeout: str | None = arguments.timeout
    timeout_usec = None if timeout is None else duration_usec(timeout)
    last: Job | None = None
    for job in client.watch_job(arguments.job, timeout_usec=timeout_usec):
        if not arguments.json and (last is None or _standing(job) != _standing(last)):
            screen.show([outcomes.standing(job)])
        last = job
    if arguments.json and last is not None:
        screen.show_json([msgspec.json.encode(last)])
    return EXIT_DONE if last is not None and last.state == JobState.COMPLETED else EXIT_FAILED


def _standing(job: Job) -> tuple[object, ...]:
    """Return what is worth a line: of ten thousand photos, not each one."""
    return job.state, job.state_reasons, job.progress.percent
