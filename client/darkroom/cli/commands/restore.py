"""`darkroom restore`: take discarded photos back in."""

from __future__ import annotations

import argparse

from darkroom.cli.selection import set_discarded
from darkroom.cli.terminal import Screen
from darkroom.client import Client


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """Restore the photos."""
    return set_discarded(client, arguments, screen, discarded=False)
