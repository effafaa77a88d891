"""How long it takes to plan an archive, and to copy into one with proof.

Run by hand: python tests/bench/archive.py [--photos 5000] [--megabytes 25] [--rounds 7] [--folder DIR]
The plans are of photos 0.7 s apart, of a thousand in one second, and of photos without a time: into an empty
archive, and into one where all of them stand. Copies and `cp --preserve` with `fsync` of one file take turns;
both read it from memory.
"""

from __future__ import annotations

import sys
from pathlib import Path

# The standard library has modules of some names in this folder: it must not come first, nor at all.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).parents[1]))

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence

from archiving import copying
from darkroomd.core.archive_plan import ArchivePlan, ContentHashes, Entry, Source, Standing, plan_archive
from darkroomd.core.model import PhotoId, SessionId

SECOND = 1_777_626_487_000_000
IN_ONE_SECOND = 1000


def entry(number: int, *, taken_usec: int | None) -> Entry:
    """Return a photo; as of one camera without compression, all RAW files and sidecars have one size."""
    name = f"IMG_{number:05}.NEF"
    contents = {
        ".NEF": (25_000_000, f"raw {number}"),
        ".NEF.rrdata": (400, "look"),
        ".jpg": (number, f"jpg {number}"),
    }
    sources = tuple(
        Source(Path("/session", name + tail), tail, size_bytes, sha256)
        for tail, (size_bytes, sha256) in contents.items()
    )
    return Entry(PhotoId(f"{number:016x}"), SessionId("s"), name, taken_usec, sources)


def standing_after(plan: ArchivePlan) -> tuple[Standing, ContentHashes]:
    sizes: dict[str, dict[str, int | None]] = {}
    hashes: dict[str, str | None] = {}
    for place in plan.placements.values():
        for placed in place.missing:
            sizes.setdefault(place.folder, {})[placed.name] = placed.source.size_bytes
            hashes[place.path_of(placed)] = placed.source.sha256
    return Standing(sizes), ContentHashes(hashes)


def planned(entries: Sequence[Entry], standing: Standing, hashes: ContentHashes) -> tuple[ArchivePlan, float]:
    """Return the plan of all that the archive holds, and the seconds that it took, questions and all."""
    begun = time.perf_counter()
    plan = plan_archive(entries, standing)
    if not isinstance(plan, ArchivePlan):
        plan = plan_archive(entries, standing, hashes)
    assert isinstance(plan, ArchivePlan)
    return plan, time.perf_counter() - begun


def measure_plans(photos: int, rounds: int) -> None:
    cases = {
        f"{photos} photos": [entry(number, taken_usec=SECOND + number * 700_000) for number in range(photos)],
        f"{IN_ONE_SECOND} in a second": [
            entry(number, taken_usec=SECOND + number) for number in range(IN_ONE_SECOND)
        ],
        f"{photos} without a time": [entry(number, taken_usec=None) for number in range(photos)],
    }
    for label, entries in cases.items():
        empty, full = [], []
        for _ in range(rounds):
            plan, seconds = planned(entries, Standing({}), ContentHashes())
            empty.append(seconds)
            again, seconds = planned(entries, *standing_after(plan))
            full.append(seconds)
            assert (len(again.placements), again.bytes_needed) == (len(entries), 0)
        print(f"{label:24} empty archive {said(empty)}   all standing {said(full)}")


def measure_copies(folder: Path, size_bytes: int, rounds: int) -> None:
    copy = copying(folder, os.urandom(size_bytes))

    def plain() -> None:
        shutil.copy2(copy.source, copy.target)
        descriptor = os.open(copy.target, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)

    ways: dict[str, Callable[[], object]] = {"copied with proof": copy.run, "cp and fsync": plain}
    took: dict[str, list[float]] = {label: [] for label in ways}
    for _ in range(rounds):
        for label, work in ways.items():
            begun = time.perf_counter()
            work()
            took[label].append(time.perf_counter() - begun)
            copy.target.unlink()
    for label, seconds in took.items():
        print(f"{label:24} {said(seconds)}   {size_bytes / min(seconds) / 1e6:.0f} MB/s at best")


def said(seconds: Sequence[float]) -> str:
    return f"{min(seconds):.3f} s at best, {statistics.median(seconds):.3f} s median"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=5000)
    parser.add_argument("--megabytes", type=int, default=25)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--folder", type=Path, help="on the disk to measure; default: a temporary one")
    arguments = parser.parse_args()
    measure_plans(arguments.photos, arguments.rounds)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        measure_copies(Path(folder), arguments.megabytes << 20, arguments.rounds)


if __name__ == "__main__":
    main()
