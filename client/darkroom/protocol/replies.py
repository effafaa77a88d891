"""What the methods of `io.darkroomd.Darkroom` reply; methods that reply the same share a value."""

from __future__ import annotations

from darkroom.protocol.types import (
    Check,
    Event,
    Inhibitor,
    Item,
    Job,
    LogLine,
    Output,
    Payload,
    Photo,
    Preset,
    Queue,
    Root,
    Session,
    Statistic,
    Summary,
)


class EmptyReply(Payload, frozen=True, kw_only=True):
    """It is done; there is nothing to tell."""


class SummaryReply(Payload, frozen=True, kw_only=True):
    """What a status line shows."""

    summary: Summary


class HealthReply(Payload, frozen=True, kw_only=True):
    """What the daemon says of itself; `ok` is whether every check is."""

    ok: bool
    version: str
    pid: int
    instance: str
    started_at_usec: int
    checks: tuple[Check, ...]


class ReloadReply(Payload, frozen=True, kw_only=True):
    """What a new configuration changed."""

    changed: tuple[str, ...]
    warnings: tuple[str, ...]


class StatisticsReply(Payload, frozen=True, kw_only=True):
    """What was done, by interval or name."""

    statistics: tuple[Statistic, ...]


class LogLinesReply(Payload, frozen=True, kw_only=True):
    """A page of log lines."""

    lines: tuple[LogLine, ...]
    next_cursor: str | None = None


class WatchReply(Payload, frozen=True, kw_only=True):
    """One event, and where to go on after it."""

    event: Event
    cursor: str


class InhibitReply(Payload, frozen=True, kw_only=True):
    """The inhibitor is in force."""

    inhibitor_id: int


class InhibitorsReply(Payload, frozen=True, kw_only=True):
    """Everyone who holds back work."""

    inhibitors: tuple[Inhibitor, ...]


class QueueReply(Payload, frozen=True, kw_only=True):
    """The queue as it is now."""

    queue: Queue


class StartedReply(Payload, frozen=True, kw_only=True):
    """The job that was made, found, or would be made."""

    job_id: int | None = None
    created: bool
    item_count: int


class RescanReply(Payload, frozen=True, kw_only=True):
    """The backfill job, if there is anything to do."""

    job_id: int | None = None
    item_count: int


class JobReply(Payload, frozen=True, kw_only=True):
    """One job."""

    job: Job


class JobsReply(Payload, frozen=True, kw_only=True):
    """A page of jobs."""

    jobs: tuple[Job, ...]
    next_cursor: str | None = None


class ItemReply(Payload, frozen=True, kw_only=True):
    """One item."""

    item: Item


class ItemsReply(Payload, frozen=True, kw_only=True):
    """A page of items."""

    items: tuple[Item, ...]
    next_cursor: str | None = None


class JobIdsReply(Payload, frozen=True, kw_only=True):
    """The jobs that were changed."""

    job_ids: tuple[int, ...]


class RetryReply(Payload, frozen=True, kw_only=True):
    """The jobs that go on, and how many items were queued again."""

    job_ids: tuple[int, ...]
    item_count: int


class CountReply(Payload, frozen=True, kw_only=True):
    """How many were changed."""

    count: int


class AddedSessionReply(Payload, frozen=True, kw_only=True):
    """The session, whether it is new, and its backfill job."""

    session: Session
    created: bool
    job_id: int | None = None


class SessionReply(Payload, frozen=True, kw_only=True):
    """One session."""

    session: Session


class SessionsReply(Payload, frozen=True, kw_only=True):
    """A page of sessions."""

    sessions: tuple[Session, ...]
    next_cursor: str | None = None


class AddedRootReply(Payload, frozen=True, kw_only=True):
    """The root, and whether it is new."""

    root: Root
    created: bool


class RootsReply(Payload, frozen=True, kw_only=True):
    """All roots."""

    roots: tuple[Root, ...]


class PhotoReply(Payload, frozen=True, kw_only=True):
    """One photo."""

    photo: Photo


class PhotosReply(Payload, frozen=True, kw_only=True):
    """A page of photos."""

    photos: tuple[Photo, ...]
    next_cursor: str | None = None


class PresetsReply(Payload, frozen=True, kw_only=True):
    """All presets."""

    presets: tuple[Preset, ...]


class OpenedOutputReply(Payload, frozen=True, kw_only=True):
    """An output, open for reading; the index is that of the descriptor in the message."""

    file_descriptor: int
    output: Output
