"""`darkroom set-time`: for a camera whose clock was wrong."""

from __future__ import annotations

import argparse
import time

from darkroom.cli import outcomes
from darkroom.cli.selection import chosen_photos, some_at_a_time
from darkroom.cli.terminal import Screen
from darkroom.cli.times import offset_usec, past_usec
from darkroom.client import Client
from darkroom.errors import EXIT_DONE


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """Correct the times of the photos."""
    at: str | None = arguments.at
    offset: str | None = arguments.offset
    at_usec = None if at is None else past_usec(at, now_usec=time.time_ns() // 1000)
    by_usec = None if offset is None else offset_usec(offset)
    photos = chosen_photos(client, arguments.photos)
    count = some_at_a_time(
        photos,
        lambda some: client.set_capture_time(
            some, at_usec=at_usec, offset_usec=by_usec, clear=True if arguments.clear else None
        ),
    )
    outcomes.show_count(screen, count, *outcomes.timed(count, of=len(photos)), json=arguments.json)
    return EXIT_DONE
