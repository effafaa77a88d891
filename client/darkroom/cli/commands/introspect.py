"""`darkroom introspect`: the description of an interface."""

from __future__ import annotations

import argparse

import msgspec

from darkroom.cli.terminal import Screen
from darkroom.cli.text import printable
from darkroom.client import Client
from darkroom.errors import DARKROOM_INTERFACE, EXIT_DONE


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """Print the description the daemon serves."""
    interface: str = arguments.interface or DARKROOM_INTERFACE
    description = client.describe(interface)
    if arguments.json:
        document = {"interface": interface, "description": description}
        screen.show_json([msgspec.json.encode(document)])
    else:
        screen.show(map(printable, description.splitlines()))
    return EXIT_DONE
