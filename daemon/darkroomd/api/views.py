"""The daemon's values as the protocol shows them.

Names that are not UTF-8 are shown readably; their exact form stands in the file's URI. No floating-point
number, and nothing else a peer could choke on, gets out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec

from darkroom.protocol import types
from darkroomd.core import model, places
from darkroomd.core.gate import PAUSED, Holder
from darkroomd.core.json_values import Json
from darkroomd.core.presets import Preset
from darkroomd.core.status import Check, QueueStatus
from darkroomd.core.story import LEVELS, LogLine
from darkroomd.core.waiting import state_reasons
from darkroomd.core.wording import readable, status_line

ENDED_JOB: Final = frozenset({types.JobState.COMPLETED, types.JobState.FAILED, types.JobState.CANCELED})

_LARGEST: Final = 2**63 - 1

_Plain: TypeAlias = "bool | int | float | str | list[_Plain] | tuple[_Plain, ...] | dict[str, _Plain] | None"


def file(path: Path) -> types.File:
    """Show where a file or folder is; `path` must be absolute."""
    return types.File(path=readable(path), uri=path.as_uri())


def session(session: model.Session, watch_mode: model.WatchMode) -> types.Session:
    """Show a session."""
    counts = session.counts
    return types.Session(
        id=session.id,
        name=readable(session.name),
        folder=file(session.folder),
        watched=watch_mode is not model.WatchMode.UNAVAILABLE,
        watch_mode=watch_mode,
        preset_id=session.preset_id,
        photo_count=counts.photos,
        developed_count=counts.developed,
        pending_count=counts.pending,
        failed_count=counts.failed,
        discarded_count=counts.discarded,
        created_at_usec=session.created_at_usec,
        changed_at_usec=session.changed_at_usec,
        revision=session.revision,
    )


def root(standing: places.RootStanding) -> types.Root:
    """Show a folder of sessions."""
    root = standing.root
    return types.Root(
        id=root.id, folder=file(root.folder), watch_mode=standing.mode, session_count=standing.sessions
    )


def output(output: model.Output) -> types.Output:
    """Show a published file."""
    return types.Output(
        id=output.id,
        recipe=output.recipe,
        file=file(output.path),
        media_type=output.media_type,
        size_bytes=output.size_bytes,
        sha256=output.sha256,
        created_at_usec=output.created_at_usec,
    )


def failure(failure: types.Failure | None) -> types.Failure | None:
    """Show why something was not done."""
    if failure is None:
        return None
    return types.Failure(
        code=failure.code,
        message=readable(failure.message),
        transient=failure.transient,
        context=_facts(failure.context),
    )


def photo(photo: model.Photo) -> types.Photo:
    """Show a photo."""
    return types.Photo(
        id=photo.id,
        session_id=photo.session_id,
        original=file(photo.raw),
        size_bytes=photo.fingerprint.size_bytes,
        discarded=photo.discarded_by is not None,
        discarded_by=photo.discarded_by,
        preset_id=photo.preset_id,
        captured_at_usec=photo.captured_at_usec,
        corrected_at_usec=photo.corrected_at_usec,
        state=photo.state,
        unsupported=photo.unsupported,
        outputs=tuple(map(output, photo.outputs)),
        failure=failure(photo.failure),
        correlation_id=photo.correlation_id,
    )


def progress(progress: model.Progress, *, ended: bool, item_percent: int = 0) -> types.Progress:
    """Show how far something is; `item_percent` is how far the item is that is being worked on."""
    return types.Progress(
        total=progress.total,
        completed=progress.completed,
        skipped=progress.skipped,
        failed=progress.failed,
        canceled=progress.canceled,
        percent=percent(progress, ended=ended, item_percent=item_percent),
        remaining_usec=progress.remaining_usec,
        current_item_id=progress.current_item_id,
        current_photo_id=progress.current_photo_id,
    )


def percent(progress: model.Progress, *, ended: bool, item_percent: int) -> int:
    """Return 0 to 100, rounded down; 100 only where everything has ended."""
    if ended:
        return 100
    done = 100 * progress.ended + (item_percent if progress.running else 0)
    return max(0, min(99, done // max(1, progress.total)))


def job(job: model.Job, *, queue_reasons: Sequence[str] = (), item_percent: int = 0) -> types.Job:
    """Show a job; `queue_reasons` hold back the queue, `item_percent` is how far its running item is."""
    return types.Job(
        id=job.id,
        kind=job.kind,
        state=job.state,
        state_reasons=state_reasons(job, queue_reasons=queue_reasons),
        priority=job.priority,
        position=job.position,
        session_id=job.session_id,
        label=readable(job.label),
        creator=None if job.creator is None else readable(job.creator),
        creator_uid=job.creator_uid,
        progress=progress(job.progress, ended=job.state in ENDED_JOB, item_percent=item_percent),
        failure=failure(job.failure),
        correlation_id=job.correlation_id,
        created_at_usec=job.created_at_usec,
        started_at_usec=job.started_at_usec,
        ended_at_usec=job.ended_at_usec,
        revision=job.revision,
    )


def item(item: model.Item, *, stage: str | None) -> types.Item:
    """Show an item; `stage` is where the work on it is."""
    return types.Item(
        id=item.id,
        job_id=item.job_id,
        photo_id=item.photo_id,
        state=item.state,
        stage=stage,
        attempt=item.attempt,
        retry_at_usec=item.retry_at_usec,
        failure=failure(item.failure),
        outputs=tuple(map(output, item.outputs)),
        correlation_id=item.correlation_id,
        started_at_usec=item.started_at_usec,
        ended_at_usec=item.ended_at_usec,
    )


def queue(status: QueueStatus) -> types.Queue:
    """Show the queue as a whole."""
    pause = status.pause
    return types.Queue(
        paused=pause is not None,
        paused_reason=None if pause is None or pause.reason is None else readable(pause.reason),
        paused_until_usec=None if pause is None else pause.until_usec,
        wait_reasons=tuple(reason for reason in status.wait_reasons if reason != PAUSED),
        queued_items=status.counts.queued,
        running_items=status.counts.running,
        failed_items=status.counts.failed,
    )


def inhibitor(holder: Holder) -> types.Inhibitor:
    """Show who holds work back."""
    return types.Inhibitor(
        id=holder.id,
        mode=holder.mode,
        who=readable(holder.who),
        why=readable(holder.why),
        uid=holder.uid,
        pid=holder.pid,
        since_usec=holder.since_usec,
    )


def summary(status: QueueStatus) -> types.Summary:
    """Show what a status line shows."""
    raw = status.current_raw
    return types.Summary(
        queue=queue(status),
        inhibitors=tuple(map(inhibitor, status.holders)),
        progress=progress(
            status.progress, ended=status.progress.total == 0, item_percent=status.percent or 0
        ),
        current_job_id=status.current_job_id,
        current_photo=None if raw is None else file(raw),
        text=status_line(status),
    )


def preset(preset: Preset) -> types.Preset:
    """Show a preset; its adjustments as they stand in its file, which may hold fractions."""
    return types.Preset(
        id=preset.id,
        name=readable(preset.name),
        description=None if preset.description is None else readable(preset.description),
        builtin=preset.builtin,
        adjustments={readable(key): _stored(value) for key, value in preset.adjustments.items()},
    )


def check(check: Check) -> types.Check:
    """Show a line of the health report."""
    return types.Check(name=check.name, ok=check.ok, message=readable(check.message))


def event(
    happening: model.Happening,
    *,
    watch_mode: Callable[[model.SessionId], model.WatchMode],
    status: QueueStatus | None = None,
) -> types.Event:
    """Show what happened; `status` is the queue, where it is about that."""
    told = happening
    return types.Event(
        kind=told.kind,
        at_usec=told.at_usec,
        job=None if told.job is None else job(told.job),
        item=None if told.item is None else item(told.item, stage=told.stage),
        photo=None if told.photo is None else photo(told.photo),
        session=None if told.session is None else session(told.session, watch_mode(told.session.id)),
        queue=None if status is None else queue(status),
        job_id=told.job_id,
        progress=None
        if told.progress is None
        else progress(told.progress, ended=False, item_percent=told.percent or 0),
    )


def _facts(context: dict[str, Any]) -> dict[str, Any]:
    """Return facts as JSON without fractions, without huge numbers and without odd characters."""
    plain: dict[str, _Plain] = msgspec.to_builtins(context, str_keys=True, enc_hook=str)
    return {readable(name): _fact(value) for name, value in plain.items()}


def _fact(value: _Plain) -> Json:
    match value:
        case str():
            return readable(value)
        case bool() | None:
            return value
        case int() | float():
            return int(value) if value == value // 1 and abs(value) <= _LARGEST else str(value)
        case dict():
            return {readable(name): _fact(entry) for name, entry in value.items()}
        case list() | tuple():
            return [_fact(entry) for entry in value]


def _stored(value: Json) -> Json:
    """Return a value of a file as it is, but for what a peer could choke on."""
    match value:
        case str():
            return readable(value)
        case int() if not isinstance(value, bool):
            return value if abs(value) <= _LARGEST else str(value)
        case float():
            return int(value) if value.is_integer() and abs(value) <= _LARGEST else value
        case dict():
            return {readable(name): _stored(entry) for name, entry in value.items()}
        case list():
            return [_stored(entry) for entry in value]
        case _:
            return value


def log_line(line: LogLine) -> types.LogLine:
    """Show a log line."""
    names = {rank: name for name, rank in LEVELS.items()}
    return types.LogLine(
        at_usec=line.at_usec,
        level=names.get(line.level, "info"),
        event=readable(line.event),
        correlation_id=line.correlation_id,
        job_id=line.job_id,
        item_id=line.item_id,
        fields=_facts(dict(line.fields)),
    )
