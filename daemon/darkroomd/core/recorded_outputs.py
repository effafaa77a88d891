"""Photos as `boothy.session.json` records them: enough to rebuild a lost database."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from darkroom.protocol.types import Failure
from darkroomd.core.culling import BY_USER
from darkroomd.core.json_values import Json, JsonObject, as_list, as_object, as_text, as_whole, either
from darkroomd.core.model import (
    NO_PAST,
    Arrival,
    CorrelationId,
    Fingerprint,
    Inputs,
    Output,
    Past,
    PhotoId,
)
from darkroomd.core.naming import output_id
from darkroomd.core.session_document import name_of, preset_of
from darkroomd.core.wall_clock import LONGEST_ZONE_MINUTES

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST_SIZE: Final = 2**63 - 1
_UNKNOWN_DEVICE: Final = 0
_ROUNDED_NS: Final = 1000
_MOST_ATTEMPTS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class RecordedOutput:
    """An output by the word of the session document; `file` is relative to the session's folder."""

    recipe: str
    file: PurePosixPath
    size_bytes: int
    mtime_ns: int
    sha256: str
    media_type: str
    created_at_usec: int
    raw_size_bytes: int
    raw_mtime_ns: int
    raw_sha256: str
    look: str
    recipe_digest: str
    pipeline: str

    def as_output(self, photo: PhotoId, *, folder: Path) -> Output:
        """Return the record of a photo in the session `folder`.

        Its fingerprint has no device and inode, so that only the content can prove it to be up to date.
        """
        raw = Fingerprint(
            device=_UNKNOWN_DEVICE,
            inode=0,
            size_bytes=self.raw_size_bytes,
            mtime_ns=self.raw_mtime_ns,
            ctime_ns=0,
        )
        return Output(
            id=output_id(photo, self.recipe),
            photo_id=photo,
            recipe=self.recipe,
            path=folder / self.file,
            media_type=self.media_type,
            size_bytes=self.size_bytes,
            mtime_ns=self.mtime_ns,
            sha256=self.sha256,
            inputs=Inputs(raw, self.raw_sha256, self.look, self.recipe_digest, self.pipeline),
            created_at_usec=self.created_at_usec,
        )


@dataclass(frozen=True, slots=True)
class RecordedPhoto:
    """What the session document knows of a photo; see `Photo` for the attributes that are not said here.

    Attributes:
        past: what a person or the camera said of it, and how often it was tried.
        failure: what it had failed with for good.
    """

    correlation_id: CorrelationId | None
    outputs: tuple[RecordedOutput, ...]
    past: Past = NO_PAST
    failure: Failure | None = None
    raw_size_bytes: int | None = None
    raw_mtime_ns: int | None = None
    preset_id: str | None = None
    arrived_at_usec: int | None = None
    warnings: tuple[str, ...] = ()

    def is_of(self, raw: Fingerprint) -> bool:
        """Whether it is about a RAW file as it is now, by its size and time."""
        if self.raw_size_bytes is None or self.raw_mtime_ns is None:
            return False
        # Programs that know no integers of 64 bits round the time when they write the document again.
        near = abs(self.raw_mtime_ns - raw.mtime_ns) <= _ROUNDED_NS
        return near and self.raw_size_bytes == raw.size_bytes

    def continued(self, arrival: Arrival) -> Arrival:
        """Return an arrival that goes on where this photo, which has the same content, had come to."""
        return replace(
            arrival,
            past=self.past,
            correlation_id=self.correlation_id or arrival.correlation_id,
            arrived_at_usec=self.arrived_at_usec or arrival.arrived_at_usec,
            warnings=tuple(dict.fromkeys((*arrival.warnings, *self.warnings))),
        )


@dataclass(frozen=True, slots=True)
class RecordedSession:
    """What the document knows: photos by file name, and the preset chosen for the session."""

    photos: Mapping[str, RecordedPhoto] = field(default_factory=dict[str, RecordedPhoto])
    preset_id: str | None = None


def remember(recorded: RecordedPhoto | None, arrival: Arrival) -> tuple[Arrival, Failure | None]:
    """Return a photo that is new to the queue with its past, and with the failure that it ended in.

    Attempts and the failure count if they were made on the RAW file as it is now, by its size and time, and
    not for an output that was lost since. What a person said of the photo holds for any file of its name.
    """
    if recorded is None:
        return arrival, None
    if not recorded.is_of(arrival.fingerprint):
        past = replace(NO_PAST, **_said_by_people(recorded.past))
        return replace(arrival, past=past), None
    known = recorded.continued(arrival)
    if recorded.outputs and recorded.failure is None:
        return replace(known, past=replace(known.past, attempts=0, last_attempt_at_usec=None)), None
    return known, recorded.failure


def read_session(document: Mapping[str, Json]) -> RecordedSession:
    """Return what the document tells of the session and its photos."""
    return RecordedSession(read_photos(document), preset_of(document))


def read_photos(document: Mapping[str, Json]) -> dict[str, RecordedPhoto]:
    """Return the photos that the document tells of, by file name; what is not complete is passed over."""
    found: dict[str, RecordedPhoto] = {}
    for entry in as_list(document.get("photos")) or []:
        name, fields = name_of(entry), as_object(entry) or {}
        if name is not None and name not in found:
            found[name] = _photo(fields)
    return found


def _photo(fields: JsonObject) -> RecordedPhoto:
    records = (_read(as_object(value) or {}) for value in as_list(fields.get("outputs")) or [])
    correlation_id = as_text(either(fields, "correlationId", "correlation_id"))
    return RecordedPhoto(
        CorrelationId(correlation_id) if correlation_id else None,
        tuple(record for record in records if record is not None),
        past=_past(fields),
        failure=_failure(fields),
        raw_size_bytes=as_whole(either(fields, "rawSizeBytes", "raw_size_bytes")),
        raw_mtime_ns=as_whole(either(fields, "rawMtimeNs", "raw_mtime_ns")),
        preset_id=as_text(either(fields, "presetId", "preset_id")),
        arrived_at_usec=_point(either(fields, "arrivedAt", "arrived_at")),
        warnings=_texts(fields.get("warnings")),
    )


def _past(fields: JsonObject) -> Past:
    discarded = fields.get("discarded") is True
    by = as_text(either(fields, "discardedBy", "discarded_by")) or BY_USER
    attempts = as_whole(either(fields, "attemptCount", "attempt_count")) or 0
    return Past(
        attempts=min(max(0, attempts), _MOST_ATTEMPTS),
        last_attempt_at_usec=_point(either(fields, "lastAttemptAt", "last_attempt_at")),
        discarded_by=by if discarded else None,
        rejected=either(fields, "rejected", "rejected") is True,
        captured_at_usec=_point(either(fields, "capturedAt", "captured_at")),
        corrected_at_usec=_point(either(fields, "correctedAt", "corrected_at")),
        camera=as_text(fields.get("camera")) or "",
        zone_minutes=_zone_minutes(fields),
        left_out=_texts(either(fields, "leftOut", "left_out")),
    )


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(text for text in as_list(value) or [] if isinstance(text, str))


def _zone_minutes(fields: JsonObject) -> int | None:
    minutes = as_whole(either(fields, "zoneMinutes", "zone_minutes"))
    return minutes if minutes is not None and abs(minutes) <= LONGEST_ZONE_MINUTES else None


def _said_by_people(past: Past) -> dict[str, Any]:
    return {
        "discarded_by": past.discarded_by,
        "rejected": past.rejected,
        "corrected_at_usec": past.corrected_at_usec,
    }


def _failure(fields: JsonObject) -> Failure | None:
    """Return the failure of a photo that had failed for good."""
    error = as_object(either(fields, "lastError", "last_error")) or {}
    code, message = as_text(error.get("code")), as_text(error.get("message"))
    failed = either(fields, "backgroundExportFailed", "background_export_failed")
    if failed is not True or code is None or message is None:
        return None
    context: dict[str, Any] = {**(as_object(error.get("context")) or {})}
    return Failure(code=code, message=message, transient=False, context=context)


def _read(fields: JsonObject) -> RecordedOutput | None:
    raw = as_object(fields.get("raw")) or {}
    file, recipe = _file(fields), as_text(fields.get("recipe"))
    size_bytes, raw_size_bytes = _size(fields), _size(raw)
    sha256, raw_sha256 = _hash(fields), _hash(raw)
    look, pipeline = as_text(fields.get("look")), as_text(fields.get("pipeline"))
    recipe_digest = as_text(either(fields, "recipeDigest", "recipe_digest"))
    # Spelled out one by one: the type checkers follow this, and nothing else.
    if file is None or recipe is None or size_bytes is None or raw_size_bytes is None or sha256 is None:
        return None
    if raw_sha256 is None or look is None or pipeline is None or recipe_digest is None:
        return None
    return RecordedOutput(
        recipe=recipe,
        file=file,
        size_bytes=size_bytes,
        mtime_ns=_mtime_ns(fields),
        sha256=sha256,
        media_type=as_text(either(fields, "mediaType", "media_type")) or "image/jpeg",
        created_at_usec=_usec(either(fields, "createdAt", "created_at")),
        raw_size_bytes=raw_size_bytes,
        raw_mtime_ns=_mtime_ns(raw),
        raw_sha256=raw_sha256,
        look=look,
        recipe_digest=recipe_digest,
        pipeline=pipeline,
    )


def _file(fields: JsonObject) -> PurePosixPath | None:
    """Read a path that stays inside the session."""
    exact, text = as_text(either(fields, "fileUri", "file_uri")), as_text(fields.get("file"))
    name = unquote_to_bytes(exact).decode("utf-8", "surrogateescape") if exact else text
    if name is None or "\0" in name:
        return None
    path = PurePosixPath(name)
    return None if path.is_absolute() or ".." in path.parts or not path.name else path


def _size(fields: JsonObject) -> int | None:
    size = as_whole(either(fields, "sizeBytes", "size_bytes"))
    return size if size is not None and 0 <= size <= _LARGEST_SIZE else None


def _mtime_ns(fields: JsonObject) -> int:
    # A time that is missing or was rounded by a program costs a comparison by content, nothing else.
    mtime_ns = as_whole(either(fields, "mtimeNs", "mtime_ns"))
    return mtime_ns if mtime_ns is not None and abs(mtime_ns) <= _LARGEST_SIZE else 0


def _hash(fields: JsonObject) -> str | None:
    value = as_text(fields.get("sha256"))
    return value if value and _SHA256.fullmatch(value) else None


def _usec(value: Json) -> int:
    return max(0, _point(value) or 0)


def _point(value: Json) -> int | None:
    """Read a point in time, also before 1970; None where there is none that can be told."""
    try:
        at = datetime.fromisoformat(as_text(value) or "")
    except ValueError:
        return None
    try:
        return None if at.tzinfo is None else (at - _EPOCH) // timedelta(microseconds=1)
    except OverflowError:
        return None
