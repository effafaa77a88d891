"""`darkroom clear`: forget jobs that have ended."""

from __future__ import annotations

import argparse
import time

import msgspec

from darkroom.cli import outcomes
from darkroom.cli.terminal import Screen
from darkroom.cli.times import duration_usec
from darkroom.client import Client
from darkroom.errors import EXIT_DONE
from darkroom.protocol.replies import CountReply
from darkroom.protocol.types import JobState


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """Forget the ended jobs that meet all conditions."""
    states: list[str] | None = arguments.state
    older_than: str | None = arguments.older_than
    count = client.clear_jobs(
        states=None if states is None else [JobState(state) for state in states],
        ended_before_usec=None if older_than is None else time.time_ns() // 1000 - duration_usec(older_than),
    )
    if arguments.json:
        screen.show_json([msgspec.json.encode(CountReply(count=count))])
    else:
        screen.show(outcomes.cleared(count))
    return EXIT_DONE
