"""Jobs that a person asks for: what the arguments say of them, and what the daemon writes down about them."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Iterator
from typing import Final

from darkroom.cli import words
from darkroom.cli.text import sendable
from darkroom.client import Client
from darkroom.errors import (
    EXIT_USAGE,
    ConnectionLost,
    DaemonUnreachable,
    DarkroomError,
    NoSuchPhoto,
    Stopping,
)
from darkroom.protocol.types import Item, ItemState, JobOptions, LogLine, Priority

_ID_BYTES: Final = 12


class NoArchiveKnown(DarkroomError):
    """Neither the command line nor the configuration of the daemon says where the archive is."""

    code = "NoArchiveKnown"
    exit_status = EXIT_USAGE

    def __init__(self) -> None:
        super().__init__("Say with --to FOLDER where the archive is, or set destination in [archive].")


def job_options(arguments: argparse.Namespace, *, correlation_id: str | None = None) -> JobOptions:
    """Return what the arguments say about the job they ask for."""
    return JobOptions(
        priority=None if arguments.priority is None else Priority(arguments.priority),
        paused=arguments.paused or None,
        label=sendable(arguments.label),
        idempotency_key=sendable(arguments.key),
        correlation_id=correlation_id,
    )


def new_correlation_id() -> str:
    """Return an id that nothing was written about yet: what is written under it is about this request."""
    return os.urandom(_ID_BYTES).hex()


def planned(client: Client, correlation_id: str, event: str) -> Iterator[LogLine]:
    """Yield what was written about a plan, such as `export_planned`, in its order."""
    return (line for line in client.list_log_lines(correlation_id=correlation_id) if line.event == event)


def failed_items(client: Client, job_id: int) -> list[tuple[str, Item]]:
    """Return the items of a job that failed, each with the name of its photo."""
    return named_items(client, client.list_items(job_id, states=[ItemState.FAILED]))


def named_items(client: Client, items: Iterable[Item]) -> list[tuple[str, Item]]:
    """Return items, each with the name of its photo."""
    return [(photo_name(client, item), item) for item in items]


def photo_name(client: Client, item: Item) -> str:
    """Return the file name of an item's photo; one that was forgotten is called by its id."""
    return f"item {item.id}" if item.photo_id is None else name_of_photo(client, item.photo_id)


def name_of_photo(client: Client, photo_id: str) -> str:
    """Return the file name of a photo; one that is forgotten, or cannot be asked for, is called by its id."""
    try:
        return words.name_of(client.get_photo(photo_id).original)
    except (ConnectionLost, DaemonUnreachable, NoSuchPhoto, Stopping):
        return f"photo {photo_id}"
