"""How fast, how surely and how cheaply photos are found.

Run by hand: python tests/bench/intake.py [--drops 200] [--burst 3000] [--sessions 500] [--photos 200]
             [--watch-seconds 60] [--folder DIR] [drops|burst|idle …]

drops: last byte written to development started on an idle queue: by copy, as FTP servers do, by rename.
burst: thousands of files at once while the system keeps only a few events, where that can be asked for.
idle: memory, and what it costs to watch a library in which nothing happens.
"""

from __future__ import annotations

import sys
from pathlib import Path

# The standard library has modules of some names in this folder: it must come last.
sys.path.append(sys.path.pop(0))
sys.path.insert(0, str(Path(__file__).parents[1]))

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime

import anyio
from start import make_library

from darkroom.client import Client
from make import make_dng
from running import Daemon, running

QUEUED_EVENTS = Path("/proc/sys/fs/inotify/max_queued_events")
FEW_EVENTS = "64"
PAUSE_SECONDS = 0.2
SETTLING_SECONDS = 130.0
PATIENCE_SECONDS = 300.0


def since_epoch() -> float:
    return datetime.now().timestamp()  # noqa: DTZ005 - seconds since the epoch


def by_copy(source: Path, raw: Path, name: str) -> float:
    """Write in pieces, as a copy does; return the time at which the last byte was written."""
    with source.open("rb") as reading, (raw / name).open("wb") as writing:
        shutil.copyfileobj(reading, writing, 1 << 16)
    return since_epoch()


def by_ftp(source: Path, raw: Path, name: str) -> float:
    """Write over a second with a stall in the middle, as an FTP server does for a camera."""
    data = source.read_bytes()
    step = len(data) // 4 + 1
    with (raw / name).open("wb") as writing:
        for start in range(0, len(data), step):
            time.sleep(PAUSE_SECONDS)
            writing.write(data[start : start + step])
            writing.flush()
    return since_epoch()


def by_rename(source: Path, raw: Path, name: str) -> float:
    """Write beside and rename into place; return the time of the rename."""
    temporary = raw.parent / name
    shutil.copyfile(source, temporary)
    temporary.replace(raw / name)
    return since_epoch()


def seconds_to_start(daemon: Daemon, complete_at: float) -> float:
    started = daemon.wait_for("item_started")
    daemon.wait_for("item_developed")
    return datetime.fromisoformat(started["timestamp"]).timestamp() - complete_at


def drops(folder: Path, options: argparse.Namespace) -> None:
    """Time drops, each on an idle queue."""
    raw = folder / "session" / "Raw"
    raw.mkdir(parents=True)
    source = make_dng(folder / "source.dng", width=960, height=640)
    ways: tuple[Callable[[Path, Path, str], float], ...] = (by_copy, by_ftp, by_rename)
    # The waits of a daemon that nobody configured: this is what a user sees.
    with running(folder, "--session", str(raw.parent), config="") as daemon:
        daemon.wait_for("session_found")
        for way in ways:
            times = sorted(
                seconds_to_start(daemon, way(source, raw, f"{way.__name__}{drop}.dng"))
                for drop in range(options.drops)
            )
            p50, p99 = statistics.median(times), times[min(len(times) - 1, round(len(times) * 0.99))]
            print(f"{way.__name__}: p50 {p50:.3f} s, p99 {p99:.3f} s, slowest {times[-1]:.3f} s")
        daemon.stop()


def burst(folder: Path, options: argparse.Namespace) -> None:
    """Drop thousands of files at once on a daemon whose watcher may lose nearly all events."""
    raw = folder / "session" / "Raw"
    raw.mkdir(parents=True)
    source = make_dng(folder / "source.dng")
    before = QUEUED_EVENTS.read_text() if os.access(QUEUED_EVENTS, os.W_OK) else None
    print(
        "the queue of events "
        + ("cannot be made smaller here" if before is None else f"is {FEW_EVENTS} long")
    )
    try:
        if before is not None:
            QUEUED_EVENTS.write_text(FEW_EVENTS)
        with running(folder, "--session", str(raw.parent), config="") as daemon:
            daemon.wait_for("session_found")
            if before is not None:
                # The daemon's own queue got its length when it was made.
                QUEUED_EVENTS.write_text(before)
            with Client(daemon.socket) as client:
                client.pause_queue()
            drop_all(daemon, source, raw, options.burst)
            daemon.stop()
    finally:
        if before is not None:
            QUEUED_EVENTS.write_text(before)


def drop_all(daemon: Daemon, source: Path, raw: Path, count: int) -> None:
    """Write files as fast as a child process can, and wait until all are queued."""
    begun = time.monotonic()
    writer = os.fork()
    if writer == 0:
        data = source.read_bytes()
        for number in range(count):
            (raw / f"IMG_{number:05}.DNG").write_bytes(data)
        os._exit(0)
    queued: Counter[str] = Counter()
    deadline = begun + PATIENCE_SECONDS
    while len(queued) < count and (line := daemon.next_line(deadline)) is not None:
        if line.get("event") == "photo_queued":
            queued[line["raw"]] += 1
    took = time.monotonic() - begun
    os.waitpid(writer, 0)
    twice = sum(times > 1 for times in queued.values())
    print(f"burst of {count}: {len(queued)} queued, {twice} of them twice, after {took:.1f} s")


def idle(folder: Path, options: argparse.Namespace) -> None:
    """Watch a library of photos that are all developed."""
    root = folder / "photos"
    anyio.run(lambda: make_library(folder, root, sessions=options.sessions, photos=options.photos))
    with running(folder, "--root", str(root), "--log-level", "info", config="") as daemon:
        begun = time.monotonic()
        daemon.wait_for_all("session_found", options.sessions)
        print(f"{options.sessions} sessions looked at {time.monotonic() - begun:.1f} s after ready")
        status = Path(f"/proc/{daemon.process.pid}/status")
        print(" ".join(line for line in status.read_text().splitlines() if line.startswith("VmRSS")))
        # Until the worker that tried the pipeline has ended, and each folder was listed a second time.
        time.sleep(SETTLING_SECONDS)
        seconds, wakes = seconds_spent(daemon.process.pid), times_woken(daemon.process.pid)
        time.sleep(options.watch_seconds)
        seconds = seconds_spent(daemon.process.pid) - seconds
        share = seconds / options.watch_seconds
        print(f"idle for {options.watch_seconds} s: {seconds:.2f} s of CPU ({share:.2%})")
        # Threads that ended meanwhile did little.
        for task, times in times_woken(daemon.process.pid).items():
            rate = (times - wakes.get(task, 0)) / options.watch_seconds
            print(f"  thread {task}: {rate:.1f} wake-ups a second")
        daemon.stop()


def seconds_spent(pid: int) -> float:
    """Return the CPU seconds of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def times_woken(pid: int) -> dict[str, int]:
    """Return how often each thread of a process went to sleep by itself, and so was woken."""
    found: dict[str, int] = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        for line in (task / "status").read_text().splitlines():
            if line.startswith("voluntary_ctxt_switches"):
                found[task.name] = int(line.split()[1])
    return found


PARTS = {"drops": drops, "burst": burst, "idle": idle}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help="what to measure (default: all)")
    parser.add_argument("--drops", type=int, default=200)
    parser.add_argument("--burst", type=int, default=3000)
    parser.add_argument("--sessions", type=int, default=500)
    parser.add_argument("--photos", type=int, default=200, help="in each session")
    parser.add_argument("--watch-seconds", type=int, default=60)
    parser.add_argument("--folder", type=Path, help="on the disk to be measured (default: the temporary one)")
    options = parser.parse_args()
    for part in options.parts or PARTS:
        with tempfile.TemporaryDirectory(dir=options.folder) as name:
            PARTS[part](Path(name).resolve(), options)


if __name__ == "__main__":
    main()
