"""All that goes on, on one page: what the daemon says and the size of a window in, lines out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final, NamedTuple

from darkroom.cli.commands.jobs import job_table
from darkroom.cli.commands.sessions import session_table
from darkroom.cli.commands.status import head
from darkroom.cli.tables import Paint, Tone, unpainted
from darkroom.protocol.types import Item, Job, Session, Summary

_FEWEST: Final = 3
"""Rows that a table gets on the smallest terminal."""


class View(NamedTuple):
    """What the daemon said at one moment.

    Attributes:
        summary: of the queue.
        running: the item that is worked on.
        sessions: all of them.
        waiting: the jobs that run next, in this order.
    """

    summary: Summary
    running: Item | None
    sessions: Sequence[Session]
    waiting: Sequence[Job]


def page(
    view: View, *, progress: str, told: Sequence[str], size: os.terminal_size, paint: Paint = unpainted
) -> list[str]:
    """Return at most as many lines as the window has.

    Args:
        view: what is shown: where the work stands, the liveliest sessions, the next jobs.
        progress: how far the work is.
        told: what has happened, a line each, the newest first; it fills what is left of the page.
        size: of the window.
        paint: how a tone looks.
    """
    share = max(_FEWEST, size.lines // 4)
    names = {session.id: session.name for session in view.sessions}
    sessions = sorted(view.sessions, key=lambda each: (-each.pending_count, -each.changed_at_usec))
    blocks = [
        [*head(view.summary, view.running, progress=progress, paint=paint)],
        session_table(sessions[:share], width=size.columns, paint=paint),
        job_table(view.waiting[:share], sessions=names, width=size.columns, paint=paint),
    ]
    lines = [line for block in blocks if block for line in (*block, "")]
    room = size.lines - len(lines) - 1
    if told and room > 0:
        lines += [paint("RECENTLY", Tone.FAINT), *told[:room]]
    return lines[: size.lines]
