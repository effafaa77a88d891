"""Rows to values of `core.model`, and the columns that hold more than one number.

A row that makes no sense raises `RowUnreadable`: it was damaged.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import lru_cache, wraps
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

import msgspec

from darkroom.protocol.types import Failure, ItemState, JobState, Priority
from darkroomd.core.json_values import Json
from darkroomd.core.model import (
    RAW_FOLDER,
    CorrelationId,
    Counts,
    Fingerprint,
    Inputs,
    Item,
    ItemId,
    Job,
    JobId,
    JobKind,
    Output,
    OutputId,
    Photo,
    PhotoId,
    PhotoState,
    Progress,
    Session,
    SessionId,
    Wish,
)
from darkroomd.core.wording import readable
from darkroomd.store.database import Row
from darkroomd.store.soundness import RowUnreadable

Parameters = ParamSpec("Parameters")
Value = TypeVar("Value")

PRIORITIES: Final[tuple[Priority, ...]] = (Priority.HIGH, Priority.NORMAL, Priority.LOW)
"""In the order in which they run; a priority is stored as its place here."""

JOB_PAUSED: Final = "job.paused"
"""Why a job waits that somebody paused."""

_failures: Final = msgspec.json.Decoder(Failure)
_names: Final = msgspec.json.Decoder(tuple[str, ...])


def _never_nonsense(read: Callable[Parameters, Value]) -> Callable[Parameters, Value]:
    @wraps(read)
    def read_row(*values: Parameters.args, **named: Parameters.kwargs) -> Value:
        try:
            return read(*values, **named)
        except (ValueError, msgspec.MsgspecError) as error:
            raise RowUnreadable(f"{read.__name__}: {error}") from error

    return read_row


def fingerprint_text(fingerprint: Fingerprint) -> str:
    """Return the fingerprint as one column holds it."""
    return ":".join(
        str(number)
        for number in (
            fingerprint.device,
            fingerprint.inode,
            fingerprint.size_bytes,
            fingerprint.mtime_ns,
            fingerprint.ctime_ns,
        )
    )


def fingerprint_from(text: str) -> Fingerprint:
    """Return the fingerprint that `fingerprint_text` wrote."""
    device, inode, size_bytes, mtime_ns, ctime_ns = map(int, text.split(":"))
    return Fingerprint(
        device=device, inode=inode, size_bytes=size_bytes, mtime_ns=mtime_ns, ctime_ns=ctime_ns
    )


def json_text(value: object) -> str:
    """Return `value` as JSON text."""
    return msgspec.json.encode(value).decode()


def setting_from(row: Row, kind: type[Value]) -> Value:
    """Return the setting in a row of `setting`."""
    try:
        return msgspec.json.decode(row["value"], type=kind)
    except msgspec.MsgspecError as error:
        raise RowUnreadable(f"setting: {error}") from error


def failure_text(failure: Failure | None) -> str | None:
    """Return the failure as one column holds it; bytes of names that are not UTF-8 become U+FFFD."""
    if failure is None:
        return None
    plain: Json = msgspec.to_builtins(failure, enc_hook=str, str_keys=True)
    return json_text(_storable(plain))


def _storable(value: Json) -> Json:
    if isinstance(value, str):
        return readable(value)
    if isinstance(value, dict):
        return {readable(key): _storable(each) for key, each in value.items()}
    return [_storable(each) for each in value] if isinstance(value, list) else value


def failure_from(text: str | None) -> Failure | None:
    """Return the failure that `failure_text` wrote."""
    return None if text is None else _failures.decode(text)


@lru_cache(maxsize=1024)
def _folder(name: bytes) -> Path:
    # Sessions are few, are read with each of their photos, and a path is dear to make.
    return Path(os.fsdecode(name))


@lru_cache(maxsize=1024)
def _raws(folder: Path) -> Path:
    return folder / RAW_FOLDER


@_never_nonsense
def session_from(row: Row) -> Session:
    """Return the session in a row of `session`."""
    return Session(
        id=SessionId(row["id"]),
        name=row["name"],
        folder=_folder(row["folder"]),
        preset_id=row["preset_id"],
        counts=Counts(
            photos=row["photos"],
            developed=row["developed"],
            pending=row["pending"],
            failed=row["failed"],
            discarded=row["discarded"],
            canceled=row["canceled"],
        ),
        created_at_usec=row["created_at_usec"],
        changed_at_usec=row["changed_at_usec"],
        revision=row["revision"],
    )


@_never_nonsense
def photo_from(row: Row, folder: Path, outputs: Sequence[Output]) -> Photo:
    """Return the photo in a row of `photo` of the session in `folder`."""
    name = os.fsdecode(row["name"])
    left_out = _names.decode(row["left_out"])
    return Photo(
        id=PhotoId(row["id"]),
        session_id=SessionId(row["session_id"]),
        name=name,
        raw=_raws(folder) / name,
        fingerprint=fingerprint_from(row["fingerprint"]),
        look=row["look"],
        preset_id=row["preset_id"],
        state=PhotoState(row["state"]),
        discarded_by=row["discarded_by"],
        captured_at_usec=row["captured_at_usec"],
        corrected_at_usec=row["corrected_at_usec"],
        unsupported=_joined(_names.decode(row["unsupported"]), left_out),
        warnings=_names.decode(row["warnings"]),
        camera=row["camera"],
        attempts=row["attempts"],
        last_attempt_at_usec=row["last_attempt_at_usec"],
        outputs=tuple(outputs),
        failure=failure_from(row["failure"]),
        correlation_id=CorrelationId(row["correlation_id"]),
        arrived_at_usec=row["arrived_at_usec"],
        revision=row["revision"],
        aged=bool(row["aged"]),
        rejected=bool(row["rejected"]),
        zone_minutes=row["zone_minutes"],
        left_out=left_out,
    )


def _joined(unsupported: tuple[str, ...], left_out: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({*unsupported, *left_out})) if left_out else unsupported


@_never_nonsense
def output_from(row: Row) -> Output:
    """Return the output in a row of `output`."""
    return Output(
        id=OutputId(row["id"]),
        photo_id=PhotoId(row["photo_id"]),
        recipe=row["recipe"],
        path=Path(os.fsdecode(row["path"])),
        media_type=row["media_type"],
        size_bytes=row["size_bytes"],
        mtime_ns=row["mtime_ns"],
        sha256=row["sha256"],
        inputs=Inputs(
            raw=fingerprint_from(row["raw_fingerprint"]),
            raw_sha256=row["raw_sha256"],
            look=row["look"],
            recipe=row["recipe_digest"],
            pipeline=row["pipeline"],
        ),
        created_at_usec=row["created_at_usec"],
    )


def output_values(output: Output) -> dict[str, object]:
    """Return the columns of an output by name."""
    return {
        "id": output.id,
        "photo_id": output.photo_id,
        "recipe": output.recipe,
        "path": os.fsencode(output.path),
        "media_type": output.media_type,
        "size_bytes": output.size_bytes,
        "mtime_ns": output.mtime_ns,
        "sha256": output.sha256,
        "raw_fingerprint": fingerprint_text(output.inputs.raw),
        "raw_sha256": output.inputs.raw_sha256,
        "look": output.inputs.look,
        "recipe_digest": output.inputs.recipe,
        "pipeline": output.inputs.pipeline,
        "created_at_usec": output.created_at_usec,
    }


def progress_from(row: Row, *, item: Row | None = None) -> Progress:
    """Return the counters in a row of `job_status` or of all jobs, with a running item if there is one."""
    return Progress(
        total=sum(row[state] for state in ItemState),
        running=row["running"],
        completed=row["completed"],
        skipped=row["skipped"],
        failed=row["failed"],
        canceled=row["canceled"],
        sized=row["sized"],
        sized_pixels=row["sized_pixels"],
        current_item_id=None if item is None else ItemId(item["id"]),
        current_photo_id=None if item is None else PhotoId(item["photo_id"]),
    )


@_never_nonsense
def job_from(row: Row, *, item: Row | None, position: int | None) -> Job:
    """Return the job in a row of `job_status`, with its running item and its place among the waiting."""
    reasons = _names.decode(row["reasons"])
    if row["paused"] and row["ended_at_usec"] is None:
        reasons = (*reasons, JOB_PAUSED)
    return Job(
        id=JobId(row["id"]),
        kind=JobKind(row["kind"]),
        state=JobState(row["state"]),
        state_reasons=reasons,
        priority=PRIORITIES[int(row["priority"])],
        position=position,
        session_id=None if row["session_id"] is None else SessionId(row["session_id"]),
        label=row["label"],
        creator=row["creator"],
        creator_uid=row["creator_uid"],
        progress=progress_from(row, item=item),
        failure=failure_from(row["failure"]),
        correlation_id=CorrelationId(row["correlation_id"]),
        created_at_usec=row["created_at_usec"],
        started_at_usec=row["started_at_usec"],
        ended_at_usec=row["ended_at_usec"],
        revision=row["revision"],
        wish=wish_from(row),
    )


@_never_nonsense
def wish_from(row: Row) -> Wish:
    """Return what the export in a row of `job` is to make; of another job that is all."""
    recipes = None if row["recipes"] is None else _names.decode(row["recipes"])
    return Wish(recipes, forced=bool(row["forced"]))


@_never_nonsense
def item_from(row: Row, outputs: Sequence[Output] = ()) -> Item:
    """Return the item in a row of `item`."""
    return Item(
        id=ItemId(row["id"]),
        job_id=JobId(row["job_id"]),
        photo_id=PhotoId(row["photo_id"]),
        recipe=row["recipe"],
        state=ItemState(row["state"]),
        attempt=row["attempt"],
        fence=row["fence"],
        retry_at_usec=row["retry_at_usec"],
        failure=failure_from(row["failure"]),
        outputs=tuple(outputs),
        correlation_id=CorrelationId(row["correlation_id"]),
        started_at_usec=row["started_at_usec"],
        ended_at_usec=row["ended_at_usec"],
        deaths=row["deaths"],
    )
