"""`darkroom completion`: what makes a shell complete the words of this command."""

from __future__ import annotations

import argparse

import msgspec

from darkroom.cli.shells import SCRIPTS
from darkroom.cli.terminal import Screen
from darkroom.client import Client
from darkroom.errors import EXIT_DONE


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:  # noqa: ARG001 - it asks nobody
    """Print the script for the shell."""
    shell: str = arguments.shell
    if arguments.json:
        screen.show_json([msgspec.json.encode({"shell": shell, "script": SCRIPTS[shell]})])
    else:
        screen.show(SCRIPTS[shell].splitlines())
    return EXIT_DONE
