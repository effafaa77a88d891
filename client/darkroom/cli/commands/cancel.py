"""`darkroom cancel`: stop jobs for good."""

from __future__ import annotations

import argparse

import msgspec

from darkroom.cli import outcomes
from darkroom.cli.terminal import Screen
from darkroom.cli.text import sendable
from darkroom.client import Client
from darkroom.errors import EXIT_DONE
from darkroom.protocol.replies import JobIdsReply


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """Cancel the jobs."""
    asked: list[int] = arguments.jobs
    changed = client.cancel_jobs(asked, reason=sendable(arguments.reason))
    if arguments.json:
        screen.show_json([msgspec.json.encode(JobIdsReply(job_ids=changed))])
    else:
        screen.show(outcomes.jobs_changed(asked, changed, done="canceled"))
    return EXIT_DONE
