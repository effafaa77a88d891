"""`darkroom retry`: once more, what failed."""

from __future__ import annotations

import argparse

import msgspec

from darkroom.cli import outcomes
from darkroom.cli.terminal import Screen
from darkroom.client import Client
from darkroom.errors import EXIT_DONE


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """Queue the failed items of the jobs again."""
    asked: list[int] = arguments.jobs
    reply = client.retry_jobs(asked, include_canceled=arguments.include_canceled or None)
    if arguments.json:
        screen.show_json([msgspec.json.encode(reply)])
    else:
        screen.show(outcomes.retried(asked, reply, canceled_too=arguments.include_canceled))
    return EXIT_DONE
