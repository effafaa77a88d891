"""What the daemon costs while nothing happens, and how soon it is ready, with little to watch and with much.

Run by hand: python tests/bench/idle.py [--minutes 10] [--sessions 500] [--photos 200] [--folder DIR]
The real daemon runs as under systemd: it tells how it is, and feeds a watchdog of a minute. Once it has ended
its first looks it is left alone. Told are its processor time, how often any of its threads was woken, and its
memory; the same for a session, and a library that is developed already, which are looked at every 45 seconds.
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
from collections.abc import Sequence
from contextlib import ExitStack
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


class Observed:
    """A daemon that is left alone."""

    def __init__(self, name: str, daemon: Daemon, ready_seconds: float) -> None:
        self.name = name
        self.daemon = daemon
        self.ready_seconds = ready_seconds
        self._before = costs_of(daemon.process.pid)

    def begin(self) -> None:
        self._before = costs_of(self.daemon.process.pid)

    def report(self, seconds: float) -> str:
        before, after = self._before, costs_of(self.daemon.process.pid)
        wake_ups = after.wake_ups - before.wake_ups
        return (
            f"{self.name}: ready {self.ready_seconds:.2f} s; in {seconds:.0f} s idle "
            f"{after.cpu_seconds - before.cpu_seconds:.2f} s of processor time, "
            f"{wake_ups} wake-ups ({wake_ups / seconds:.2f}/s), "
            f"{after.resident_mb:.1f} MB resident ({before.resident_mb:.1f} at its beginning), "
            f"{after.own_mb:.1f} MB of it its own, {after.threads} threads"
        )


def start(running_ones: ExitStack, name: str, folder: Path, *arguments: str) -> Observed:
    began = time.perf_counter()
    daemon = running_ones.enter_context(running(folder, *arguments, config=""))
    return Observed(name, daemon, time.perf_counter() - began)


def leave_alone(observed: Sequence[Observed], manager: ServiceManager, seconds: float) -> None:
    """Only hear what they say, so that they need not wait for room, for as long as that."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        manager.hear(within_seconds=min(1.0, left))
        for one in observed:
            while one.daemon.next_line(0.0) is not None:
                continue


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0, help="that the daemons are left alone")
    parser.add_argument("--sessions", type=int, default=500, help="of the library")
    parser.add_argument("--photos", type=int, default=200, help="in each session")
    parser.add_argument("--folder", type=Path, help="on the disk to be measured (default: the temporary one)")
    options = parser.parse_args()
    seconds = options.minutes * 60
    with tempfile.TemporaryDirectory(dir=options.folder) as name, ExitStack() as running_ones:
        folder = Path(name).resolve()
        empty, one, many = (folder / place for place in ("empty", "one", "many"))
        for place in (empty, one, many, one / "wedding" / "Raw"):
            place.mkdir(parents=True)
        sessions, photos = options.sessions, options.photos
        anyio.run(lambda: make_library(many, many / "photos", sessions=sessions, photos=photos))
        manager = running_ones.enter_context(service_manager(folder))
        os.environ |= {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "60000000"}
        observed = [
            start(running_ones, "nothing to watch", empty),
            start(running_ones, "one session", one, "--session", str(one / "wedding")),
            start(running_ones, f"{sessions * photos} photos", many, "--root", str(many / "photos")),
        ]
        leave_alone(observed, manager, min(SETTLE_SECONDS, seconds))
        for each in observed:
            each.begin()
        leave_alone(observed, manager, seconds)
        for each in observed:
            print(each.report(seconds))


if __name__ == "__main__":
    main()
