"""`boothy.session.json`, the public record of a session: pure merging and reading of its content.

The schema only ever grows. Whatever others wrote into the document stays, in its place: keys that we do
not know, entries of photos that are not ours. Entries with snake_case keys are understood and written in
camelCase.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import quote_from_bytes, unquote_to_bytes

import msgspec

from darkroomd.core.json_values import Json, JsonObject, as_list, as_object, as_text, as_whole, either
from darkroomd.core.model import Output, Photo, PhotoState

DOCUMENT_NAME: Final = "boothy.session.json"
"""Name of the document in the session's folder."""

SCHEMA_VERSION: Final = 1

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


OUR_BLOCK: Final = "darkroomd"
"""Key of what the document says of the session itself."""


def merge(
    existing: Mapping[str, Json] | None, photos: Iterable[Photo], *, preset_id: str | None = None
) -> JsonObject:
    """Return a session's document, brought up to date with what is known of its photos.

    `existing` is the document as it stands; entries of photos that are not in `photos` stay as they are.
    `preset_id` is of the preset that was chosen for the session.
    """
    document: JsonObject = dict(existing or {})
    version = as_whole(either(document, "schemaVersion", "schema_version"))
    document.pop("schema_version", None)
    document["schemaVersion"] = max(version or SCHEMA_VERSION, SCHEMA_VERSION)
    block = as_object(document.get(OUR_BLOCK)) or {}
    if block or preset_id is not None:
        document[OUR_BLOCK] = {**block, "presetId": preset_id}
    fresh = {photo.name: entry_of(photo) for photo in photos}
    document["photos"] = _merged(as_list(document.get("photos")) or [], fresh)
    return document


def preset_of(document: Mapping[str, Json]) -> str | None:
    """Return the id of the preset that was chosen for the session; None if none was."""
    block = as_object(document.get(OUR_BLOCK)) or {}
    return as_text(either(block, "presetId", "preset_id"))


def name_of(entry: Json) -> str | None:
    """Return the RAW file's name that an entry is about, exactly as it is on disk; None if it names none."""
    fields = as_object(entry) or {}
    exact = as_text(either(fields, "rawFilenameUri", "raw_filename_uri"))
    if exact is not None:
        name = unquote_to_bytes(exact).decode("utf-8", "surrogateescape")
    else:
        name = as_text(either(fields, "rawFilename", "raw_filename")) or ""
    return name if name not in {"", ".", ".."} and "/" not in name and "\0" not in name else None


def entry_of(photo: Photo) -> JsonObject:
    """Return what the document says of a photo, without what others wrote beside it."""
    default = photo.outputs[0] if photo.outputs else None
    completed = default is not None and (
        photo.aged or photo.state in {PhotoState.DEVELOPED, PhotoState.MISSING}
    )
    return {
        **_naming("rawFilename", photo.name),
        "backgroundExportCompleted": completed,
        "backgroundExportTimestamp": _time(default.created_at_usec) if default and completed else None,
        "attemptCount": photo.attempts,
        "lastAttemptAt": _time(photo.last_attempt_at_usec),
        "lastError": _error(photo),
        "backgroundExportFailed": photo.state is PhotoState.FAILED,
        "rawSizeBytes": photo.fingerprint.size_bytes,
        "rawMtimeNs": photo.fingerprint.mtime_ns,
        "correlationId": photo.correlation_id,
        "presetId": photo.preset_id,
        "outputs": [_output(output, photo.raw.parent.parent) for output in photo.outputs],
        "discarded": photo.discarded_by is not None,
        "discardedBy": photo.discarded_by,
        "rejected": photo.rejected,
        "arrivedAt": _time(photo.arrived_at_usec),
        "capturedAt": _time(photo.captured_at_usec),
        "correctedAt": _time(photo.corrected_at_usec),
        "zoneMinutes": photo.zone_minutes,
        "camera": readable(photo.camera),
        "unsupported": list(photo.unsupported),
        "leftOut": list(photo.left_out),
        "warnings": list(photo.warnings),
    }


def readable(name: str) -> str:
    """Return a name that JSON can hold; bytes that are not UTF-8 become U+FFFD."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _error(photo: Photo) -> Json:
    if photo.failure is None:
        return None
    context: Json = msgspec.to_builtins(photo.failure.context, str_keys=True)
    return {
        "code": photo.failure.code,
        "message": readable(photo.failure.message),
        "context": _printable(context),
    }


def _output(output: Output, folder: Path) -> JsonObject:
    inputs = output.inputs
    return {
        "recipe": output.recipe,
        **_naming("file", output.path.as_posix().removeprefix(f"{folder.as_posix()}/")),
        "sizeBytes": output.size_bytes,
        "mtimeNs": output.mtime_ns,
        "sha256": output.sha256,
        "mediaType": output.media_type,
        "createdAt": _time(output.created_at_usec),
        "raw": {
            "sizeBytes": inputs.raw.size_bytes,
            "mtimeNs": inputs.raw.mtime_ns,
            "sha256": inputs.raw_sha256,
        },
        "look": inputs.look,
        "recipeDigest": inputs.recipe,
        "pipeline": inputs.pipeline,
    }


def _naming(key: str, name: str) -> JsonObject:
    """Return the members that name a file: as text and, where text cannot say it, percent-encoded too."""
    text = readable(name)
    encoded = name.encode("utf-8", "surrogateescape")
    return {key: text} if text.encode() == encoded else {key: text, f"{key}Uri": quote_from_bytes(encoded)}


def _printable(value: Json) -> Json:
    if isinstance(value, str):
        return readable(value)
    if isinstance(value, dict):
        return {readable(key): _printable(child) for key, child in value.items()}
    return [_printable(child) for child in value] if isinstance(value, list) else value


def _time(at_usec: int | None) -> str | None:
    """Write a point in time as RFC 3339 in UTC, to the microsecond where it has any; None has no date."""
    try:
        at = None if at_usec is None else _EPOCH + timedelta(microseconds=at_usec)
    except OverflowError:
        return None
    if at is None:
        return None
    digits = "microseconds" if at.microsecond % 1000 else "milliseconds"
    return at.isoformat(timespec=digits).replace("+00:00", "Z")


def _merged(entries: Iterable[Json], fresh: Mapping[str, JsonObject]) -> list[Json]:
    """Bring entries up to date where they stand, join those about one of our photos, and add the new ones."""
    merged: list[Json] = []
    placed: dict[str, JsonObject] = {}
    for entry in entries:
        name, fields = name_of(entry), as_object(entry)
        if name is None or fields is None:
            merged.append(entry)
        elif name not in fresh:
            merged.append(_with_required(fields))
        elif name in placed:
            # The first entry keeps its place; another one only adds what it lacks.
            placed[name].update({**_in_camel_case(fields), **placed[name]})
        else:
            placed[name] = _renewed(_in_camel_case(fields), fresh[name])
            merged.append(placed[name])
    return [*merged, *(fresh[name] for name in sorted(fresh.keys() - placed.keys()))]


def _renewed(before: JsonObject, fresh: JsonObject) -> JsonObject:
    """Bring an entry up to date; what others wrote into it, at any depth, stays."""
    renewed = {**before, **fresh}
    outputs = _renewed_outputs(as_list(before.get("outputs")) or [], as_list(fresh["outputs"]) or [])
    renewed["outputs"] = outputs
    error, fresh_error = as_object(before.get("lastError")), as_object(fresh["lastError"])
    if error is not None and fresh_error is not None and error.get("code") == fresh_error["code"]:
        renewed["lastError"] = {**error, **fresh_error}
    return renewed


def _renewed_outputs(before: Iterable[Json], fresh: Iterable[Json]) -> list[Json]:
    """Bring records of outputs up to date; those that others wrote follow.

    A recipe whose file another recipe has replaced since is forgotten.
    """
    ours = {as_text(output.get("recipe")): output for one in fresh if (output := as_object(one)) is not None}
    places = {_place(output) for output in ours.values()}
    theirs: dict[str | None, JsonObject] = {}
    foreign: list[Json] = []
    for one in before:
        fields = as_object(one)
        recipe = None if fields is None else as_text(fields.get("recipe"))
        if fields is not None and recipe in ours:
            theirs.setdefault(recipe, _in_camel_case(fields))
        elif fields is None or recipe is None or _place(fields) not in places:
            foreign.append(one)
    renewed: list[Json] = []
    for recipe, output in ours.items():
        fields = theirs.get(recipe, {})
        raw = {**_in_camel_case(as_object(fields.get("raw")) or {}), **(as_object(output["raw"]) or {})}
        renewed.append({**fields, **output, "raw": raw})
    return [*renewed, *foreign]


def _place(output: JsonObject) -> str | None:
    return as_text(either(output, "fileUri", "file_uri")) or as_text(output.get("file"))


def _in_camel_case(fields: JsonObject) -> JsonObject:
    """Spell our own keys as we do; the others are none of our business."""
    return {_CAMEL.get(key, key): value for key, value in fields.items()}


def _with_required(fields: JsonObject) -> JsonObject:
    """Give an entry that is not ours what every entry must have; nothing that stands there is changed."""
    missing = {key: value for key, value in _REQUIRED.items() if either(fields, key, _snake(key)) is None}
    return {**fields, **missing}


def _snake(key: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key)


_REQUIRED: Final[JsonObject] = {"backgroundExportCompleted": False, "attemptCount": 0}
_OUR_KEYS: Final = (
    "rawFilename",
    "rawFilenameUri",
    "backgroundExportCompleted",
    "backgroundExportTimestamp",
    "attemptCount",
    "lastAttemptAt",
    "lastError",
    "backgroundExportFailed",
    "rawSizeBytes",
    "rawMtimeNs",
    "correlationId",
    "presetId",
    "outputs",
    "discarded",
    "discardedBy",
    "rejected",
    "arrivedAt",
    "capturedAt",
    "correctedAt",
    "zoneMinutes",
    "camera",
    "unsupported",
    "leftOut",
    "warnings",
    # of outputs
    "fileUri",
    "sizeBytes",
    "mtimeNs",
    "mediaType",
    "createdAt",
    "recipeDigest",
)
_CAMEL: Final = {_snake(key): key for key in _OUR_KEYS}
