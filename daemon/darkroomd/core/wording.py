"""What stands in the status line, in words."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from darkroomd.core.model import QueueStatus

LONGEST_NAME: Final = 80

_UNDECODED: Final = re.compile("[\ud800-\udfff]")

_REASONS: Final = {
    "queue.paused": "the queue is paused",
    "inhibited": "work is held back",
    "schedule": "outside of the scheduled hours",
    "disk.full": "no space left on the disk",
    "disk.io": "the disk reports errors",
    "disk.not_permitted": "the folder may not be written to",
    "disk.read_only": "the disk is read-only",
    "session.gone": "the session's folder is not there",
    "state.unwritable": "the queue cannot be written to the disk",
    "worker.not_started": "the worker process does not start",
}


def readable(path: Path | str) -> str:
    """Return a name as text that any reader can show; bytes that are not UTF-8 become U+FFFD."""
    return _UNDECODED.sub("\ufffd", str(path))


def one_line(name: str) -> str:
    """Return a name fit for the middle of a line: nothing unprintable, and not too long."""
    shown = "".join(character if character.isprintable() else "\ufffd" for character in readable(name))
    return shown if len(shown) <= LONGEST_NAME else f"{shown[: LONGEST_NAME - 1]}…"


def status_line(status: QueueStatus, *, any_photos: bool) -> str:
    """Return one plain line that says where everything stands."""
    counts = status.counts
    if status.current_raw is not None:
        stage = f" ({status.stage})" if status.stage else ""
        head = f"Developing {one_line(status.current_raw.name)}{stage}"
        return _sentence(head, *_numbers(waiting=counts.queued, failed=counts.failed))
    if status.wait_reasons:
        reasons = " and ".join(_REASONS.get(reason, reason) for reason in status.wait_reasons)
        return _sentence(f"Waiting: {reasons}", *_numbers(waiting=counts.queued, failed=counts.failed))
    if counts.queued or counts.running:
        waiting = f"{counts.queued + counts.running} waiting"
        return _sentence(waiting, *_numbers(waiting=0, failed=counts.failed))
    if counts.failed:
        return f"{counts.failed} failed, everything else is developed."
    return "Everything is developed." if any_photos else "Nothing to do yet."


def _numbers(*, waiting: int, failed: int) -> list[str]:
    named = ((waiting, "waiting"), (failed, "failed"))
    return [f"{number} {name}" for number, name in named if number]


def _sentence(*parts: str) -> str:
    return ", ".join(parts) + "."
