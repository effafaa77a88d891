"""Makers of values for tests."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from darkroomd.core.model import Arrival, CorrelationId, Fingerprint, SessionId
from darkroomd.core.recipes import Recipe
from darkroomd.imaging.dng import Facts, Layout, Sensor, write_dng
from darkroomd.imaging.messages import Develop, Target
from darkroomd.imaging.samples import colour_chart

ARRIVED_AT_USEC: Final = 1_700_000_000_000_000


def make_dng(
    path: Path,
    *,
    width: int = 96,
    height: int = 64,
    layout: Layout = Layout.MOSAIC,
    sensor: Sensor | None = None,
    facts: Facts | None = None,
) -> Path:
    """Write a colour chart as a DNG of this stored size, which develops in milliseconds."""
    sensor = sensor or Sensor()
    picture = sensor.expose(colour_chart(width=width, height=height))
    write_dng(path, picture, layout=layout, sensor=sensor, facts=facts)
    return path


def make_develop(source: Path, *, part: Path | None = None, fence: int = 1, quality: int = 92) -> Develop:
    """Return a request to develop `source` into `part`, by default a file beside it."""
    return Develop(
        fence=fence,
        correlation_id=f"correlation-{fence}",
        job_id=1,
        item_id=fence,
        attempt=1,
        source=os.fsencode(source),
        targets=(
            Target(recipe=Recipe(quality=quality), part=os.fsencode(part or source.with_name(".part"))),
        ),
        adjustments={},
    )


def make_arrival(
    name: str,
    *,
    session_id: SessionId,
    inode: int = 2,
    correlation_id: str = "c",
    at_usec: int = ARRIVED_AT_USEC,
) -> Arrival:
    """Return a photo that settled, as intake hands it to the queue."""
    return Arrival(
        session_id=session_id,
        name=name,
        fingerprint=Fingerprint(device=1, inode=inode, size_bytes=9, mtime_ns=5, ctime_ns=6),
        look="look",
        preset_id=None,
        unsupported=(),
        warnings=(),
        correlation_id=CorrelationId(correlation_id),
        arrived_at_usec=at_usec,
    )


def raws() -> Path | None:
    """Return the folder of real camera files, or None where this machine has none."""
    named = os.environ.get("DARKROOM_RAWS")
    folder = Path(named) if named else Path(__file__).parents[2] / "shared" / "raws"
    return folder if folder.is_dir() else None


@dataclass
class Peak:
    """What Python objects took at most, in bytes; complete once the measuring has ended."""

    size_bytes: int = 0


@contextmanager
def peak_memory() -> Generator[Peak]:
    """Measure how much memory Python objects take at most meanwhile, beyond what they took before."""
    peak = Peak()
    tracemalloc.start()
    try:
        yield peak
        peak.size_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
