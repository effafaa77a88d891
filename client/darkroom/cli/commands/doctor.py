"""`darkroom doctor`: whether the daemon is well."""

from __future__ import annotations

import argparse
import time

import msgspec

from darkroom.cli import words
from darkroom.cli.tables import Cell, Column, Paint, Tone, facts, table, unpainted
from darkroom.cli.terminal import Screen
from darkroom.client import Client
from darkroom.errors import EXIT_DONE, EXIT_FAILED
from darkroom.protocol.replies import HealthReply

_COLUMNS = (Column("CHECK"), Column(""), Column("RESULT"))


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """Show what the daemon says of itself; status 1 where something is wrong."""
    health = client.get_health()
    if arguments.json:
        screen.show_json([msgspec.json.encode(health)])
    else:
        now_usec = time.time_ns() // 1000
        lines = report(health, socket=client.path, now_usec=now_usec, width=screen.width, paint=screen.paint)
        screen.show(lines)
    return EXIT_DONE if health.ok else EXIT_FAILED


def report(
    health: HealthReply, *, socket: str, now_usec: int, width: int | None, paint: Paint = unpainted
) -> list[str]:
    """Return who the daemon is, then a line per check."""
    verdict = Cell("all is well", Tone.GOOD) if health.ok else Cell("something is wrong", Tone.BAD)
    who = facts(
        [
            ("daemon", verdict),
            ("version", Cell(health.version)),
            ("process", Cell(str(health.pid))),
            ("started", Cell(words.moment_and_age(health.started_at_usec, now_usec=now_usec))),
            ("socket", Cell(socket)),
        ],
        paint=paint,
    )
    rows = [
        (
            Cell(check.name, Tone.STRONG),
            Cell("ok", Tone.GOOD) if check.ok else Cell("WRONG", Tone.BAD),
            Cell(check.message, Tone.PLAIN if check.ok else Tone.BAD),
        )
        for check in health.checks
    ]
    return [*who, "", *table(_COLUMNS, rows, width=width, paint=paint)]
