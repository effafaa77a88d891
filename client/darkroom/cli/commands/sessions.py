"""`darkroom sessions`: the sessions and how far each is."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import Final

import msgspec

from darkroom.cli import words
from darkroom.cli.tables import Cell, Column, Paint, Tone, facts, table, unpainted
from darkroom.cli.terminal import Screen
from darkroom.client import Client
from darkroom.errors import EXIT_DONE
from darkroom.protocol.types import Session

NO_SESSIONS: Final = (
    "No sessions yet: `darkroom session add FOLDER` adds one, `darkroom root add FOLDER` a folder of them."
)
"""What to tell where nothing is watched, or nothing that is a session."""

_COLUMNS = (
    Column("SESSION", elastic=True),
    Column("PHOTOS", right=True),
    Column("DEVELOPED", right=True),
    Column("PENDING", right=True),
    Column("FAILED", right=True),
    Column("WATCHED BY"),
    Column("FOLDER"),
)


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """List all sessions."""
    sessions = client.list_sessions()
    if arguments.json:
        screen.show_json(map(msgspec.json.encode, sessions))
    else:
        lines = session_table(sessions, width=screen.width, paint=screen.paint)
        screen.show(lines or [NO_SESSIONS])
    return EXIT_DONE


def session_table(sessions: Iterable[Session], *, width: int | None, paint: Paint = unpainted) -> list[str]:
    """Return a line per session under a heading; no sessions, no lines."""
    rows = [
        (
            Cell(session.name, Tone.STRONG),
            Cell(str(session.photo_count)),
            Cell(str(session.developed_count), Tone.GOOD if session.developed_count else Tone.PLAIN),
            Cell(str(session.pending_count), Tone.BUSY if session.pending_count else Tone.PLAIN),
            Cell(str(session.failed_count), Tone.BAD if session.failed_count else Tone.PLAIN),
            Cell(session.watch_mode, Tone.BAD if session.watch_mode == "unavailable" else Tone.FAINT),
            Cell(words.path_of(session.folder), Tone.FAINT),
        )
        for session in sessions
    ]
    return table(_COLUMNS, rows, width=width, paint=paint)


def session_facts(session: Session, *, paint: Paint = unpainted) -> list[str]:
    """Return all about one session, a line per fact."""
    return facts(
        [
            ("session", Cell(session.name, Tone.STRONG)),
            ("id", Cell(session.id)),
            ("folder", Cell(words.path_of(session.folder))),
            ("watched by", Cell(session.watch_mode if session.watched else "nobody")),
            ("preset", Cell(session.preset_id or "as configured")),
            ("photos", Cell(str(session.photo_count))),
            ("developed", Cell(str(session.developed_count))),
            ("pending", Cell(str(session.pending_count))),
            ("failed", Cell(str(session.failed_count), Tone.BAD if session.failed_count else Tone.PLAIN)),
            ("discarded", Cell(str(session.discarded_count))),
            ("created", Cell(words.moment(session.created_at_usec))),
            ("changed", Cell(words.moment(session.changed_at_usec))),
        ],
        paint=paint,
    )
