"""`darkroom resume`: the end of a pause, of the whole queue or of some jobs."""

from __future__ import annotations

import argparse

import msgspec

from darkroom.cli import outcomes
from darkroom.cli.terminal import Screen
from darkroom.client import Client
from darkroom.errors import EXIT_DONE
from darkroom.protocol.replies import JobIdsReply


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """Resume the jobs, or without any the queue."""
    asked: list[int] = arguments.jobs
    if asked:
        changed = client.resume_jobs(asked)
        document = msgspec.json.encode(JobIdsReply(job_ids=changed))
        lines = outcomes.jobs_changed(asked, changed, done="resumed")
    else:
        queue = client.resume_queue()
        document = msgspec.json.encode(queue)
        lines = outcomes.resumed(queue)
    if arguments.json:
        screen.show_json([document])
    else:
        screen.show(lines)
    return EXIT_DONE
