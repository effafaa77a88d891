"""`darkroom show`: all about one session, photo or job."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import msgspec

from darkroom.cli import words
from darkroom.cli.commands.jobs import item_table, job_facts
from darkroom.cli.commands.photos import photo_facts
from darkroom.cli.commands.sessions import session_facts
from darkroom.cli.naming import anything_named
from darkroom.cli.orders import photo_name
from darkroom.cli.terminal import Screen
from darkroom.client import Client
from darkroom.errors import EXIT_DONE, NoSuchSession
from darkroom.protocol.types import Item, Job, Photo, Session


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """Show what the given word names; a job with its items."""
    found = anything_named(client, arguments.what)
    if arguments.json:
        screen.show_json([msgspec.json.encode(found)])
    else:
        screen.show(_lines(client, found, screen))
    return EXIT_DONE


def _lines(client: Client, found: Session | Photo | Job, screen: Screen) -> list[str]:
    match found:
        case Session():
            return session_facts(found, paint=screen.paint)
        case Photo():
            return photo_facts(found, paint=screen.paint)
        case Job():
            several = list(client.list_items(found.id))
            items = item_table(
                several,
                photos=_names(client, found, several),
                width=screen.width,
                paint=screen.paint,
            )
            return [*job_facts(found, paint=screen.paint), *([""] if items else []), *items]


def _names(client: Client, job: Job, items: Sequence[Item]) -> dict[str, str]:
    """Return the names of the photos a job may be about, by id."""
    if job.session_id is None:
        # An archive of several sessions: its photos are asked for one by one.
        return {item.photo_id: photo_name(client, item) for item in items if item.photo_id is not None}
    try:
        return {photo.id: words.name_of(photo.original) for photo in client.list_photos(job.session_id)}
    except NoSuchSession:
        # The job outlived its session: its items are shown by their photos' ids.
        return {}
