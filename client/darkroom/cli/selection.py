"""Photos that a command is about: found by what a person calls them, and changed a few at a time."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Final

from darkroom.cli import outcomes
from darkroom.cli.naming import photos_named
from darkroom.cli.terminal import Screen
from darkroom.client import Client
from darkroom.errors import EXIT_DONE

PHOTOS_AT_ONCE: Final = 200
"""In one call, so that none takes longer than the client waits."""


def chosen_photos(client: Client, words: Sequence[str]) -> list[str]:
    """Return the ids of the photos, once each; nothing is changed before all are found.

    Raises:
        NothingNamed, AmbiguousName: see `photos_named`.
    """
    return list(dict.fromkeys(photo.id for photo in photos_named(client, words)))


def some_at_a_time(photos: Sequence[str], change: Callable[[Sequence[str]], int]) -> int:
    """Change the photos and return how many changed in all."""
    return sum(
        change(photos[start : start + PHOTOS_AT_ONCE]) for start in range(0, len(photos), PHOTOS_AT_ONCE)
    )


def set_discarded(client: Client, arguments: argparse.Namespace, screen: Screen, *, discarded: bool) -> int:
    """Discard or restore the photos, and tell how many changed."""
    photos = chosen_photos(client, arguments.photos)
    count = some_at_a_time(photos, lambda some: client.set_discarded(some, discarded=discarded))
    told = outcomes.culled(count, of=len(photos), discarded=discarded)
    outcomes.show_count(screen, count, *told, json=arguments.json)
    return EXIT_DONE
