"""What a call costs and how long it takes, side by side with other servers on a Unix socket.

Run by hand: python tests/bench/ipc.py [--calls 3000] [--rounds 9] [--photos 40] [--folder DIR]
To compare with aiohttp, install it where it is in nobody's way, and name the place:
    pip install --target PEERS -r tests/bench/requirements.txt
    PYTHONPATH=PEERS python tests/bench/ipc.py
One interleaved run: everyone in turn, several rounds, the median. All are asked the same question, what they
are; the daemon also where everything stands, whose counters are in its database: idle, and while it develops
24-megapixel photos. Then the others, too, are asked once more, for what the machine has left for them. CPU is
that of the server alone, all threads, by the word of the scheduler.
"""

from __future__ import annotations

import sys
from pathlib import Path

# The standard library has a module of a name in this folder: it must not come first, nor at all.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).parents[1]))

import argparse
import importlib.util
import os
import selectors
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from darkroom import Client
from make import make_dng

INFO: Final = b'{"method":"org.varlink.service.GetInfo"}\0'
SUMMARY: Final = b'{"method":"io.darkroomd.Darkroom.GetSummary"}\0'
HTTP: Final = b"GET /info HTTP/1.1\r\nHost: localhost\r\n\r\n"
START_SECONDS: Final = 30.0
WATCHERS: Final = 50
WATCH_SECONDS: Final = 10
DEVELOPING_ROUNDS: Final = 3
DEVELOPING_SECONDS: Final = 0.25
"""For each photo that there is."""


def count_varlink(received: bytearray) -> int:
    """Take whole replies out of what was received; return how many."""
    count = received.count(b"\0")
    del received[: received.rfind(b"\0") + 1]
    return count


def count_http(received: bytearray) -> int:
    count = 0
    while (end := received.find(b"\r\n\r\n")) >= 0:
        head = bytes(received[:end]).lower()
        length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
        if len(received) < end + 4 + length:
            break
        del received[: end + 4 + length]
        count += 1
    return count


@dataclass
class Line:
    """One connection: what was received on it, and how many calls are not answered since when."""

    connection: socket.socket
    received: bytearray = field(default_factory=bytearray)
    open_calls: int = 0
    sent_at: float = 0.0


@dataclass(frozen=True)
class Sample:
    """What came of many calls; times in seconds."""

    seconds: float
    waits: list[float]
    cpu_seconds: float

    @property
    def per_second(self) -> float:
        return len(self.waits) / self.seconds

    @property
    def cpu_usec(self) -> float:
        return self.cpu_seconds / len(self.waits) * 1e6

    def wait_ms(self, percent: int) -> float:
        return statistics.quantiles(self.waits, n=100)[percent - 1] * 1e3


@dataclass(frozen=True)
class Server:
    """Who is asked, and how."""

    name: str
    pid: int
    path: Path
    question: bytes
    count: Callable[[bytearray], int] = count_varlink

    def cpu_seconds(self) -> float:
        """Return how long all its threads have computed."""
        tasks = Path(f"/proc/{self.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(self.path))
        return connection


def ask(server: Server, *, clients: int, ahead: int, go_on: Callable[[int], bool]) -> Sample:
    """Ask as long as `go_on` says so of the number of calls so far; each client sends `ahead` at once."""
    waits: list[float] = []
    asked = 0
    with selectors.DefaultSelector() as selector:
        lines = [Line(server.connect()) for _ in range(clients)]
        for line in lines:
            # To be let in is not part of what is measured.
            send(line, server.question, 1)
            while not server.count(line.received):
                line.received += line.connection.recv(1 << 16)
        cpu, start = server.cpu_seconds(), time.perf_counter()
        for line in lines:
            selector.register(line.connection, selectors.EVENT_READ, line)
            send(line, server.question * ahead, ahead)
            asked += ahead
        while selector.get_map():
            for key, _ in selector.select(START_SECONDS):
                line = key.data
                line.received += line.connection.recv(1 << 16)
                answered = server.count(line.received)
                waits += [time.perf_counter() - line.sent_at] * answered
                line.open_calls -= answered
                if line.open_calls:
                    continue
                if go_on(asked):
                    send(line, server.question * ahead, ahead)
                    asked += ahead
                else:
                    selector.unregister(line.connection)
        seconds = time.perf_counter() - start
        cpu = server.cpu_seconds() - cpu
        for line in lines:
            line.connection.close()
    return Sample(seconds, waits, cpu)


def send(line: Line, questions: bytes, count: int) -> None:
    line.open_calls, line.sent_at = count, time.perf_counter()
    line.connection.sendall(questions)


def answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(str(path)) == 0


@contextmanager
def started(path: Path, *command: str, log: Path) -> Generator[int]:
    """Run a server until the block is left; yield its process id once it accepts connections."""
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, *command], stdin=subprocess.DEVNULL, stderr=output)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not answers(path):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{command} does not start: {log.read_text()}")
            os.sched_yield()
        yield process.pid
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def servers(folder: Path, held: ExitStack) -> list[Server]:
    """Start everyone; the first is the daemon, asked what the others are asked."""
    (folder / "root").mkdir()
    path = folder / "d.sock"
    options = ["--root", str(folder / "root"), "--socket", str(path), "--state-dir", str(folder / "state")]
    daemon = held.enter_context(
        started(path, "-m", "darkroomd", *options, "--log-level", "warning", log=folder / "d.log")
    )
    found = [Server("darkroomd", daemon, path, INFO)]
    for name in ("varlink", "asyncvarlink", "aiohttp"):
        if importlib.util.find_spec(name) is None:
            print(f"{name} is not installed and left out")
            continue
        path = folder / f"{name}.sock"
        script = str(Path(__file__).with_name("callees.py"))
        pid = held.enter_context(started(path, script, name, str(path), log=folder / f"{name}.log"))
        http = name == "aiohttp"
        found.append(Server(name, pid, path, HTTP if http else INFO, count_http if http else count_varlink))
    return found


def report(name: str, samples: list[Sample]) -> None:
    def middle(value: Callable[[Sample], float]) -> float:
        return statistics.median(map(value, samples))

    print(
        f"{name:44} {middle(lambda s: s.per_second):8.0f}/s  p50 {middle(lambda s: s.wait_ms(50)):7.2f} ms"
        f"  p99 {middle(lambda s: s.wait_ms(99)):7.2f} ms  CPU {middle(lambda s: s.cpu_usec):6.0f} µs/call",
        flush=True,
    )


SHAPES: Final = {
    "one client": {"clients": 1, "ahead": 1},
    "50 clients": {"clients": 50, "ahead": 1},
    "pipelined by 20": {"clients": 1, "ahead": 20},
}


def summary_of(daemon: Server) -> Server:
    """Return the daemon as one that is asked where everything stands."""
    return replace(daemon, question=SUMMARY)


def compare(everyone: list[Server], *, calls: int, rounds: int) -> None:
    """Ask everyone in turn, in each of the shapes."""
    for shape, how in SHAPES.items():
        samples: dict[str, list[Sample]] = {}
        for _ in range(rounds):
            for server in everyone:
                sample = ask(server, go_on=lambda asked: asked < calls, **how)
                samples.setdefault(server.name, []).append(sample)
        for name, found in samples.items():
            report(f"{name}, {shape}", found)


def develop(folder: Path, everyone: list[Server], *, photos: int) -> None:
    """Ask where everything stands while photos are developed, and everyone else what they are."""
    daemon = everyone[0]
    template = make_dng(folder / "template.dng", width=6000, height=4000)
    raw = folder / "root" / "party" / "Raw"
    raw.mkdir(parents=True)
    for number in range(photos):
        shutil.copy(template, raw / f"{number}.dng")
    in_turn = [(f"GetSummary, developing, {shape}", summary_of(daemon), how) for shape, how in SHAPES.items()]
    in_turn += [
        (f"{server.name}, developing, 50 clients", server, SHAPES["50 clients"]) for server in everyone
    ]
    # A photo takes longer than that, so that some are left at the end.
    seconds = photos * DEVELOPING_SECONDS / len(in_turn) / DEVELOPING_ROUNDS
    samples: dict[str, list[Sample]] = {}
    os.sync()
    with Client(daemon.path) as client:
        deadline = time.monotonic() + START_SECONDS
        while sum(session.photo_count for session in client.list_sessions()) < photos:
            if time.monotonic() > deadline:
                raise SystemExit("not all photos are found")
        for _ in range(DEVELOPING_ROUNDS):
            for name, server, how in in_turn:
                stop = time.monotonic() + seconds
                sample = ask(server, go_on=lambda _, stop=stop: time.monotonic() < stop, **how)
                samples.setdefault(name, []).append(sample)
        left = client.call("GetQueue")["queue"]["queuedItems"]
    if not left:
        raise SystemExit("all photos were developed before everyone was asked: ask for more with --photos")
    for name, found in samples.items():
        report(name, found)
    print(f"{photos - left} of {photos} photos were developed meanwhile")


def fan_out(daemon: Server) -> None:
    """Compare what two events a second cost without and with watchers."""
    watch = b'{"method":"io.darkroomd.Darkroom.Watch","more":true}\0'
    spent: list[float] = []
    for watchers in (0, WATCHERS):
        lines = [daemon.connect() for _ in range(watchers)]
        for line in lines:
            line.sendall(watch)
            line.recv(1 << 16)
        with Client(daemon.path) as client:
            before = daemon.cpu_seconds()
            for second in range(WATCH_SECONDS):
                client.call("ResumeQueue" if second % 2 else "PauseQueue")
                client.call("PauseQueue" if second % 2 else "ResumeQueue")
                for line in lines:
                    line.recv(1 << 16)
                time.sleep(1)
            client.call("ResumeQueue")
            spent.append((daemon.cpu_seconds() - before) / WATCH_SECONDS)
        for line in lines:
            line.close()
    share = (spent[1] - spent[0]) * 100
    print(f"{WATCHERS} watchers at two events a second: {share:.2f} % of a core beside the calls themselves")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--photos", type=int, default=40)
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name, ExitStack() as held:
        folder = Path(name)
        everyone = servers(folder, held)
        compare(everyone, calls=options.calls, rounds=options.rounds)
        daemon = summary_of(everyone[0])
        for shape, how in SHAPES.items():
            sample = ask(daemon, go_on=lambda asked: asked < options.calls, **how)
            report(f"GetSummary, idle, {shape}", [sample])
        fan_out(daemon)
        develop(folder, everyone, photos=options.photos)


if __name__ == "__main__":
    main()
