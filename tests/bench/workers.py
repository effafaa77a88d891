"""What several workers gain over one, and what each of them holds.

Run by hand: python tests/bench/workers.py [FILE] [--workers N] [--photos 24] [--rounds 3] [--megapixels 4]
Without a FILE a colour chart is written as an uncompressed DNG. The real daemon develops copies of it, with
one worker and with several in turn: from the first photo that is started to the last one that is recorded.
The least of the rounds counts: workers take what others leave, so a busy machine shows less than there is.
"""

from __future__ import annotations

import sys
from pathlib import Path

# The standard library has modules of some names in this folder: it must not come first, nor at all.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).parents[1]))

import argparse
import math
import os
import shutil
import tempfile
import time
from dataclasses import dataclass

from make import make_dng
from running import QUICK, Daemon, children_of, running


@dataclass(frozen=True)
class Turn:
    """What one daemon took for all photos, and its largest worker at most, in bytes."""

    seconds: float
    peak_bytes: int
    outputs: frozenset[bytes]


def peak_of(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)


def largest_worker(daemon: Daemon) -> int:
    return max(map(peak_of, children_of(daemon.process.pid)), default=0)


def develop(folder: Path, source: Path, *, photos: int, workers: int) -> Turn:
    """Develop copies of one file with a daemon of its own."""
    session = folder / "session"
    (session / "Raw").mkdir(parents=True)
    for number in range(photos):
        shutil.copy(source, session / "Raw" / f"{number:04}{source.suffix}")
    with running(folder, "--session", str(session), config=f"workers = {workers}\n{QUICK}") as daemon:
        daemon.wait_for("item_started")
        since = time.monotonic()
        for _ in range(photos):
            daemon.wait_for("item_developed")
        seconds = time.monotonic() - since
        peak_bytes = largest_worker(daemon)
        daemon.stop()
    outputs = frozenset(path.read_bytes() for path in (session / "Jpg").iterdir())
    shutil.rmtree(folder)
    return Turn(seconds, peak_bytes, outputs)


def chart(folder: Path, megapixels: float) -> Path:
    height = round(math.sqrt(megapixels * 1e6 / 1.5) / 2) * 2
    return make_dng(folder / "chart.DNG", width=height * 3 // 4 * 2, height=height)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--photos", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--megapixels", type=float, default=4.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = given.file or chart(folder, given.megapixels)
        turns: dict[int, list[Turn]] = {1: [], given.workers: []}
        for number in range(given.rounds):
            for workers, done in turns.items():
                place = folder / f"{number}-{workers}"
                done.append(develop(place, source, photos=given.photos, workers=workers))
    best = {workers: min(turn.seconds for turn in done) for workers, done in turns.items()}
    outputs = frozenset[bytes]().union(*(turn.outputs for done in turns.values() for turn in done))
    for workers, done in turns.items():
        peak = max(turn.peak_bytes for turn in done) / 1e6
        pace = given.photos / best[workers]
        sys.stdout.write(f"{workers} at a time: {pace:.2f} photos a second, {peak:.0f} MB a worker\n")
    sys.stdout.write(f"{best[1] / best[given.workers]:.2f} times as fast, {len(outputs)} different output\n")


if __name__ == "__main__":
    main()
