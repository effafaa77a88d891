"""`darkroom status`: what is being developed, what waits and why, and the sessions."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Final

import msgspec

from darkroom.cli import words
from darkroom.cli.commands.sessions import NO_SESSIONS, session_table
from darkroom.cli.tables import Cell, Paint, Tone, facts, unpainted
from darkroom.cli.terminal import Screen
from darkroom.cli.text import printable
from darkroom.client import Client
from darkroom.errors import EXIT_DONE, NoSuchJob
from darkroom.protocol.types import InhibitMode, Inhibitor, Item, ItemState, Session, Summary

_OF_ARCHIVES: Final = frozenset({"copy", "verify"})
"""Stages of items that are not developed but archived."""


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """Show the daemon's summary, the running item and the sessions."""
    summary = client.get_summary()
    if arguments.json:
        screen.show_json([msgspec.json.encode(summary)])
        return EXIT_DONE
    running = running_item(client, summary)
    sessions = list(client.list_sessions())
    screen.show(status(summary, running, sessions, width=screen.width, paint=screen.paint))
    return EXIT_DONE


def running_item(client: Client, summary: Summary) -> Item | None:
    """Return the item that is worked on, if there is one."""
    if summary.current_job_id is None:
        return None
    try:
        items = client.list_items(summary.current_job_id, states=[ItemState.RUNNING])
        return next(iter(items), None)
    except NoSuchJob:
        # It ended and was cleared between the two questions.
        return None


def status(
    summary: Summary,
    running: Item | None,
    sessions: Sequence[Session],
    *,
    width: int | None,
    paint: Paint = unpainted,
) -> list[str]:
    """Return the lines of `darkroom status`."""
    lines = head(summary, running, progress=_progress(summary), paint=paint)
    table = session_table(sessions, width=width, paint=paint)
    return [*lines, "", *(table or [NO_SESSIONS])]


def head(summary: Summary, running: Item | None, *, progress: str, paint: Paint = unpainted) -> list[str]:
    """Return where the queue stands in one sentence, and then a line per fact."""
    queue = summary.queue
    told = [
        ("queue", Cell(f"{queue.queued_items} waiting, {queue.running_items} running")),
        ("failed", Cell(_failed(queue.failed_items), Tone.BAD)),
        (_doing(running), Cell(_current(summary, running), Tone.BUSY)),
        ("progress", Cell(progress)),
        ("paused", Cell(_paused(summary), Tone.STRONG)),
        ("waits", Cell(words.reasons(queue.wait_reasons), Tone.STRONG)),
        *(("held back", Cell(_inhibitor(each), Tone.STRONG)) for each in summary.inhibitors),
    ]
    return [paint(printable(summary.text), Tone.STRONG), *facts(told, paint=paint)]


def _failed(count: int) -> str:
    return f"{count}, see: darkroom photos --all --state failed" if count else ""


def _doing(running: Item | None) -> str:
    return "archiving" if running is not None and running.stage in _OF_ARCHIVES else "developing"


def _current(summary: Summary, running: Item | None) -> str:
    if summary.current_photo is None:
        return ""
    stage = f" ({running.stage})" if running is not None and running.stage else ""
    return f"{words.path_of(summary.current_photo)}{stage}"


def _progress(summary: Summary) -> str:
    return words.progress(summary.progress) if summary.progress.total else ""


def _paused(summary: Summary) -> str:
    return (words.pause(summary.queue) or "by request") if summary.queue.paused else ""


def _inhibitor(inhibitor: Inhibitor) -> str:
    process = "" if inhibitor.pid is None else f", process {inhibitor.pid}"
    reach = "" if inhibitor.mode == InhibitMode.START else " (the running photo too)"
    since = words.moment(inhibitor.since_usec)
    return f"by {inhibitor.who}{process}, since {since}{reach}: {inhibitor.why}"
