"""What is kept of photos that were developed or have failed, for statistics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from darkroomd.core.model import Photo, PhotoId
from darkroomd.core.statistics import Sample
from darkroomd.store.database import Database, Row

_NOT_WAITED_FOR: Final = -1
"""Stands for how long a photo waited that was developed before; the column takes no null."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What an item's work came to.

    Attributes:
        failed: there is no output.
        again: the photo had been developed before.
        bytes_written: size of all outputs.
        busy_usec: what it took.
        pixels: of the RAW file; None where that is not known.
    """

    failed: bool
    again: bool
    bytes_written: int
    busy_usec: int
    pixels: int | None


def was_developed(database: Database, photo_id: PhotoId) -> bool:
    """Whether there is an output of the photo as its file has been since it came."""
    row = database.one("was_developed", photo_id=photo_id)
    assert row is not None
    return bool(row["found"])


def take_sample(database: Database, photo: Photo, work: Work, *, now_usec: int) -> None:
    """Keep the figures of work that ended; `photo` is as that left it."""
    database.run(
        "insert_sample",
        ended_at_usec=now_usec,
        session_id=photo.session_id,
        preset_id=photo.preset_id,
        camera=photo.camera,
        failed=work.failed,
        bytes_read=photo.fingerprint.size_bytes,
        bytes_written=work.bytes_written,
        busy_usec=work.busy_usec,
        latency_usec=_NOT_WAITED_FOR if work.again else max(0, now_usec - photo.arrived_at_usec),
        pixels=work.pixels,
    )


def sample_from(row: Row) -> Sample:
    """Return a sample as it was kept, with the name of its session."""
    waited = row["latency_usec"]
    return Sample(
        ended_at_usec=row["ended_at_usec"],
        session=row["session_name"],
        preset=row["preset_id"],
        camera=row["camera"],
        failed=bool(row["failed"]),
        bytes_read=row["bytes_read"],
        bytes_written=row["bytes_written"],
        busy_usec=row["busy_usec"],
        latency_usec=None if waited == _NOT_WAITED_FOR else waited,
        pixels=row["pixels"],
    )
