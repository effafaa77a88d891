"""`darkroom doctor`: whether the daemon is well, and if nobody answers, why that may be."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterable
from typing import Final

import msgspec

from darkroom.cli import words
from darkroom.cli.tables import Cell, Column, Paint, Tone, facts, table, unpainted
from darkroom.cli.terminal import Screen
from darkroom.client import Client
from darkroom.errors import EXIT_DONE, EXIT_FAILED, ConnectionLost, DaemonUnreachable, SocketForbidden
from darkroom.protocol.replies import HealthReply
from darkroom.protocol.severity import Severity, severity_of, without_mark
from darkroom.protocol.types import Check

_COLUMNS: Final = (Column("CHECK"), Column(""), Column("RESULT"))
_LABELS: Final = {
    Severity.BAD: ("BAD", Tone.BAD),
    Severity.WARNING: ("warning", Tone.WARN),
    Severity.OK: ("ok", Tone.GOOD),
}
"""In the order in which they are shown."""


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """Show what the daemon says of itself; status 1 where something is bad, 3 or 4 where nobody answers.

    Raises:
        DarkroomError: nobody answers; what can be seen from here has been shown.
    """
    try:
        health = client.get_health()
    except (DaemonUnreachable, SocketForbidden, ConnectionLost):
        _look_around(client.path, screen, json=arguments.json)
        raise
    if arguments.json:
        screen.show_json([msgspec.json.encode(health)])
    else:
        now_usec = time.time_ns() // 1000
        lines = report(health, socket=client.path, now_usec=now_usec, width=screen.width, paint=screen.paint)
        screen.show(lines)
    return exit_status(health, strict=arguments.strict)


def exit_status(health: HealthReply, *, strict: bool) -> int:
    """Return 1 where something is bad, and where `strict` also if something is worth a look; else 0."""
    worst = {Severity.BAD, Severity.WARNING} if strict else {Severity.BAD}
    is_well = health.ok and worst.isdisjoint(map(_severity, health.checks))
    return EXIT_DONE if is_well else EXIT_FAILED


def report(
    health: HealthReply, *, socket: str, now_usec: int, width: int | None, paint: Paint = unpainted
) -> list[str]:
    """Return who the daemon is, then a line per check, the worst first."""
    who = facts(
        [
            ("daemon", _verdict(health)),
            ("version", Cell(health.version)),
            ("process", Cell(str(health.pid))),
            ("started", Cell(words.moment_and_age(health.started_at_usec, now_usec=now_usec))),
            ("socket", Cell(socket)),
        ],
        paint=paint,
    )
    return [*who, "", *lines_of(health.checks, width=width, paint=paint)]


def lines_of(checks: Iterable[Check], *, width: int | None, paint: Paint = unpainted) -> list[str]:
    """Return a line per check, the worst first."""
    order = list(_LABELS)
    rows: list[tuple[Cell, ...]] = []
    for check in sorted(checks, key=lambda check: order.index(_severity(check))):
        label, tone = _LABELS[_severity(check)]
        plain = tone if tone is Tone.BAD else Tone.PLAIN
        rows.append(
            (Cell(check.name, Tone.STRONG), Cell(label, tone), Cell(without_mark(check.message), plain))
        )
    return table(_COLUMNS, rows, width=width, paint=paint)


def _severity(check: Check) -> Severity:
    return severity_of(ok=check.ok, message=check.message)


def _verdict(health: HealthReply) -> Cell:
    if not health.ok:
        return Cell("something is wrong", Tone.BAD)
    warnings = sum(_severity(check) is Severity.WARNING for check in health.checks)
    if warnings:
        return Cell(f"well, with {warnings} {'warning' if warnings == 1 else 'warnings'}", Tone.WARN)
    return Cell("all is well", Tone.GOOD)


def _look_around(path: str, screen: Screen, *, json: bool) -> None:
    from darkroom.cli import inquest  # noqa: PLC0415 - only where nobody answers
    from darkroom.cli.absence import Unreached, explained  # noqa: PLC0415 - see above

    checks = explained(
        inquest.look_at_socket(path), inquest.look_at_locks(path, os.environ), inquest.look_at_services()
    )
    if json:
        screen.show_json([msgspec.json.encode(Unreached(ok=False, checks=checks))])
    else:
        screen.show(lines_of(checks, width=screen.width, paint=screen.paint))
