"""`darkroom state`: have the daemon's program hand the state out, or take one over."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from darkroom.cli.program import ProgramNotStarted, run_program
from darkroom.cli.terminal import Screen, complain
from darkroom.client import Client

PROGRAM: Final = "darkroomd"

_LOOK_SECONDS: Final = 60.0
"""Nothing is to be seen to meanwhile."""


def run(_: Client, arguments: argparse.Namespace, __: Screen) -> int:
    """Run `darkroomd state` with the same arguments; return its exit status."""
    try:
        return run_program(list(_words(arguments)), meanwhile=lambda: None, every_seconds=_LOOK_SECONDS)
    except ProgramNotStarted as error:
        complain(str(error))
        return error.exit_status


def _words(arguments: argparse.Namespace) -> Iterator[str]:
    # The daemon that was installed with this client, wherever PATH leads.
    beside = Path(sys.executable).with_name(PROGRAM)
    yield str(beside) if beside.exists() else PROGRAM
    yield from ("state", arguments.action)
    if arguments.json:
        yield "--json"
    if arguments.state_dir is not None:
        yield f"--state-dir={arguments.state_dir}"
    if arguments.action == "import":
        yield from (f"--map={move}" for move in arguments.map)
        if arguments.replace:
            yield "--replace"
    yield from ("--", arguments.file)
