"""A thousand clients that misbehave and die, while photos are developed that must not suffer from it.

Run by hand: python tests/interop/soak.py [--photos 100] [--apart 1.2] [--per-second 10] [--size 6000x4000]
Photos arrive one at a time, so many seconds apart: two minutes of peace and two of storm. Spells of peace and
of storm take turns, so that what else the machine does troubles both alike: times from arrival to JPEG are
compared, and how much memory the daemon holds after each: what it takes more may not go on growing with the
clients. Its open files are counted before and after.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

import argparse
import json
import random
import shutil
import socket
import statistics
import struct
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Self

from make import make_dng
from running import Daemon, running

WATCH: Final = b'{"method":"io.darkroomd.Darkroom.Watch","more":true}\0'
SUMMARY: Final = b'{"method":"io.darkroomd.Darkroom.GetSummary"}\0'
LIST: Final = b'{"method":"io.darkroomd.Darkroom.ListJobs","parameters":{"limit":1000},"more":true}\0'
INHIBIT: Final = (
    b'{"method":"io.darkroomd.Darkroom.Inhibit","more":true,'
    b'"parameters":{"mode":"%s","who":"soak","why":"to see"}}\0'
)
LONGEST_WAIT_SECONDS: Final = 60.0
AT_ONCE: Final = 8
"""Misbehaving clients at a time; the machine has the photos to develop as well."""

PHOTOS_IN_A_SPELL: Final = 10

GROWTH_BYTES: Final = 4 << 20
"""What photos and the database's cache take: more from one half of the storms to the other is a leak."""

Mischief = Callable[[socket.socket], None]


def say_nothing(_: socket.socket) -> None:
    """Connect and die."""


def stop_in_the_middle(line: socket.socket) -> None:
    line.sendall(SUMMARY[:20])


def close_one_half(line: socket.socket) -> None:
    line.sendall(SUMMARY)
    line.shutdown(socket.SHUT_WR)
    line.recv(1 << 16)


def reset(line: socket.socket) -> None:
    line.sendall(SUMMARY * 20)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def speak_noise(line: socket.socket) -> None:
    line.sendall(random.randbytes(1 << 12))  # noqa: S311 - noise


def speak_http(line: socket.socket) -> None:
    line.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    line.recv(1 << 10)


def speak_for_ever(line: socket.socket) -> None:
    line.sendall(b'{"method":"' + b"x" * (20 << 20))


def dig_deep(line: socket.socket) -> None:
    line.sendall(b'{"method":"a.B","parameters":{"a":' + b"[" * 500_000 + b"\0")


def read_nothing(line: socket.socket) -> None:
    line.sendall(LIST * 200)


def watch_and_die(line: socket.socket) -> None:
    line.sendall(WATCH)
    line.recv(1 << 10)


def watch_and_never_read(line: socket.socket) -> None:
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    line.sendall(WATCH)
    time.sleep(0.2)


def inhibit_for_a_moment(line: socket.socket) -> None:
    line.sendall(INHIBIT % b"start")


def dribble(line: socket.socket) -> None:
    for byte in SUMMARY:
        line.sendall(bytes([byte]))
    line.recv(1 << 16)


def ask_the_impossible(line: socket.socket) -> None:
    for method in ("GetJob", "Watch", "CancelJobs", "OpenOutput", "AddRoot", "Nonsense"):
        call = {"method": f"io.darkroomd.Darkroom.{method}", "parameters": {"jobId": 2**53 + 1}}
        line.sendall(json.dumps(call).encode() + b"\0")
    line.recv(1 << 16)


MISCHIEF: Final[tuple[Mischief, ...]] = (
    say_nothing,
    stop_in_the_middle,
    close_one_half,
    reset,
    speak_noise,
    speak_http,
    speak_for_ever,
    dig_deep,
    read_nothing,
    watch_and_die,
    watch_and_never_read,
    inhibit_for_a_moment,
    dribble,
    ask_the_impossible,
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the daemon holds; memory in bytes."""

    memory: int
    descriptors: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the storm did.

    Seconds are those from a photo's arrival to its JPEG, memory is in bytes after each spell of storm.
    """

    calm_seconds: list[float]
    storm_seconds: list[float]
    clients: int
    before: Standing
    after: Standing
    memory: list[int]

    @property
    def slowdown(self) -> float:
        """How much longer the middle photo took in the storm, as a share."""
        return statistics.median(self.storm_seconds) / statistics.median(self.calm_seconds) - 1

    @property
    def grew(self) -> bool:
        """Whether the later half of the storms took more memory for good than the earlier half did."""
        half = len(self.memory) // 2
        return max(self.memory[half:]) > max(self.memory[:half]) + GROWTH_BYTES

    @property
    def left_open(self) -> bool:
        """Whether files stayed open."""
        return self.after.descriptors > self.before.descriptors


def standing(pid: int) -> Standing:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    [memory] = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")]
    return Standing(int(memory) * 1024, len(list(Path(f"/proc/{pid}/fd").iterdir())))


class Storm:
    """Clients that come, misbehave and die, `per_second` of them, until the block is left."""

    def __init__(self, path: Path, *, per_second: float) -> None:
        self._path = path
        self._pause = AT_ONCE / per_second
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._rage, args=(number,)) for number in range(AT_ONCE)]
        self._counts = [0] * AT_ONCE

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(LONGEST_WAIT_SECONDS)

    @property
    def clients(self) -> int:
        return sum(self._counts)

    def _rage(self, number: int) -> None:
        chance = random.Random(number)  # noqa: S311 - the same mischief each time
        while not self._over.wait(chance.uniform(0, 2 * self._pause)):
            misbehave(self._path, MISCHIEF[(self._counts[number] + number) % len(MISCHIEF)])
            self._counts[number] += 1


def misbehave(path: Path, mischief: Mischief) -> None:
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(5.0)
        try:
            line.connect(str(path))
            mischief(line)
        except OSError:
            # The daemon has every right to hang up.
            return


def develop(session: Path, template: Path, names: list[str], *, apart: float = 0.0) -> list[float]:
    """Let photos arrive one after the other, so many seconds apart; return how long each took."""
    seconds = []
    due = time.monotonic()
    for name in names:
        time.sleep(max(0.0, due - time.monotonic()))
        due += apart
        part = session / "Raw" / f".{name}.part"
        shutil.copy(template, part)
        start = time.monotonic()
        part.rename(session / "Raw" / f"{name}.dng")
        output = session / "Jpg" / f"{name}.jpg"
        while not output.exists():
            if time.monotonic() > start + LONGEST_WAIT_SECONDS:
                raise TimeoutError(f"{name} was not developed")
            time.sleep(0.002)
        seconds.append(time.monotonic() - start)
    return seconds


def settle(daemon: Daemon, *, descriptors: int) -> Standing:
    """Return what the daemon holds once its files are closed again, or after a while all the same."""
    deadline = time.monotonic() + 10.0
    found = standing(daemon.process.pid)
    while found.descriptors > descriptors and time.monotonic() < deadline:
        time.sleep(0.05)
        found = standing(daemon.process.pid)
    return found


def drain(daemon: Daemon, over: threading.Event) -> None:
    """Read the daemon's log, which would hold it up if nobody did."""
    while not over.is_set():
        if daemon.next_line(time.monotonic() + 0.2) is None and daemon.process.poll() is not None:
            return
        daemon.lines.clear()


@dataclass(slots=True)
class Spells:
    """Peace and storm in turn, and how long photos took in each."""

    daemon: Daemon
    session: Path
    template: Path
    per_second: float
    apart: float
    descriptors: int
    clients: int = 0
    memory: list[int] = field(default_factory=list)
    calm_seconds: list[float] = field(default_factory=list)
    storm_seconds: list[float] = field(default_factory=list)

    def pass_by(self, *, photos: int) -> None:
        """Let so many photos arrive in peace, and as many in a storm, a few at a time."""
        for first in range(0, photos, PHOTOS_IN_A_SPELL):
            numbers = range(first, min(photos, first + PHOTOS_IN_A_SPELL))
            self.calm_seconds += self._develop(len(numbers))
            with Storm(self.daemon.socket, per_second=self.per_second) as storm:
                self.storm_seconds += self._develop(len(numbers))
            self.clients += storm.clients
            self.memory.append(self._memory())

    def _memory(self) -> int:
        return settle(self.daemon, descriptors=self.descriptors).memory

    def _develop(self, count: int) -> list[float]:
        done = len(self.calm_seconds) + len(self.storm_seconds)
        names = [f"{done + number}" for number in range(count)]
        return develop(self.session, self.template, names, apart=self.apart)


def soak(
    folder: Path,
    *,
    photos: int,
    per_second: float,
    apart: float,
    width: int,
    height: int,
    after_backup: bool = False,
) -> Outcome:
    """Develop photos in peace and in the storm, which may be begun after the first backup only.

    SQLite cannot close the file behind a backup while the queue has the same file open (it would lose its
    locks); it keeps that one for the next. Whoever soaks long enough to see a backup has to count from there.
    """
    template = make_dng(folder / "template.dng", width=width, height=height)
    session = folder / "root" / "party"
    (session / "Raw").mkdir(parents=True)
    over = threading.Event()
    with running(folder, "--root", str(folder / "root"), "--log-level", "info") as daemon:
        daemon.wait_for("session_found")
        if after_backup:
            daemon.wait_for("backup_made")
        reader = threading.Thread(target=drain, args=(daemon, over))
        reader.start()
        try:
            develop(session, template, ["first"])
            descriptors = standing(daemon.process.pid).descriptors
            # What is only built when it is first needed is not to be counted as growth.
            for mischief in MISCHIEF:
                misbehave(daemon.socket, mischief)
            before = settle(daemon, descriptors=descriptors)
            spells = Spells(daemon, session, template, per_second, apart, before.descriptors)
            spells.pass_by(photos=photos)
            after = settle(daemon, descriptors=before.descriptors)
        finally:
            over.set()
            reader.join(LONGEST_WAIT_SECONDS)
    return Outcome(
        calm_seconds=spells.calm_seconds,
        storm_seconds=spells.storm_seconds,
        clients=spells.clients,
        before=before,
        after=after,
        memory=spells.memory,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=int, default=100)
    parser.add_argument("--per-second", type=float, default=10.0)
    parser.add_argument("--apart", type=float, default=1.2, metavar="SECONDS")
    parser.add_argument("--size", default="6000x4000")
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    with tempfile.TemporaryDirectory() as name:
        outcome = soak(
            Path(name),
            photos=options.photos,
            per_second=options.per_second,
            apart=options.apart,
            width=width,
            height=height,
            after_backup=True,
        )
    calm, storm = statistics.median(outcome.calm_seconds), statistics.median(outcome.storm_seconds)
    sys.stdout.write(
        f"{outcome.clients} clients; a photo took {calm:.3f} s in peace, {storm:.3f} s in the storm\n"
        f"slowest: {max(outcome.calm_seconds):.3f} s and {max(outcome.storm_seconds):.3f} s\n"
        f"before {outcome.before}, after {outcome.after}\n"
        f"memory after each storm, in MB: {', '.join(f'{one / 1e6:.1f}' for one in outcome.memory)}\n"
    )
    late = outcome.slowdown > 0.10
    sys.exit("The storm was felt." if late or outcome.grew or outcome.left_open else 0)


if __name__ == "__main__":
    main()
