"""What the daemon costs while nothing happens, and how soon it is ready, with little to watch and with much.

Run by hand: python tests/bench/idle.py [--minutes 10] [--sessions 500] [--photos 200] [--folder DIR]
The real daemon runs as under systemd: it tells how it is, and feeds a watchdog of a minute. Once it has ended
its first looks it is left alone. Told are its processor time, how often any of its threads was woken, and its
memory; the same for a library that is developed already, whose folders are looked at every 45 seconds.
"""

from __future__ import annotations

import sys
from pathlib import Path

# The standard library has modules of some names in this folder: it must not come first.
sys.path.append(sys.path.pop(0))
sys.path.insert(0, str(Path(__file__).parents[1]))

import argparse
import os
import tempfile
import time
from dataclasses import dataclass

import anyio
from start import make_library

from running import Daemon, running
from service_manager import ServiceManager, service_manager

SETTLE_SECONDS = 60.0
"""For what follows a start: first looks, records, the end of an idle worker."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What a process has cost so far."""

    cpu_seconds: float
    wake_ups: int
    resident_mb: float
    own_mb: float
    threads: int


def costs_of(pid: int) -> Costs:
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    status = fields_of(Path(f"/proc/{pid}/status"))
    tasks = list(Path(f"/proc/{pid}/task").iterdir())
    return Costs(
        cpu_seconds=(int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK"),
        wake_ups=sum(int(fields_of(task / "status")["voluntary_ctxt_switches"]) for task in tasks),
        resident_mb=int(status["VmRSS"].split()[0]) / 1000,
        own_mb=int(status["RssAnon"].split()[0]) / 1000,
        threads=len(tasks),
    )


def fields_of(status: Path) -> dict[str, str]:
    return dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)


def leave_alone(daemon: Daemon, manager: ServiceManager, seconds: float) -> None:
    """Only hear what it says, so that it need not wait for room, for as long as that."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        manager.hear(within_seconds=min(1.0, left))
        while daemon.next_line(0.0) is not None:
            continue


def measure(name: str, manager: ServiceManager, folder: Path, *arguments: str, seconds: float) -> None:
    began = time.perf_counter()
    with running(folder, *arguments, config="") as daemon:
        ready_seconds = time.perf_counter() - began
        leave_alone(daemon, manager, min(SETTLE_SECONDS, seconds))
        before = costs_of(daemon.process.pid)
        leave_alone(daemon, manager, seconds)
        after = costs_of(daemon.process.pid)
        daemon.stop()
    wake_ups = after.wake_ups - before.wake_ups
    print(
        f"{name}: ready {ready_seconds:.2f} s; in {seconds:.0f} s idle "
        f"{after.cpu_seconds - before.cpu_seconds:.2f} s of processor time, "
        f"{wake_ups} wake-ups ({wake_ups / seconds:.2f}/s), "
        f"{after.resident_mb:.1f} MB resident ({before.resident_mb:.1f} at its beginning), "
        f"{after.own_mb:.1f} MB of it its own, {after.threads} threads",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0, help="that each daemon is left alone")
    parser.add_argument("--sessions", type=int, default=500, help="of the library; 0: no library")
    parser.add_argument("--photos", type=int, default=200, help="in each session")
    parser.add_argument("--folder", type=Path, help="on the disk to be measured (default: the temporary one)")
    options = parser.parse_args()
    seconds = options.minutes * 60
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name).resolve()
        with service_manager(folder) as manager:
            os.environ |= {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "60000000"}
            for place in ("empty", "one", "many"):
                (folder / place).mkdir()
            measure("nothing to watch", manager, folder / "empty", seconds=seconds)
            session = folder / "one" / "wedding"
            (session / "Raw").mkdir(parents=True)
            measure("one session", manager, folder / "one", "--session", str(session), seconds=seconds)
            if options.sessions:
                root = folder / "many" / "photos"
                sessions, photos = options.sessions, options.photos
                anyio.run(lambda: make_library(folder / "many", root, sessions=sessions, photos=photos))
                arguments = ("--root", str(root))
                measure(f"{sessions * photos} photos", manager, folder / "many", *arguments, seconds=seconds)


if __name__ == "__main__":
    main()
