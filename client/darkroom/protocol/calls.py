"""What the methods of `io.darkroomd.Darkroom` are called with: one value per method, named like it.

A parameter that is None is not sent; what that means stands at the method's description.
"""

from __future__ import annotations

from darkroom.protocol.types import (
    File,
    InhibitMode,
    Input,
    ItemState,
    JobFilter,
    JobOptions,
    JobState,
    Number,
    Priority,
)


class GetSummary(Input, frozen=True, kw_only=True):
    """Ask what a status line shows."""

    interval_usec: Number | None = None


class GetHealth(Input, frozen=True, kw_only=True):
    """Ask how the daemon is."""


class Reload(Input, frozen=True, kw_only=True):
    """Have the configuration read again."""


class GetStatistics(Input, frozen=True, kw_only=True):
    """Ask what was done in a time."""

    from_usec: Number | None = None
    until_usec: Number | None = None
    group_by: str | None = None


class ListLogLines(Input, frozen=True, kw_only=True):
    """Ask for log lines."""

    correlation_id: str | None = None
    job_id: Number | None = None
    item_id: Number | None = None
    minimum_level: str | None = None
    follow: bool | None = None
    limit: Number | None = None
    cursor: str | None = None


class Watch(Input, frozen=True, kw_only=True):
    """Ask to be told what happens."""

    cursor: str | None = None
    kinds: tuple[str, ...] | None = None
    job_ids: tuple[Number, ...] | None = None
    session_ids: tuple[str, ...] | None = None
    progress_interval_usec: Number | None = None


class Inhibit(Input, frozen=True, kw_only=True):
    """Hold back work."""

    mode: InhibitMode
    who: str
    why: str


class ListInhibitors(Input, frozen=True, kw_only=True):
    """Ask who holds back work."""


class GetQueue(Input, frozen=True, kw_only=True):
    """Ask for the queue as a whole."""


class PauseQueue(Input, frozen=True, kw_only=True):
    """Start nothing until resumed."""

    reason: str | None = None
    until_usec: Number | None = None
    finish_running: bool | None = None


class ResumeQueue(Input, frozen=True, kw_only=True):
    """End a pause of the queue."""


class StartExport(Input, frozen=True, kw_only=True):
    """Develop a session, or some of its photos, now."""

    session_id: str
    photo_ids: tuple[str, ...] | None = None
    recipes: tuple[str, ...] | None = None
    force: bool | None = None
    dry_run: bool | None = None
    options: JobOptions | None = None


class StartArchive(Input, frozen=True, kw_only=True):
    """Copy finished photos into year folders."""

    session_ids: tuple[str, ...]
    destination: File | None = None
    contents: str | None = None
    dry_run: bool | None = None
    options: JobOptions | None = None


class RescanSession(Input, frozen=True, kw_only=True):
    """Look for photos without an up-to-date output."""

    session_id: str
    options: JobOptions | None = None


class GetJob(Input, frozen=True, kw_only=True):
    """Ask for one job."""

    job_id: Number


class ListJobs(Input, frozen=True, kw_only=True):
    """Ask for jobs."""

    filter: JobFilter | None = None
    by_position: bool | None = None
    limit: Number | None = None
    cursor: str | None = None


class ListItems(Input, frozen=True, kw_only=True):
    """Ask for the items of a job."""

    job_id: Number
    states: tuple[ItemState, ...] | None = None
    limit: Number | None = None
    cursor: str | None = None


class GetItem(Input, frozen=True, kw_only=True):
    """Ask for one item."""

    item_id: Number


class WaitJob(Input, frozen=True, kw_only=True):
    """Wait for the end of a job."""

    job_id: Number
    timeout_usec: Number | None = None


class CancelJobs(Input, frozen=True, kw_only=True):
    """Cancel jobs with all their items."""

    job_ids: tuple[Number, ...]
    reason: str | None = None


class RetryJobs(Input, frozen=True, kw_only=True):
    """Queue what failed again."""

    job_ids: tuple[Number, ...]
    include_canceled: bool | None = None


class PauseJobs(Input, frozen=True, kw_only=True):
    """Start nothing more of these jobs until resumed."""

    job_ids: tuple[Number, ...]


class ResumeJobs(Input, frozen=True, kw_only=True):
    """End a pause of jobs."""

    job_ids: tuple[Number, ...]


class SetPriority(Input, frozen=True, kw_only=True):
    """Say how urgent jobs are."""

    job_ids: tuple[Number, ...]
    priority: Priority


class MoveJobs(Input, frozen=True, kw_only=True):
    """Put waiting jobs before another one."""

    job_ids: tuple[Number, ...]
    before_job_id: Number | None = None


class ClearJobs(Input, frozen=True, kw_only=True):
    """Forget ended jobs."""

    states: tuple[JobState, ...] | None = None
    ended_before_usec: Number | None = None


class AddSession(Input, frozen=True, kw_only=True):
    """Watch a folder as a session."""

    folder: File
    preset_id: str | None = None


class RemoveSession(Input, frozen=True, kw_only=True):
    """Forget a session."""

    session_id: str
    cancel_jobs: bool | None = None


class ListSessions(Input, frozen=True, kw_only=True):
    """Ask for sessions."""

    limit: Number | None = None
    cursor: str | None = None


class GetSession(Input, frozen=True, kw_only=True):
    """Ask for one session."""

    session_id: str


class SetSessionPreset(Input, frozen=True, kw_only=True):
    """Choose the preset of photos that arrive from now on."""

    session_id: str
    preset_id: str | None = None


class AddRoot(Input, frozen=True, kw_only=True):
    """Watch the sub-folders of a folder as sessions."""

    folder: File


class RemoveRoot(Input, frozen=True, kw_only=True):
    """Watch a root no more."""

    root_id: str


class ListRoots(Input, frozen=True, kw_only=True):
    """Ask for the roots."""


class ListPhotos(Input, frozen=True, kw_only=True):
    """Ask for the photos of a session."""

    session_id: str
    states: tuple[str, ...] | None = None
    discarded: bool | None = None
    limit: Number | None = None
    cursor: str | None = None


class GetPhoto(Input, frozen=True, kw_only=True):
    """Ask for one photo."""

    photo_id: str


class SetDiscarded(Input, frozen=True, kw_only=True):
    """Take photos out of export and archive, or back in."""

    photo_ids: tuple[str, ...]
    discarded: bool


class SetCaptureTime(Input, frozen=True, kw_only=True):
    """Correct when photos were taken."""

    photo_ids: tuple[str, ...]
    at_usec: Number | None = None
    offset_usec: Number | None = None
    clear: bool | None = None


class ApplyPreset(Input, frozen=True, kw_only=True):
    """Replace the frozen preset of photos."""

    photo_ids: tuple[str, ...]
    preset_id: str


class ListPresets(Input, frozen=True, kw_only=True):
    """Ask for the presets."""


class OpenOutput(Input, frozen=True, kw_only=True):
    """Ask for an output as an open file."""

    output_id: str
