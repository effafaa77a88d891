"""`darkroom wait`: until a job has ended."""

from __future__ import annotations

import argparse
import time
from typing import Final

import msgspec

from darkroom.cli.following import PATIENCE_SECONDS, ended
from darkroom.cli.reckoning import reckon
from darkroom.cli.terminal import Screen
from darkroom.cli.times import duration_usec
from darkroom.client import Client
from darkroom.client.patience import Patience
from darkroom.errors import EXIT_DONE, EXIT_FAILED
from darkroom.protocol.types import JobState

_USEC: Final = 1_000_000


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """Wait, telling people where the job stands and programs how it ended."""
    timeout: str | None = arguments.timeout
    deadline = None if timeout is None else time.monotonic() + duration_usec(timeout) / _USEC
    last = ended(
        client,
        arguments.job,
        screen,
        quiet=arguments.json,
        patience=Patience(PATIENCE_SECONDS),
        deadline=deadline,
    )
    if arguments.json:
        screen.show_json([msgspec.json.encode(last)])
    else:
        screen.show(reckon(client, last))
    return EXIT_DONE if last.state == JobState.COMPLETED else EXIT_FAILED
