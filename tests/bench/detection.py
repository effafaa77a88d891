"""How long from the last byte of a photo to the start of its development, on an idle queue.

Run by hand: python tests/bench/detection.py [--drops 50]
Prints p50, p99 and the slowest, for files that are copied in and for files that are renamed in.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from datetime import datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from make import make_dng
from running import Daemon, running


def seconds_to_start(daemon: Daemon, complete_at: float) -> float:
    started = daemon.wait_for("item_started")
    daemon.wait_for("item_developed")
    return datetime.fromisoformat(started["timestamp"]).timestamp() - complete_at


def by_copy(source: Path, raw: Path, name: str) -> float:
    """Write in pieces, as a copy does; return the time at which the last byte was written."""
    with source.open("rb") as reading, (raw / name).open("wb") as writing:
        shutil.copyfileobj(reading, writing, 1 << 16)
    return datetime.now().timestamp()  # noqa: DTZ005 - seconds since the epoch


def by_rename(source: Path, raw: Path, name: str) -> float:
    """Write beside and rename into place; return the time of the rename."""
    temporary = raw.parent / name
    shutil.copyfile(source, temporary)
    temporary.replace(raw / name)
    return datetime.now().timestamp()  # noqa: DTZ005 - seconds since the epoch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--drops", type=int, default=50)
    drops = parser.parse_args().drops
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        raw = folder / "session" / "Raw"
        raw.mkdir(parents=True)
        source = make_dng(folder / "source.dng", width=960, height=640)
        # The waits of a daemon that nobody configured: this is what a user sees.
        with running(folder, "--session", str(raw.parent), config="") as daemon:
            for way in (by_copy, by_rename):
                times = sorted(
                    seconds_to_start(daemon, way(source, raw, f"{way.__name__}{drop}.dng"))
                    for drop in range(drops)
                )
                p50, p99 = statistics.median(times), times[min(len(times) - 1, round(len(times) * 0.99))]
                print(f"{way.__name__}: p50 {p50:.3f} s, p99 {p99:.3f} s, slowest {times[-1]:.3f} s")
            daemon.stop()


if __name__ == "__main__":
    main()
