"""`darkroom reload`: the configuration, read again while the daemon runs."""

from __future__ import annotations

import argparse

import msgspec

from darkroom.cli import outcomes
from darkroom.cli.terminal import Screen
from darkroom.client import Client
from darkroom.errors import EXIT_DONE


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """Have the configuration read again; show what it changed, and what needs a restart."""
    reply = client.reload()
    if arguments.json:
        screen.show_json([msgspec.json.encode(reply)])
    else:
        screen.show(outcomes.reloaded(reply))
    return EXIT_DONE
