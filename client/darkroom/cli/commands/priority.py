"""`darkroom priority`: how urgent jobs are."""

from __future__ import annotations

import argparse

import msgspec

from darkroom.cli import outcomes
from darkroom.cli.terminal import Screen
from darkroom.client import Client
from darkroom.errors import EXIT_DONE
from darkroom.protocol.replies import JobIdsReply
from darkroom.protocol.types import Priority


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """Set the priority of the jobs."""
    asked: list[int] = arguments.jobs
    changed = client.set_priority(asked, Priority(arguments.priority))
    if arguments.json:
        screen.show_json([msgspec.json.encode(JobIdsReply(job_ids=changed))])
    else:
        screen.show(outcomes.jobs_changed(asked, changed, done=f"now of {arguments.priority} priority"))
    return EXIT_DONE
