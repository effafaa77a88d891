"""What was done when, and how long photos waited for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from enum import StrEnum
from functools import lru_cache
from typing import Final

from darkroom.protocol.types import Statistic
from darkroomd.core.model import Photo

USEC: Final = 1_000_000

QUARTER_SECONDS: Final = 900
"""Hours, days and months of every time zone in use begin at such a quarter, counted from the epoch."""


class Grouping(StrEnum):
    """What statistics are kept apart by, as `groupBy` says it on the wire."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"
    PRESET = "preset"
    CAMERA = "camera"
    SESSION = "session"


@dataclass(frozen=True, slots=True)
class Sample:
    """A photo that was developed or has failed for good.

    Attributes:
        ended_at_usec: when.
        session: its name.
        preset: id of the preset it was developed with; None: no preset.
        camera: make and model, or empty.
        failed: whether there is no JPEG of it.
        bytes_read: size of the RAW file.
        bytes_written: size of all outputs.
        busy_usec: from the start of its work to the end of it.
        latency_usec: from the file's arrival to its JPEG in place; None: it had one already. Of no meaning
            where it failed.
        pixels: of the RAW file; None where that is not known.
    """

    ended_at_usec: int
    session: str
    preset: str | None
    camera: str
    failed: bool
    bytes_read: int
    bytes_written: int
    busy_usec: int
    latency_usec: int | None
    pixels: int | None = None


@dataclass(slots=True)
class _Sum:
    photos: int = 0
    failed: int = 0
    bytes_read: int = 0
    bytes_written: int = 0
    busy_usec: int = 0
    latencies_usec: list[int] = field(default_factory=list[int])

    def add(self, sample: Sample) -> None:
        self.photos += 1
        self.bytes_read += sample.bytes_read
        self.bytes_written += sample.bytes_written
        self.busy_usec += sample.busy_usec
        if sample.failed:
            self.failed += 1
        elif sample.latency_usec is not None:
            self.latencies_usec.append(sample.latency_usec)

    def statistic(self, key: str) -> Statistic:
        latencies = sorted(self.latencies_usec)
        return Statistic(
            key=key,
            photos=self.photos,
            failed=self.failed,
            bytes_read=self.bytes_read,
            bytes_written=self.bytes_written,
            busy_usec=self.busy_usec,
            median_usec=nearest_rank(latencies, percent=50),
            p95_usec=nearest_rank(latencies, percent=95),
        )


def summarize(samples: Iterable[Sample], *, by: Grouping, zone: tzinfo) -> tuple[Statistic, ...]:
    """Return what the samples come to: intervals in order of time, or names in order of the alphabet.

    Keys of hours carry the offset (`2025-10-26T02:00:00+01:00`), as one hour of the year comes twice; keys of
    days and months are dates (`2025-10-01`), as a day need not have a midnight. The key of photos without a
    preset, or of which the camera is not known, is empty. Photos that failed, and those that were developed
    once more, are counted in `photos` too, but not in the median and the 95th percentile; these are 0 where
    there are no others.
    """
    sums: dict[tuple[int, str], _Sum] = {}
    for sample in samples:
        sums.setdefault(_place_and_key(sample, by, zone), _Sum()).add(sample)
    return tuple(sums[place, key].statistic(key) for place, key in sorted(sums))


def was_developed(photo: Photo) -> bool:
    """Tell whether there is an output of the photo as its file has been since it came."""
    return any(output.created_at_usec >= photo.arrived_at_usec for output in photo.outputs)


def nearest_rank(ordered: Sequence[int], *, percent: int) -> int:
    """Return the least of the ordered values that so many percent of them do not exceed; 0 of none."""
    rank = -(-len(ordered) * percent // 100)
    return ordered[rank - 1] if ordered else 0


def _place_and_key(sample: Sample, by: Grouping, zone: tzinfo) -> tuple[int, str]:
    """Return what groups are sorted by: seconds since the epoch for hours, otherwise the key alone."""
    match by:
        case Grouping.PRESET:
            return 0, sample.preset or ""
        case Grouping.CAMERA:
            return 0, sample.camera
        case Grouping.SESSION:
            return 0, sample.session
        case _:
            quarter = sample.ended_at_usec // USEC // QUARTER_SECONDS * QUARTER_SECONDS
            return _interval(quarter, by, zone)


@lru_cache(maxsize=8192)
def _interval(seconds: int, by: Grouping, zone: tzinfo) -> tuple[int, str]:
    ended = datetime.fromtimestamp(seconds, zone)
    if by is Grouping.HOUR:
        start = ended.replace(minute=0, second=0)
        # Summer time's text would sort after winter time's, which follows it.
        return int(start.timestamp()), start.isoformat()
    day = ended.date()
    return 0, (day if by is Grouping.DAY else day.replace(day=1)).isoformat()
