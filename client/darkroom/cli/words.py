"""How times, sizes, states and reasons read to a person."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Final

from darkroom.cli.tables import Tone
from darkroom.protocol.types import Failure, File, Progress, Queue

_USEC_PER_SECOND: Final = 1_000_000
_SECONDS_PER_MINUTE: Final = 60
_SECONDS_PER_HOUR: Final = 3600
_HOURS_PER_DAY: Final = 24
_BYTES_PER_STEP: Final = 1000

_TONES: Final = {
    "arriving": Tone.BUSY,
    "waiting": Tone.PLAIN,
    "developing": Tone.BUSY,
    "developed": Tone.GOOD,
    "outdated": Tone.STRONG,
    "missing": Tone.STRONG,
    "queued": Tone.PLAIN,
    "running": Tone.BUSY,
    "canceling": Tone.BUSY,
    "paused": Tone.STRONG,
    "completed": Tone.GOOD,
    "skipped": Tone.FAINT,
    "canceled": Tone.FAINT,
    "failed": Tone.BAD,
}

_REASONS: Final = {
    "queue.paused": "the queue is paused",
    "job.paused": "the job is paused",
    "inhibited": "a program holds work back",
    "schedule": "outside of the hours set for work",
    "archive.gone": "the archive's folder is not there",
    "disk.error": "the disk refuses",
    "disk.full": "no space left on the disk",
    "disk.io": "the disk fails",
    "disk.not_permitted": "a folder may not be written to",
    "disk.not_responding": "the disk does not answer",
    "disk.read_only": "the disk is read-only",
    "recipe.overlay_changed": "the overlay of a recipe is not the one that was read with the configuration",
    "recipe.overlay_unusable": "the overlay of a recipe cannot be used",
    "session.folder_is_link": "a link stands where the folder of outputs belongs",
    "session.gone": "the session's folder is gone",
    "sidecar.not_written": "settings cannot be written beside the photos",
    "state.unwritable": "the queue cannot be written to the disk",
    "system.out_of_memory": "the system is out of memory",
    "system.too_many_files": "too many files are open",
    "worker.not_started": "the process that develops cannot be started",
    "superseded": "a newer job took over",
    "canceled_by_client": "canceled by a client",
    "too_many_failures": "stopped after too many failures",
}


def tone_of(state: str) -> Tone:
    """Return what a state of a photo, job or item means; one that is new means nothing special."""
    return _TONES.get(state, Tone.PLAIN)


def clock(at_usec: int) -> str:
    """Return the local time of day, such as `14:03:11`."""
    return _local(at_usec, "%H:%M:%S")


def moment(at_usec: int | None) -> str:
    """Return the local date and time, such as `2024-05-04 14:03:11`; empty for None."""
    return "" if at_usec is None else _local(at_usec, "%Y-%m-%d %H:%M:%S")


def age(at_usec: int, *, now_usec: int) -> str:
    """Return how long ago something was, such as `4 min ago`; `just now` within a second, or to come."""
    passed = now_usec - at_usec
    if passed < _USEC_PER_SECOND:
        return "just now"
    days = passed // (_HOURS_PER_DAY * _SECONDS_PER_HOUR * _USEC_PER_SECOND)
    return f"{days} days ago" if days > 1 else f"{duration(passed)} ago"


def moment_and_age(at_usec: int | None, *, now_usec: int) -> str:
    """Return the local date and time and how long ago that was; empty for None."""
    return "" if at_usec is None else f"{moment(at_usec)}, {age(at_usec, now_usec=now_usec)}"


def _local(at_usec: int, form: str) -> str:
    return time.strftime(form, time.localtime(at_usec // _USEC_PER_SECOND))


def duration(usec: int) -> str:
    """Return a duration in its largest fitting unit: `350 ms`, `12 s`, `4 min`, `2.5 h`."""
    seconds = usec / _USEC_PER_SECOND
    if seconds < 1:
        return f"{usec // 1000} ms"
    if seconds < _SECONDS_PER_MINUTE:
        return f"{seconds:.0f} s"
    if seconds < _SECONDS_PER_HOUR:
        return f"{seconds / _SECONDS_PER_MINUTE:.0f} min"
    return f"{seconds / _SECONDS_PER_HOUR:.1f} h"


def size(amount: int) -> str:
    """Return a number of bytes in decimal units: `831 B`, `31.2 MB`."""
    value = float(amount)
    for unit in ("B", "kB", "MB", "GB"):
        if value < _BYTES_PER_STEP:
            return f"{amount} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= _BYTES_PER_STEP
    return f"{value:.1f} TB"


def path_of(file: File | None) -> str:
    """Return a file's readable path, or its URI where it has none."""
    return "" if file is None else file.path or file.uri or ""


def name_of(file: File | None) -> str:
    """Return the last part of a file's path."""
    return path_of(file).rstrip("/").rpartition("/")[2]


def reasons(codes: Iterable[str]) -> str:
    """Return wait reasons in words; one that is new is shown as it is."""
    return "; ".join(_REASONS.get(code, code) for code in codes)


def progress(done: Progress, *, pace: str = "") -> str:
    """Return how far something is, such as `3 of 10, 30 %, 12 a minute, about 2 min left`."""
    ended = done.completed + done.skipped + done.failed + done.canceled
    left = "" if done.remaining_usec is None else time_left(done.remaining_usec)
    return ", ".join(filter(None, (f"{ended} of {done.total}, {done.percent} %", pace, left)))


def time_left(usec: int) -> str:
    """Return the time that something still takes, such as `about 2 min left`."""
    return f"about {duration(usec)} left" if usec >= _USEC_PER_SECOND else "less than 1 s left"


def pause(queue: Queue) -> str:
    """Return why the queue is paused, and until when, as far as that is known."""
    until = moment(queue.paused_until_usec)
    return ", ".join(filter(None, (queue.paused_reason, until and f"until {until}")))


def failure_of(failure: Failure | None) -> str:
    """Return code and sentence of a failure, such as `raw.truncated: The file ends early.`."""
    return "" if failure is None else f"{failure.code}: {failure.message}"
