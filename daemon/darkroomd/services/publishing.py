"""The last step of a photo: from a complete part file to an output in its place. All of it blocks."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from darkroomd.core.freshness import FileStat, is_touched
from darkroomd.core.model import Output
from darkroomd.core.recovery import Found, Intent
from darkroomd.files.atomic import publish
from darkroomd.files.fingerprint import sha256_of, stat_of


@dataclass(frozen=True, slots=True)
class Publication:
    """An output in its place; `kept` is where a foreign file was kept that stood there."""

    output: Output
    kept: Path | None


def encode_intents(intents: Sequence[Intent]) -> str:
    """Return the intents of one photo as the store keeps them."""
    return msgspec.json.encode(intents).decode()


def decode_intents(text: str) -> list[Intent]:
    """Return the intents that `encode_intents` wrote; none if another version of the daemon wrote them."""
    try:
        return msgspec.json.decode(text, type=list[Intent])
    except msgspec.MsgspecError:
        return []


def finish_intended(intent: Intent, record: Output | None, *, now_usec: int) -> Output:
    """Bring an output to its place where it is not there yet; raises as `publish_intended` does."""
    final = final_path(intent)
    if _holds(final, intent) and not _holds(_part_path(intent), intent):
        found = stat_of(final)
        if found is not None:
            return intent.as_output(final, mtime_ns=found.mtime_ns, created_at_usec=now_usec)
    return publish_intended(intent, record, now_usec=now_usec).output


def publish_intended(intent: Intent, record: Output | None, *, now_usec: int) -> Publication:
    """Rename the part file into place; a file there that `record` does not know is kept aside first.

    Raises:
        DarkroomError, OSError: see `files.atomic.publish`.
    """
    part, final = _part_path(intent), final_path(intent)
    known = None if record is None or _is_altered(record, final) else _stat_in(record)
    published = publish(part, final, record=known)
    output = intent.as_output(final, mtime_ns=published.stat.mtime_ns, created_at_usec=now_usec)
    return Publication(output, published.kept)


def _stat_in(record: Output) -> FileStat:
    return FileStat(record.size_bytes, record.mtime_ns)


def _is_altered(record: Output, final: Path) -> bool:
    """Tell whether what stands there only looks like what is recorded: somebody set its time back."""
    found = stat_of(final)
    if found is None or found != _stat_in(record) or not is_touched(record, found):
        return False
    return sha256_of(final) != record.sha256


def record_published(intent: Intent, *, now_usec: int) -> Output | None:
    """Return the record of an output that stands in its place already; None if it is gone."""
    final = final_path(intent)
    found = stat_of(final)
    if found is None:
        return None
    return intent.as_output(final, mtime_ns=found.mtime_ns, created_at_usec=now_usec)


def look_for(intents: Sequence[Intent]) -> Found:
    """Return whether all the intents' outputs stand, or can: which files hold the intended bytes."""
    finals = [_holds(final_path(intent), intent) for intent in intents]
    standing = all(finals)
    waiting = (_holds(_part_path(intent), intent) for intent in intents)
    return Found(final=standing, part=all(part or final for part, final in zip(waiting, finals, strict=True)))


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


def _part_path(intent: Intent) -> Path:
    return Path(os.fsdecode(intent.part))
