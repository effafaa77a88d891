"""`darkroom stats`: how much was developed, and how fast."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from typing import Final

import msgspec

from darkroom.cli import words
from darkroom.cli.tables import Cell, Column, Paint, Tone, table, unpainted
from darkroom.cli.terminal import Screen
from darkroom.cli.text import printable
from darkroom.cli.times import past_usec
from darkroom.client import Client
from darkroom.errors import EXIT_DONE
from darkroom.protocol.types import Statistic

_TO_THE_MINUTE: Final = len("2024-05-04T14:03")
"""Of the daemon's local time, the zone left out."""


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """Show a line per interval, preset, camera or session; or the figures for monitoring."""
    if arguments.openmetrics:
        return _show_figures(client, arguments, screen)
    now_usec = time.time_ns() // 1000
    since: str | None = arguments.since
    until: str | None = arguments.until
    statistics = client.get_statistics(
        from_usec=None if since is None else past_usec(since, now_usec=now_usec),
        until_usec=None if until is None else past_usec(until, now_usec=now_usec),
        group_by=arguments.by,
    )
    if arguments.json:
        screen.show_json(map(msgspec.json.encode, statistics))
        return EXIT_DONE
    lines = statistics_table(statistics, by=arguments.by, width=screen.width, paint=screen.paint)
    screen.show(lines or ["Nothing was developed in that time."])
    return EXIT_DONE


def _show_figures(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """Print the figures as they are, a line each, or within an object."""
    text = client.get_metrics()
    if arguments.json:
        screen.show_json([msgspec.json.encode({"text": text})])
    else:
        screen.show(map(printable, text.splitlines()))
    return EXIT_DONE


def statistics_table(
    statistics: Iterable[Statistic], *, by: str, width: int | None, paint: Paint = unpainted
) -> list[str]:
    """Return a line per interval or name under a heading; MEDIAN and P95 are from arrival to JPEG."""
    columns = (
        Column(by.upper(), elastic=True),
        Column("PHOTOS", right=True),
        Column("FAILED", right=True),
        Column("READ", right=True),
        Column("WRITTEN", right=True),
        Column("BUSY", right=True),
        Column("MEDIAN", right=True),
        Column("P95", right=True),
    )
    rows = [
        (
            Cell(_named(each.key, by=by), Tone.STRONG),
            Cell(str(each.photos)),
            Cell(str(each.failed), Tone.BAD if each.failed else Tone.PLAIN),
            Cell(words.size(each.bytes_read)),
            Cell(words.size(each.bytes_written)),
            Cell(words.duration(each.busy_usec)),
            Cell(_waited(each.median_usec)),
            Cell(_waited(each.p95_usec)),
        )
        for each in statistics
    ]
    return table(columns, rows, width=width, paint=paint)


def _named(key: str, *, by: str) -> str:
    """Return what a line is about; hours as all other times are shown."""
    if by == "hour":
        return key[:_TO_THE_MINUTE].replace("T", " ")
    return key or "unknown"


def _waited(usec: int) -> str:
    """Return how long photos took; nothing where none was developed."""
    return words.duration(usec) if usec else ""
