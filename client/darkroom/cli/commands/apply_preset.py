"""`darkroom apply-preset`: another look for photos that are here already."""

from __future__ import annotations

import argparse

from darkroom.cli import outcomes
from darkroom.cli.selection import chosen_photos, some_at_a_time
from darkroom.cli.terminal import Screen
from darkroom.client import Client
from darkroom.errors import EXIT_DONE


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """Replace the preset of the photos; they are developed anew."""
    preset: str = arguments.preset
    photos = chosen_photos(client, arguments.photos)
    count = some_at_a_time(photos, lambda some: client.apply_preset(some, preset))
    outcomes.show_count(
        screen, count, f"{outcomes.photos(count)} to be developed anew with {preset}.", json=arguments.json
    )
    return EXIT_DONE
