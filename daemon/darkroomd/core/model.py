"""The daemon's nouns: sessions, photos, jobs and items as immutable values.

Points in time are integers that end in `_usec`: microseconds since the Unix epoch, UTC.
Paths are `pathlib.Path`; names that are not UTF-8 carry surrogate escapes, as `os.fsdecode` makes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Generic, NewType, TypeVar

from darkroom.protocol.types import Failure, ItemState, JobState, Priority

SessionId = NewType("SessionId", str)
RootId = NewType("RootId", str)
PhotoId = NewType("PhotoId", str)
OutputId = NewType("OutputId", str)
CorrelationId = NewType("CorrelationId", str)
JobId = NewType("JobId", int)
ItemId = NewType("ItemId", int)

Entry = TypeVar("Entry")

RAW_FOLDER: Final = "Raw"
"""The folder of a session that RAW files arrive in."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a file's content cannot change without changing.

    `ctime_ns` is what catches a writer that resets `mtime_ns`.
    """

    device: int
    inode: int
    size_bytes: int
    mtime_ns: int
    ctime_ns: int


class PhotoState(StrEnum):
    """Where a photo stands, as `Photo.state` says it on the wire."""

    ARRIVING = "arriving"
    WAITING = "waiting"
    DEVELOPING = "developing"
    DEVELOPED = "developed"
    OUTDATED = "outdated"
    FAILED = "failed"
    MISSING = "missing"


class JobKind(StrEnum):
    """What a job is for."""

    DEVELOP = "develop"
    BACKFILL = "backfill"
    EXPORT = "export"
    ARCHIVE = "archive"


class WatchMode(StrEnum):
    """How a session's folder is observed."""

    EVENTS = "events"
    POLLING = "polling"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many photos of a session are in which state; one that was canceled has not failed."""

    photos: int = 0
    developed: int = 0
    pending: int = 0
    failed: int = 0
    discarded: int = 0
    canceled: int = 0


@dataclass(frozen=True, slots=True)
class Session:
    """A folder with `Raw/` and `Jpg/` that the daemon looks after."""

    id: SessionId
    name: str
    folder: Path
    preset_id: str | None
    counts: Counts
    created_at_usec: int
    changed_at_usec: int
    revision: int


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything an output was made from; equal inputs give equal bytes.

    Attributes:
        raw: the RAW file as it stood before and after development.
        raw_sha256: of the RAW file's bytes, hexadecimal.
        look: digest of the adjustments in the sidecar that a picture can depend on, and of the corrected
            time if there is one (see `imprint.dated_look`).
        recipe: digest of the recipe.
        pipeline: version of the pipeline, naming engine, look and libraries.
    """

    raw: Fingerprint
    raw_sha256: str
    look: str
    recipe: str
    pipeline: str


@dataclass(frozen=True, slots=True)
class Output:
    """A file that was published, and what it was made from."""

    id: OutputId
    photo_id: PhotoId
    recipe: str
    path: Path
    media_type: str
    size_bytes: int
    mtime_ns: int
    sha256: str
    inputs: Inputs
    created_at_usec: int


@dataclass(frozen=True, slots=True)
class Photo:
    """One RAW file of a session.

    Attributes:
        name: file name inside `Raw/`.
        fingerprint: of the RAW file when it settled.
        look: digest of the frozen adjustments alone.
        unsupported: adjustments in the sidecar that the pipeline does not honour.
        left_out: those among them that it would for another picture, such as a crop that misses this one.
        warnings: codes of things a person may want to look at, such as `sidecar.unreadable`.
        camera: make and model as the file has them, or empty.
        attempts: how often development was started since the file last changed.
        last_attempt_at_usec: when that was.
        arrived_at_usec: when the daemon first saw the file as it is now.
        discarded_by: who took the photo out of development, export and archive; None: nobody.
        rejected: by the rating in one of its XMP files, when they were last read.
        aged: outdated only because a newer pipeline would develop it differently; nothing is queued for it.
        zone_minutes: the camera's offset from UTC, where the file tells one; None: not known.
    """

    id: PhotoId
    session_id: SessionId
    name: str
    raw: Path
    fingerprint: Fingerprint
    look: str
    preset_id: str | None
    state: PhotoState
    discarded_by: str | None
    captured_at_usec: int | None
    corrected_at_usec: int | None
    unsupported: tuple[str, ...]
    warnings: tuple[str, ...]
    camera: str
    attempts: int
    last_attempt_at_usec: int | None
    outputs: tuple[Output, ...]
    failure: Failure | None
    correlation_id: CorrelationId
    arrived_at_usec: int
    revision: int
    aged: bool = False
    rejected: bool = False
    zone_minutes: int | None = None
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Past:
    """What a session's own record says of a photo that is new to the queue; see `Photo`."""

    attempts: int = 0
    last_attempt_at_usec: int | None = None
    discarded_by: str | None = None
    rejected: bool = False
    captured_at_usec: int | None = None
    corrected_at_usec: int | None = None
    camera: str = ""
    zone_minutes: int | None = None
    left_out: tuple[str, ...] = ()


NO_PAST: Final = Past()


@dataclass(frozen=True, slots=True)
class Arrival:
    """A settled, frozen photo as intake hands it to the queue.

    Attributes:
        past: counts only for a photo that is new to the queue.
        rejected: by the rating in one of its XMP files; None: they cannot be read, and what they said holds.
    """

    session_id: SessionId
    name: str
    fingerprint: Fingerprint
    look: str
    preset_id: str | None
    unsupported: tuple[str, ...]
    warnings: tuple[str, ...]
    correlation_id: CorrelationId
    arrived_at_usec: int
    rejected: bool | None = False
    past: Past = NO_PAST


@dataclass(frozen=True, slots=True)
class Progress:
    """A job's items by outcome; the rest is queued or running.

    Attributes:
        sized: how many of the rest were developed before, so that their size is known.
        sized_pixels: the sizes of these together.
    """

    total: int = 0
    running: int = 0
    completed: int = 0
    skipped: int = 0
    failed: int = 0
    canceled: int = 0
    sized: int = 0
    sized_pixels: int = 0
    current_item_id: ItemId | None = None
    current_photo_id: PhotoId | None = None
    remaining_usec: int | None = None

    @property
    def ended(self) -> int:
        """How many items are over, however they ended."""
        return self.completed + self.skipped + self.failed + self.canceled


@dataclass(frozen=True, slots=True)
class Wish:
    """What an export is to make.

    Attributes:
        recipes: names of those that are followed, in order; None: all that there are.
        forced: what is up to date is made once more.
    """

    recipes: tuple[str, ...] | None = None
    forced: bool = False


EVERYTHING: Final = Wish()
"""All that is not up to date."""


@dataclass(frozen=True, slots=True)
class Job:
    """A request for work and how far it is; `wish` is that of an export."""

    id: JobId
    kind: JobKind
    state: JobState
    state_reasons: tuple[str, ...]
    priority: Priority
    position: int | None
    session_id: SessionId | None
    label: str
    creator: str | None
    creator_uid: int | None
    progress: Progress
    failure: Failure | None
    correlation_id: CorrelationId
    created_at_usec: int
    started_at_usec: int | None
    ended_at_usec: int | None
    revision: int
    wish: Wish = EVERYTHING


@dataclass(frozen=True, slots=True)
class Item:
    """One photo's share of a job.

    Attributes:
        attempt: how often work on it was started; 0 before the first time.
        fence: number of the present claim; a result with another number is late.
        retry_at_usec: not to be started before this time.
        deaths: how often in a row the daemon died with this item in work; no failures of its own.
    """

    id: ItemId
    job_id: JobId
    photo_id: PhotoId | None
    recipe: str
    state: ItemState
    attempt: int
    fence: int | None
    retry_at_usec: int | None
    failure: Failure | None
    outputs: tuple[Output, ...]
    correlation_id: CorrelationId
    started_at_usec: int | None
    ended_at_usec: int | None
    deaths: int = 0


@dataclass(frozen=True, slots=True)
class Claim:
    """An item that was taken from the queue, with all that development needs.

    Attributes:
        failed_before: the photo had failed for good when the job was asked for.
    """

    item: Item
    job: Job
    photo: Photo
    session: Session
    fence: int
    failed_before: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[Entry]):
    """A part of a list, and where to go on.

    Attributes:
        next_cursor: None at the end.
        end_cursor: where to look for what is added later, in lists that only grow; None if that is not kept.
    """

    entries: tuple[Entry, ...]
    next_cursor: str | None = None
    end_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Happening:
    """A fact that watchers are told. `kind` says which of the other fields are set.

    Kinds are those of `Event` in the protocol. `sequence` is the number of the fact in the journal;
    None for what is never stored (progress, arriving).
    """

    kind: str
    at_usec: int
    session: Session | None = None
    photo: Photo | None = None
    job: Job | None = None
    item: Item | None = None
    job_id: JobId | None = None
    session_id: SessionId | None = None
    progress: Progress | None = None
    stage: str | None = None
    percent: int | None = None
    sequence: int | None = None
