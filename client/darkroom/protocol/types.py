"""The types of `io.darkroomd.Darkroom` as immutable values.

Points in time end in `at_usec`: microseconds since the Unix epoch, UTC. Other `_usec` are durations in
microseconds. Names are snake_case here and camelCase on the wire. A nullable field that is null is
sent as null, so that a reader finds every name; what a newer daemon adds is ignored when read. A
field's `Meta` description is its comment in the interface description, word for word.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta


class Payload(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A value of the protocol. Only nullable fields have a default, and it is None, sent as null."""


class File(Payload, frozen=True, kw_only=True):
    """A file or folder; as input, give one of the two."""

    path: str | None = None
    uri: str | None = None


class Session(Payload, frozen=True, kw_only=True):
    """A folder with `Raw/` and `Jpg/` that the daemon looks after."""

    id: str
    name: str
    folder: File
    watched: bool
    watch_mode: Annotated[
        str, Meta(description="how the folder is observed. open set: events, polling, unavailable")
    ]
    preset_id: Annotated[
        str | None,
        Meta(
            description="the preset in force for photos that arrive from now on; null: the configured default"
        ),
    ] = None
    photo_count: int
    developed_count: int
    pending_count: int
    failed_count: int
    discarded_count: int
    created_at_usec: int
    changed_at_usec: int
    revision: Annotated[
        int, Meta(description="increases with each change of the session or of one of its photos")
    ]


class Root(Payload, frozen=True, kw_only=True):
    """A folder whose sub-folders are sessions."""

    id: str
    folder: File
    watch_mode: str
    session_count: int


class Output(Payload, frozen=True, kw_only=True):
    """A file that was made from a photo."""

    id: str
    recipe: Annotated[str, Meta(description="name of the recipe in the configuration, e.g. jpg, web, print")]
    file: File
    media_type: str
    size_bytes: int
    sha256: str
    created_at_usec: int


class Photo(Payload, frozen=True, kw_only=True):
    """One RAW file of a session and where it stands."""

    id: str
    session_id: str
    original: File
    size_bytes: int
    discarded: Annotated[bool, Meta(description="excluded from export and archive")]
    discarded_by: Annotated[str | None, Meta(description="why. open set: user, xmp")] = None
    preset_id: Annotated[str | None, Meta(description="preset frozen for this photo when it arrived")] = None
    captured_at_usec: Annotated[
        int | None, Meta(description="as recorded by the camera; null if the file says nothing")
    ] = None
    corrected_at_usec: Annotated[
        int | None, Meta(description="set by SetCaptureTime; wins over capturedAtUsec")
    ] = None
    state: Annotated[
        str,
        Meta(description="open set: arriving, waiting, developing, developed, outdated, failed, missing"),
    ]
    unsupported: Annotated[
        tuple[str, ...],
        Meta(description="adjustments in the sidecar that the pipeline does not honour"),
    ]
    outputs: tuple[Output, ...]
    failure: Failure | None = None
    correlation_id: str


class Preset(Payload, frozen=True, kw_only=True):
    """Named adjustments."""

    id: str
    name: str
    description: str | None = None
    builtin: bool
    adjustments: Annotated[dict[str, Any], Meta(description="adjustments as stored in the preset file")]


class JobState(StrEnum):
    """Where a job stands; the last three are its end."""

    QUEUED = "queued"
    PAUSED = "paused"
    RUNNING = "running"
    CANCELING = "canceling"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"


class ItemState(StrEnum):
    """Where one photo of a job stands; the last four are its end."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    SKIPPED = "skipped"
    FAILED = "failed"
    CANCELED = "canceled"


class Priority(StrEnum):
    """How urgent a job is."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class Failure(Payload, frozen=True, kw_only=True):
    """Why something was not done."""

    code: Annotated[
        str,
        Meta(
            description="dotted, stable. open set, e.g. raw.truncated, raw.unsupported, disk.full,"
            " worker.timeout"
        ),
    ]
    message: Annotated[str, Meta(description="a sentence for people that says what to do")]
    transient: Annotated[bool, Meta(description="whether trying again by itself can help")]
    context: Annotated[dict[str, Any], Meta(description="facts for programs: paths, sizes, errno names")]


class Progress(Payload, frozen=True, kw_only=True):
    """Items by outcome; what is missing to `total` is queued or running."""

    total: int
    completed: int
    skipped: int
    failed: int
    canceled: int
    percent: Annotated[int, Meta(description="0 to 100, rounded down; 100 only once the job has ended")]
    remaining_usec: Annotated[
        int | None, Meta(description="expected time to the end; null while nothing is known")
    ] = None
    current_item_id: int | None = None
    current_photo_id: str | None = None


class Job(Payload, frozen=True, kw_only=True):
    """A request for work and how far it is."""

    id: int
    kind: Annotated[
        str,
        Meta(
            description="open set: develop (a photo arrived), backfill (photos found without output), export"
            " (asked for by\na client), archive"
        ),
    ]
    state: JobState
    state_reasons: Annotated[
        tuple[str, ...],
        Meta(
            description="why it waits or stopped. open set, e.g. queue.paused, inhibited, schedule,"
            " disk.full, job.paused,\ntoo_many_failures, superseded, canceled_by_client"
        ),
    ]
    priority: Priority
    position: Annotated[
        int | None, Meta(description="place among the waiting jobs, from 0; null once started")
    ] = None
    session_id: str | None = None
    label: str
    creator: Annotated[str | None, Meta(description="what the client calls itself")] = None
    creator_uid: Annotated[
        int | None, Meta(description="who it was, by the word of the kernel; null: the daemon itself")
    ] = None
    progress: Progress
    failure: Annotated[Failure | None, Meta(description="the first failure, if any")] = None
    correlation_id: str
    created_at_usec: int
    started_at_usec: int | None = None
    ended_at_usec: int | None = None
    revision: int


class Item(Payload, frozen=True, kw_only=True):
    """One photo's share of a job."""

    id: int
    job_id: int
    photo_id: str | None = None
    state: ItemState
    stage: Annotated[str | None, Meta(description="open set: unpack, develop, encode, copy, verify")] = None
    attempt: int
    retry_at_usec: Annotated[
        int | None, Meta(description="when a failed attempt is tried again by itself")
    ] = None
    failure: Failure | None = None
    outputs: tuple[Output, ...]
    correlation_id: str
    started_at_usec: int | None = None
    ended_at_usec: int | None = None


Number = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
"""An integer that every implementation can hold."""


class Input(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename="camel",
    omit_defaults=True,
    forbid_unknown_fields=True,
):
    """A value that only clients send: a field the daemon does not know is an error, not ignored."""


class JobFilter(Input, frozen=True, kw_only=True):
    """Conditions on jobs: all that are given must hold; within one list any may."""

    states: tuple[JobState, ...] | None = None
    kinds: tuple[str, ...] | None = None
    session_ids: tuple[str, ...] | None = None
    creators: tuple[str, ...] | None = None
    creator_uid: Number | None = None
    created_after_usec: Number | None = None
    created_before_usec: Number | None = None


class JobOptions(Input, frozen=True, kw_only=True):
    """What a client may say about a job it asks for."""

    priority: Annotated[
        Priority | None,
        Meta(description="default: high for export, normal for archive, low for backfill"),
    ] = None
    paused: Annotated[bool | None, Meta(description="start in state paused")] = None
    creator: Annotated[str | None, Meta(description='shown in lists, e.g. "kiosk-app 2.1"')] = None
    label: str | None = None
    idempotency_key: Annotated[
        str | None,
        Meta(description="the same key again returns the job it made the first time, for at least 24 hours"),
    ] = None
    correlation_id: Annotated[
        str | None,
        Meta(description="joins the log lines of several programs; made up if null"),
    ] = None


class Queue(Payload, frozen=True, kw_only=True):
    """The queue as a whole."""

    paused: bool
    paused_reason: str | None = None
    paused_until_usec: Annotated[int | None, Meta(description="it resumes by itself at this time")] = None
    wait_reasons: Annotated[
        tuple[str, ...],
        Meta(
            description="why nothing is started although it is not paused. open set: inhibited, schedule,"
            " disk.full"
        ),
    ]
    queued_items: int
    running_items: int
    failed_items: int


class InhibitMode(StrEnum):
    """How far an inhibitor goes."""

    START = "start"
    ALL = "all"


class Inhibitor(Payload, frozen=True, kw_only=True):
    """Somebody who holds back work."""

    id: int
    mode: InhibitMode
    who: str
    why: str
    uid: int | None = None
    pid: int | None = None
    since_usec: int


class Summary(Payload, frozen=True, kw_only=True):
    """What a status line shows."""

    queue: Queue
    inhibitors: tuple[Inhibitor, ...]
    progress: Annotated[Progress, Meta(description="over all jobs that have not ended")]
    current_job_id: int | None = None
    current_photo: File | None = None
    text: Annotated[str, Meta(description="one line for people")]


class Event(Payload, frozen=True, kw_only=True):
    """A fact as watchers are told it; `kind` says which of the other fields are set."""

    kind: Annotated[
        str,
        Meta(
            description="open set: ready, reset, keepalive, job.created, job.updated, job.completed,"
            " job.failed,\njob.canceled, job.removed, item.updated, progress, photo.arriving, photo.added,"
            " photo.changed,\nphoto.missing, session.added, session.changed, session.removed, queue.changed,"
            "\ninhibitor.changed, config.reloaded, stopping"
        ),
    ]
    at_usec: int
    job: Job | None = None
    item: Item | None = None
    photo: Photo | None = None
    session: Session | None = None
    queue: Queue | None = None
    job_id: int | None = None
    progress: Progress | None = None


class LogLine(Payload, frozen=True, kw_only=True):
    """One line of the daemon's log."""

    at_usec: int
    level: Annotated[str, Meta(description="debug, info, warning, error, critical")]
    event: str
    correlation_id: str | None = None
    job_id: int | None = None
    item_id: int | None = None
    fields: dict[str, Any]


class Check(Payload, frozen=True, kw_only=True):
    """One line of the daemon's own health report; `protocol.severity` tells warnings from what is well."""

    name: str
    ok: bool
    message: str


class Statistic(Payload, frozen=True, kw_only=True):
    """What was done in one interval, or for one preset, camera or session."""

    key: Annotated[
        str,
        Meta(description="start of the interval, or the name when grouped by preset, camera, session"),
    ]
    photos: int
    failed: int
    bytes_read: int
    bytes_written: int
    busy_usec: int
    median_usec: Annotated[int, Meta(description="from the file's arrival to its JPEG in place")]
    p95_usec: int
