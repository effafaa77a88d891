"""The last step of a photo: from a complete part file to an output in its place. All of it blocks."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from darkroomd.core.freshness import FileStat
from darkroomd.core.model import Output
from darkroomd.core.recovery import Found, Intent
from darkroomd.files.atomic import publish
from darkroomd.files.fingerprint import sha256_of, stat_of


@dataclass(frozen=True, slots=True)
class Publication:
    """An output in its place; `kept` is where a foreign file was kept that stood there."""

    output: Output
    kept: Path | None


def encode_intent(intent: Intent) -> str:
    """Return the intent as the store keeps it."""
    return msgspec.json.encode(intent).decode()


def decode_intent(text: str) -> Intent | None:
    """Return the intent that `encode_intent` wrote; None if another version of the daemon wrote it."""
    try:
        return msgspec.json.decode(text, type=Intent)
    except msgspec.MsgspecError:
        return None


def publish_intended(intent: Intent, record: Output | None, *, now_usec: int) -> Publication:
    """Rename the part file into place; a file there that `record` does not know is kept aside first.

    Raises:
        DarkroomError, OSError: see `files.atomic.publish`.
    """
    part, final = _paths(intent)
    known = None if record is None else FileStat(record.size_bytes, record.mtime_ns)
    published = publish(part, final, record=known)
    output = intent.as_output(final, mtime_ns=published.stat.mtime_ns, created_at_usec=now_usec)
    return Publication(output, published.kept)


def record_published(intent: Intent, *, now_usec: int) -> Output | None:
    """Return the record of an output that stands in its place already; None if it is gone."""
    _, final = _paths(intent)
    found = stat_of(final)
    if found is None:
        return None
    return intent.as_output(final, mtime_ns=found.mtime_ns, created_at_usec=now_usec)


def look_for(intent: Intent) -> Found:
    """Return which of an intent's files hold the intended bytes."""
    part, final = _paths(intent)
    return Found(final=_holds(final, intent), part=_holds(part, intent))


def _holds(path: Path, intent: Intent) -> bool:
    try:
        found = stat_of(path)
        return (
            found is not None and found.size_bytes == intent.size_bytes and sha256_of(path) == intent.sha256
        )
    except OSError:
        # What cannot be read proves nothing: the photo is developed again.
        return False


def final_path(intent: Intent) -> Path:
    """Return where the output belongs."""
    return Path(os.fsdecode(intent.final))


def _paths(intent: Intent) -> tuple[Path, Path]:
    return Path(os.fsdecode(intent.part)), final_path(intent)
