"""What is kept of photos that were developed or have failed, for statistics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from darkroomd.core.model import Photo, PhotoId
from darkroomd.core.statistics import Sample
from darkroomd.store.database import Database, Row

if TYPE_CHECKING:
    from darkroomd.store.queue import Ending

_NOT_WAITED_FOR: Final = -1
"""Stands for how long a photo waited that was developed before; the column takes no null."""


def was_developed(database: Database, photo_id: PhotoId) -> bool:
    """Whether there is an output of the photo as its file has been since it came."""
    row = database.one("was_developed", photo_id=photo_id)
    assert row is not None
    return bool(row["found"])


def take_sample(
    database: Database, row: Row, photo: Photo, ending: Ending, *, again: bool, now_usec: int
) -> None:
    """Keep the figures of an item that ended; `again`: its photo had been developed before."""
    on_the_wall = max(0, now_usec - (row["started_at_usec"] or now_usec))
    database.run(
        "insert_sample",
        ended_at_usec=now_usec,
        session_id=photo.session_id,
        preset_id=photo.preset_id,
        camera=photo.camera,
        failed=ending.output is None,
        bytes_read=photo.fingerprint.size_bytes,
        bytes_written=sum(output.size_bytes for output in ending.outputs),
        busy_usec=on_the_wall if ending.busy_usec is None else ending.busy_usec,
        latency_usec=_NOT_WAITED_FOR if again else max(0, now_usec - photo.arrived_at_usec),
        pixels=ending.pixels,
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
