"""The tables of the configuration, as frozen structs that refuse unknown keys.

Every default stands here, or in `config` where it is of no table, and nowhere else.
"""

from __future__ import annotations

import os
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from darkroomd.core.precedence import RunningBackground
from darkroomd.core.presets import DEFAULT_PRESET_ID
from darkroomd.core.recipes import (
    Anchor,
    ColourSpace,
    Format,
    MetadataPolicy,
    Overlay,
    Recipe,
    Resize,
    Subsampling,
)

Seconds = Annotated[float, Meta(ge=0, le=86_400)]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]
Days = Annotated[float, Meta(ge=0, le=36_500)]
Rows = Annotated[int, Meta(ge=0, le=100_000_000)]
Length = Annotated[int, Meta(ge=1, le=65_000)]
Level = Literal["debug", "info", "warning", "error"]
Percent = Annotated[float, Meta(ge=0, le=100)]


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the configuration."""


class IntakeSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How photos are found and when they are complete.

    Attributes:
        quiet_seconds: a file that nobody has open for writing must have been left alone that long.
        patient_seconds: the same where the system cannot tell whether somebody has it open.
        scan_seconds: between two full looks at each folder; events only make it faster.
        poll_seconds: the same for file systems that send no events.
        extensions: of RAW files, without the dot; empty means all that LibRaw knows.
    """

    quiet_seconds: Seconds = 0.5
    patient_seconds: Seconds = 10.0
    scan_seconds: Annotated[float, Meta(ge=1, le=3600)] = 45.0
    poll_seconds: Annotated[float, Meta(ge=0.5, le=3600)] = 2.0
    extensions: tuple[str, ...] = ()


class WorkerSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The process that develops.

    Attributes:
        deadline_seconds: a photo that takes longer is stopped and counts as a failed attempt. Photos of more
            than 24 megapixels have longer in proportion, those of X-Trans sensors five times as long.
        idle_seconds: a worker without work is ended after that long.
        photos: a worker is replaced after that many.
        memory_mb: bound on the worker's address space; 0: by the size of each photo alone.
    """

    deadline_seconds: Annotated[float, Meta(ge=1, le=86_400)] = 120.0
    idle_seconds: Seconds = 30.0
    photos: Count = 500
    memory_mb: Annotated[int, Meta(ge=0, le=1 << 20)] = 0


class RetrySection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happens when a photo could not be developed.

    Attributes:
        waits_seconds: before the second, third … attempt.
        attempts: bound on them.
        environment_wait_seconds: before a full disk and its like is tried again.
    """

    waits_seconds: Annotated[tuple[Seconds, ...], Meta(min_length=1)] = (2.0, 10.0, 60.0)
    attempts: Count = 3
    environment_wait_seconds: Seconds = 5.0


class OverlaySection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A picture that is laid over the outputs of a recipe: a watermark, a logo, the frame of a booth.

    Attributes:
        file: of the PNG with transparency, absolute. It is read with the configuration.
        place: one of nine anchors, or "frame": stretched over the whole picture.
        scale_percent: its longer side in percent of the picture's shorter one; without meaning for a frame.
        margin_percent: distance from the edges in percent of the picture's shorter side.
        opacity_percent: 100 shows it as it is.
    """

    file: Annotated[str, Meta(min_length=1)]
    place: Anchor = Anchor.BOTTOM_RIGHT
    scale_percent: Annotated[float, Meta(gt=0, le=100)] = 20.0
    margin_percent: Percent = 2.0
    opacity_percent: Percent = 100.0

    def as_overlay(self, digest: str) -> Overlay:
        """Return the overlay, with this digest of its file's content."""
        return Overlay(
            path=os.fsencode(self.file),
            digest=digest,
            anchor=self.place,
            scale_percent=self.scale_percent,
            margin_percent=self.margin_percent,
            opacity_percent=self.opacity_percent,
        )


class RecipeSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How outputs are written: each `[[recipe]]` makes one of every photo.

    Attributes:
        name: of the recipe, for people and programs.
        folder: inside the session, one level deep. No two recipes write one format into one folder.
        file_name: template with {stem} or {sequence}, and {date}, {time}, {year}, {month}, {day}, {hour},
            {minute}, {second} of the capture; the suffix follows from the format.
        format: "jpeg", "webp", "png" or "tiff".
        quality: of JPEG 1 to 95, as Pillow counts; of WebP 1 to 100, where 100 is lossless.
        subsampling: of JPEG: "4:4:4", "4:2:2" or "4:2:0".
        bits: a channel, 8, or 16 for PNG and TIFF.
        long_edge, short_edge, box, megapixels: at most one of them sets the size: of the longer side, of the
            shorter one, width and height to fit into, or the area.
        enlarge: whether smaller pictures are enlarged to that.
        sharpening: of the finished size, 0 to 100.
        colour_space: "srgb" or "display-p3".
        metadata: "all", "no-gps" or "none" of what the camera says.
        artist, copyright: written instead of the camera's, if not empty; {year} and the like are filled in.
        overlay: laid over the picture.
    """

    name: str = "jpg"
    folder: str = "Jpg"
    file_name: str = "{stem}"
    format: Format = Format.JPEG
    quality: Annotated[int, Meta(ge=1, le=100)] = 92
    subsampling: Subsampling = Subsampling.FULL
    bits: Literal[8, 16] = 8
    long_edge: Length | None = None
    short_edge: Length | None = None
    box: tuple[Length, Length] | None = None
    megapixels: Annotated[float, Meta(gt=0, le=250)] | None = None
    enlarge: bool = False
    sharpening: Annotated[int, Meta(ge=0, le=100)] = 0
    colour_space: ColourSpace = ColourSpace.SRGB
    metadata: MetadataPolicy = MetadataPolicy.ALL
    artist: str = ""
    copyright: str = ""
    overlay: OverlaySection | None = None

    def as_recipe(self, *, overlay_digest: str = "") -> Recipe:
        """Return the recipe, with an overlay whose content has this digest."""
        return Recipe(
            name=self.name,
            folder=self.folder,
            file_name=self.file_name,
            format=self.format,
            quality=self.quality,
            subsampling=self.subsampling,
            bits=self.bits,
            resize=self._resize,
            sharpening=self.sharpening,
            colour_space=self.colour_space,
            overlay=None if self.overlay is None else self.overlay.as_overlay(overlay_digest),
            artist=self.artist,
            copyright=self.copyright,
            metadata=self.metadata,
        )

    @property
    def _resize(self) -> Resize | None:
        sizes = ("long_edge", "short_edge", "box", "megapixels")
        wishes = {size: getattr(self, size) for size in sizes if getattr(self, size) is not None}
        return Resize(**wishes, enlarge=self.enlarge) if wishes else None


class DaemonSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The daemon itself.

    Attributes:
        stop_seconds: how long a photo that is being developed may take to its end when the daemon is stopped.
    """

    stop_seconds: Annotated[float, Meta(ge=0, le=60)] = 7.0


class SocketSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may call at the socket, beside the daemon's own user and root.

    Attributes:
        group: name or number of a group whose members may; empty: none.
        group_role: "reader": they may look at everything; "operator": they may change it as well, but for the
            configuration.
        allowed_roots: absolute folders in which they may name paths; none: they may name none.
    """

    group: str = ""
    group_role: Literal["reader", "operator"] = "reader"
    allowed_roots: tuple[str, ...] = ()


class ScheduleSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When work may run; what a person asked for runs at any time.

    Attributes:
        allow: windows by the local clock such as "22:00-07:00"; none: always.
    """

    allow: tuple[str, ...] = ()


class HistorySection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long, and how much, is kept of what is over; whichever bound is reached first.

    Attributes:
        job_days: ended jobs with their items.
        items: items of all jobs; too many, and the jobs that ended first are dropped.
        log_days: log lines of photos.
        log_lines: newest of them.
        event_days: events that a watcher can still ask for.
        events: newest of them.
        sample_days: figures of developed photos, which statistics are made from.
        samples: newest of them.
    """

    job_days: Days = 90.0
    items: Rows = 500_000
    log_days: Days = 90.0
    log_lines: Rows = 100_000
    event_days: Days = 30.0
    events: Annotated[int, Meta(ge=0, le=20_000)] = 20_000
    sample_days: Days = 1100.0
    samples: Rows = 1_000_000


class PresetsSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Presets, and what becomes of photos whose sidecar asks for more than can be done.

    Attributes:
        folder: of the preset files, absolute; empty: `presets` beside the configuration.
        default: id of the preset in force where a session has none.
        strict: a photo with adjustments that are not honoured fails.
        unreadable_sidecar: what becomes of a photo whose sidecar cannot be read: "develop" keeps the sidecar
            aside and develops with the preset in force, "fail" leaves it where it is and fails the photo.
    """

    folder: str = ""
    default: Annotated[str, Meta(min_length=1)] = DEFAULT_PRESET_ID
    strict: bool = False
    unreadable_sidecar: Literal["develop", "fail"] = "develop"


class ArchiveSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where photos are filed away, and how.

    Attributes:
        destination: folder, absolute; empty: whoever asks for an archive names one.
        method: "copy"; "reflink" shares blocks and "hardlink" files, where the file system can: both need no
            space, and what happens to the disk happens to both. A hard link is the original, and stays it.
        contents: "both", "outputs" or "originals".
    """

    destination: str = ""
    method: Literal["copy", "reflink", "hardlink"] = "copy"
    contents: Literal["both", "outputs", "originals"] = "both"


class FailuresSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a job has failed so often that the rest of it is not tried.

    Attributes:
        least_tried: photos that must have been tried before.
        most_percent: share of them that may fail; 100: all.
    """

    least_tried: Count = 20
    most_percent: Annotated[int, Meta(ge=0, le=100)] = 50


class ExportSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What people ask for, beside what the daemon does by itself.

    Attributes:
        running_background: what becomes of photos that are in work in the background when something of high
            priority comes to wait: "finish" them, or "stop" them and do them again later.
    """

    running_background: RunningBackground = RunningBackground.FINISH


class LogLevelsSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Least levels of the log lines of single parts; where none is given, that of `[log]` counts.

    Attributes:
        daemon: start and end, configuration, housekeeping, and whatever is no other part.
        api: calls and connections.
        archive: archives.
        disks: disks that do not answer.
        intake: folders that are watched, files that arrive, sidecars.
        presets: preset files, and presets of sessions.
        queue: what is developed, exported and retried, and what it waits for.
        records: `boothy.session.json`.
        worker: the processes that develop.
    """

    daemon: Level | None = None
    api: Level | None = None
    archive: Level | None = None
    disks: Level | None = None
    intake: Level | None = None
    presets: Level | None = None
    queue: Level | None = None
    records: Level | None = None
    worker: Level | None = None


class LogSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is written to the log.

    Attributes:
        level: least level of lines: "debug", "info", "warning" or "error".
        levels: of single parts.
    """

    level: Level = "info"
    levels: LogLevelsSection = LogLevelsSection()


class MetricsSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Figures for monitoring; `darkroom stats --openmetrics` prints them in any case.

    Attributes:
        file: that they are written to every 15 seconds, absolute, and named `.prom` at its end, such as
            `/var/lib/prometheus/node-exporter/darkroomd.prom`; empty: none.
    """

    file: str = ""


class BackupSection(Section, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Copies of the queue database that are made while it is in use.

    Attributes:
        keep: newest backups that are kept; 0: none are made.
        every_hours: between two backups. What was missed is made up for after a start.
        folder: absolute, best on another disk, and of no other daemon; empty: `backups` in the state folder.
    """

    keep: Annotated[int, Meta(ge=0, le=1000)] = 7
    every_hours: Annotated[float, Meta(ge=0.1, le=8760)] = 24.0
    folder: str = ""
