"""What stands in the status line, in words."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from darkroomd.core.gate import INHIBITED, PAUSED
from darkroomd.core.status import QueueCounts, QueueStatus

LONGEST_NAME: Final = 80
MINUTE_USEC: Final = 60_000_000
LONG_MINUTES: Final = 100
"""From here on a time left is said in hours."""

_EXPORTED: Final = "darkroom export SESSION develops what is outdated"

ARCHIVING: Final = frozenset(("copy", "verify"))
"""Stages of items that archive their photos."""

_UNDECODED: Final = re.compile("[\ud800-\udfff]")

_REASONS: Final = {
    PAUSED: "the queue is paused",
    INHIBITED: "work is held back",
    "schedule": "outside of the scheduled hours",
    "archive.gone": "the archive's folder is not there",
    "disk.error": "the disk refuses",
    "disk.full": "no space left on the disk",
    "disk.io": "the disk reports errors",
    "disk.not_permitted": "the folder may not be written to",
    "disk.not_responding": "the disk does not answer",
    "disk.read_only": "the disk is read-only",
    "recipe.overlay_changed": "the overlay of a recipe is not the one that was read with the configuration",
    "recipe.overlay_unusable": "the overlay of a recipe cannot be used",
    "session.folder_is_link": "a link stands where the folder of outputs belongs",
    "session.gone": "the session's folder is not there",
    "sidecar.not_written": "settings cannot be written beside the photos",
    "state.unwritable": "the queue cannot be written to the disk",
    "system.out_of_memory": "the system is out of memory",
    "system.too_many_files": "too many files are open",
    "worker.not_started": "the worker process does not start",
}


def readable(path: Path | str) -> str:
    """Return a name as text that any reader can show; bytes that are not UTF-8 become U+FFFD."""
    return _UNDECODED.sub("\ufffd", str(path))


def one_line(name: str) -> str:
    """Return a name fit for the middle of a line: nothing unprintable, and not too long."""
    shown = "".join(character if character.isprintable() else "\ufffd" for character in readable(name))
    return shown if len(shown) <= LONGEST_NAME else f"{shown[: LONGEST_NAME - 1]}…"


def status_line(status: QueueStatus) -> str:
    """Return one plain line that says where everything stands."""
    counts = status.counts
    if status.current_raw is not None:
        stage = f" ({status.stage})" if status.stage else ""
        verb = "Archiving" if status.stage in ARCHIVING else "Developing"
        head = f"{verb} {one_line(status.current_raw.name)}{stage}"
        numbers = _numbers(counts, waiting=counts.queued)
        return _sentence(head, *numbers, *_time_left(status.progress.remaining_usec))
    if status.wait_reasons:
        reasons = " and ".join(_in_words(reason, status) for reason in status.wait_reasons)
        return _sentence(f"Waiting: {reasons}", *_numbers(counts, waiting=counts.queued))
    if counts.queued or counts.running:
        waiting = f"{counts.queued + counts.running} waiting"
        return _sentence(waiting, *_numbers(counts, waiting=0))
    if outdated := counts.aged + counts.pending:
        # Nothing is queued for them: they wait until somebody asks.
        rest = f"everything else is developed; {_EXPORTED}"
        return _sentence(*_numbers(counts, waiting=0), f"{outdated} outdated", rest)
    if counts.failed or counts.canceled:
        return _sentence(*_numbers(counts, waiting=0), "everything else is developed")
    return "Everything is developed." if counts.photos else "Nothing to do yet."


def reason_in_words(reason: str) -> str:
    """Return what a wait reason means, to be read after a colon; one that is not known as it is."""
    return _REASONS.get(reason, reason)


def _in_words(reason: str, status: QueueStatus) -> str:
    """Return why nothing is started, as whoever wants that has put it."""
    said = reason_in_words(reason)
    if reason == PAUSED and status.pause is not None and status.pause.reason:
        return f"{said} ({_quoted(status.pause.reason)})"
    if reason == INHIBITED and status.holders:
        holder = status.holders[0]
        return f"{one_line(holder.who)} holds work back ({_quoted(holder.why)})"
    return said


def _quoted(sentence: str) -> str:
    return one_line(sentence.rstrip(". "))


def _time_left(usec: int | None) -> list[str]:
    if usec is None:
        return []
    minutes = -(-usec // MINUTE_USEC)
    if minutes <= 1:
        return ["less than a minute left"]
    hours = round(minutes / 60)
    return [f"about {minutes} minutes left" if minutes < LONG_MINUTES else f"about {hours} hours left"]


def _numbers(counts: QueueCounts, *, waiting: int) -> list[str]:
    named = ((waiting, "waiting"), (counts.failed, "failed"), (counts.canceled, "canceled"))
    return [f"{number} {name}" for number, name in named if number]


def _sentence(*parts: str) -> str:
    return ", ".join(parts) + "."
