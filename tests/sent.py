"""Makers of values as the daemon sends them; `msgspec.structs.replace` changes what a test is about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from darkroom.protocol.replies import HealthReply
from darkroom.protocol.types import (
    Check,
    Failure,
    File,
    InhibitMode,
    Inhibitor,
    Item,
    ItemState,
    Job,
    JobState,
    LogLine,
    Output,
    Photo,
    Priority,
    Progress,
    Queue,
    Session,
    Statistic,
    Summary,
)

NOON_USEC: Final = 1_714_824_000_000_000
"""2024-05-04 12:00:00 UTC."""


def file(path: str) -> File:
    return File(path=path, uri=f"file://{path}")


def session(name: str = "Wedding", *, id: str = "s1", folder: str | None = None) -> Session:  # noqa: A002 - the protocol's word
    return Session(
        id=id,
        name=name,
        folder=file(folder or f"/photos/{name}"),
        watched=True,
        watch_mode="events",
        photo_count=3,
        developed_count=1,
        pending_count=1,
        failed_count=1,
        discarded_count=0,
        created_at_usec=NOON_USEC,
        changed_at_usec=NOON_USEC,
        revision=1,
    )


def photo(name: str = "IMG_1.NEF", *, state: str = "waiting") -> Photo:
    return Photo(
        id=f"p-{name}",
        session_id="s1",
        original=file(f"/photos/Wedding/Raw/{name}"),
        size_bytes=31_200_000,
        discarded=False,
        state=state,
        unsupported=(),
        outputs=(),
        correlation_id="c1",
    )


def output(path: str = "/photos/Wedding/Jpg/IMG_1.jpg") -> Output:
    return Output(
        id="o1",
        recipe="jpg",
        file=file(path),
        media_type="image/jpeg",
        size_bytes=4000,
        sha256="00",
        created_at_usec=NOON_USEC,
    )


def failure() -> Failure:
    return Failure(
        code="raw.truncated",
        message="The file ends early; copy it again.",
        transient=False,
        context={"path": "/photos/Wedding/Raw/IMG_1.NEF"},
    )


def progress(*, total: int = 10, completed: int = 3) -> Progress:
    return Progress(total=total, completed=completed, skipped=0, failed=0, canceled=0, percent=30)


def job(number: int = 7, *, state: JobState = JobState.RUNNING) -> Job:
    return Job(
        id=number,
        kind="develop",
        state=state,
        state_reasons=(),
        priority=Priority.NORMAL,
        session_id="s1",
        label="IMG_1.NEF",
        progress=progress(),
        correlation_id="c1",
        created_at_usec=NOON_USEC,
        revision=1,
    )


def item(*, state: ItemState = ItemState.RUNNING, stage: str | None = "encode") -> Item:
    return Item(
        id=70,
        job_id=7,
        photo_id="p-IMG_1.NEF",
        state=state,
        stage=stage,
        attempt=1,
        outputs=(),
        correlation_id="c1",
    )


def queue() -> Queue:
    return Queue(paused=False, wait_reasons=(), queued_items=6, running_items=1, failed_items=0)


def inhibitor(*, mode: InhibitMode = InhibitMode.START) -> Inhibitor:
    return Inhibitor(id=1, mode=mode, who="kiosk", why="camera is read", pid=42, since_usec=NOON_USEC)


def statistic(key: str = "2024-05-04") -> Statistic:
    return Statistic(
        key=key,
        photos=120,
        failed=2,
        bytes_read=3_744_000_000,
        bytes_written=480_000_000,
        busy_usec=180_000_000,
        median_usec=1_900_000,
        p95_usec=4_200_000,
    )


def log_line(event: str = "item_failed", *, level: str = "warning") -> LogLine:
    return LogLine(
        at_usec=NOON_USEC,
        level=level,
        event=event,
        correlation_id="c1",
        job_id=7,
        item_id=70,
        fields={"code": "raw.truncated", "attempt": 1},
    )


def with_fields(line: LogLine, **fields: object) -> LogLine:
    return replace(line, fields=fields)


def summary(text: str = "Developing IMG_1.NEF, 3 of 10 done.") -> Summary:
    return Summary(
        queue=queue(),
        inhibitors=(),
        progress=progress(),
        current_job_id=7,
        current_photo=file("/photos/Wedding/Raw/IMG_1.NEF"),
        text=text,
    )


def health(*, ok: bool = True) -> HealthReply:
    checks = (
        Check(name="queue", ok=True, message="The queue is being worked on."),
        Check(name="space", ok=ok, message="There is enough space." if ok else "The disk is full."),
    )
    return HealthReply(ok=ok, version="1.2", pid=42, instance="i1", started_at_usec=NOON_USEC, checks=checks)


def listed(**entries: Sequence[Struct]) -> dict[str, Any]:
    """Return values as the parameters of a reply, by the name of their list."""
    built: dict[str, Any] = msgspec.to_builtins(entries)
    return built


FAILED = replace(photo("IMG_2.NEF", state="failed"), failure=failure())
TWO_PHOTOS = listed(photos=[photo(), FAILED])
WORLD: dict[str, Any] = {
    "GetSummary": {"summary": msgspec.to_builtins(summary())},
    "ListSessions": listed(sessions=[session()]),
    "ListItems": listed(items=[item()]),
    "ListPhotos": TWO_PHOTOS,
    "ListJobs": listed(jobs=[job()]),
    "GetJob": {"job": msgspec.to_builtins(job())},
    "GetPhoto": ("io.darkroomd.Darkroom.NoSuchPhoto", {"photoId": "?"}),
    "GetHealth": msgspec.to_builtins(health()),
    "Reload": {"changed": ["workers"], "warnings": []},
    "GetInterfaceDescription": {"description": "interface io.example\n\nmethod A() -> ()\n"},
}
"""What a daemon with one session, one running job and two photos replies, by method."""
