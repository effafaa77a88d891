"""`darkroom move`: another place in the queue."""

from __future__ import annotations

import argparse

import msgspec

from darkroom.cli import outcomes
from darkroom.cli.terminal import Screen
from darkroom.client import Client
from darkroom.errors import EXIT_DONE
from darkroom.protocol.replies import JobIdsReply


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """Move the jobs before another one, or to the end."""
    asked: list[int] = arguments.jobs
    changed = client.move_jobs(asked, before_job_id=arguments.before)
    if arguments.json:
        screen.show_json([msgspec.json.encode(JobIdsReply(job_ids=changed))])
    else:
        screen.show(outcomes.jobs_changed(asked, changed, done="moved"))
    return EXIT_DONE
