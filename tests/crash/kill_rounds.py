"""Kill the real daemon again and again under load, then hold it to its promises.

Usage: kill_rounds.py [--rounds N] [--seed N] [--seconds N] [--workers N]

Each round photos arrive, clients pause, cancel, retry, move, export and inhibit at random, and the daemon
(sometimes its worker first) gets SIGKILL at a random time; one watcher goes on by its cursor through all of
it. In the end every photo must be developed to the bytes of an undisturbed run with one worker, and nothing
may be left over.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from darkroom.client.blocking import Client
from darkroom.errors import DarkroomError
from darkroom.protocol.types import InhibitMode, JobState, Priority
from make import make_dng
from promises import tell
from running import Daemon, children_of, has_ended, running

CONFIG = """
[intake]
quiet_seconds = 0.05
scan_seconds = 1
[worker]
idle_seconds = 60
[export]
running_background = "stop"
[retry]
waits_seconds = [0.4, 2.0]
environment_wait_seconds = 0.2
"""
LONGEST_LIFE_SECONDS = 1.2
"""Shorter than the second wait: whoever kills at random must not look like a photo that does."""

VARIANTS = 6
MOST_PHOTOS = 400
MOST_ATTEMPTS = 6
"""Two deaths of the daemon before the third is proof, three tries of its own, and the one that succeeds."""

WORKER_KILLS = 1
"""Of one photo: from the outside or not, a worker that dies with a photo is that photo's failure."""

END_SECONDS = 60.0

WATCH_SECONDS = 60.0
"""How long the watcher waits for a daemon: longer than a start on a busy machine."""


@dataclass
class Rounds:
    """What the rounds have done so far."""

    folder: Path
    chance: random.Random
    config: str
    photos: dict[str, int] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)
    worker_kills: Counter[int] = field(default_factory=Counter)
    workers: set[int] = field(default_factory=set)

    @property
    def session(self) -> Path:
        return self.folder / "session"

    def add_photo(self) -> None:
        """Let one of the variants arrive by a rename, under a name of its own."""
        variant = self.chance.randrange(VARIANTS)
        name = f"{len(self.photos):04}.DNG"
        waiting = self.folder / "waiting.DNG"
        waiting.write_bytes((self.folder / f"{variant}.DNG").read_bytes())
        waiting.rename(self.session / "Raw" / name)
        self.photos[name] = variant

    def act(self) -> None:
        """Do one thing to the queue that a client may do; the daemon may be gone at any moment."""
        name, action = self.chance.choice(ACTIONS)
        with Client(self.folder / "d.sock", timeout=5.0) as client, suppress(DarkroomError):
            jobs = [job.id for job in client.list_jobs()][:20]
            if jobs:
                action(client, self.chance.sample(jobs, min(2, len(jobs))))
                self.done[name] += 1

    def note(self, line: dict[str, object] | None, daemon: Daemon) -> None:
        """Look at a line of the log; now and then kill the worker that it speaks of."""
        if line is None or line.get("event") != "stage_entered":
            return
        worker, item = line["worker"], line["item"]
        assert isinstance(worker, int)
        assert isinstance(item, int)
        self.workers.add(worker)
        wanted = self.chance.random() < 0.1 and self.worker_kills[item] < WORKER_KILLS
        if wanted and worker in children_of(daemon.process.pid):
            self.worker_kills[item] += 1
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
            self.done["kill the worker"] += 1


Action = Callable[[Client, list[int]], object]
ACTIONS: list[tuple[str, Action]] = [
    ("cancel", lambda client, jobs: client.cancel_jobs(jobs[:1])),
    ("retry", lambda client, jobs: client.retry_jobs(jobs[:1], include_canceled=True)),
    ("pause jobs", lambda client, jobs: client.pause_jobs(jobs)),
    ("resume jobs", lambda client, jobs: [client.resume_jobs([job]) for job in jobs]),
    ("pause", lambda client, _: client.pause_queue(reason="at random", finish_running=False)),
    ("resume", lambda client, _: client.resume_queue()),
    ("resume", lambda client, _: client.resume_queue()),
    ("resume", lambda client, _: client.resume_queue()),
    ("priority", lambda client, jobs: client.set_priority(jobs[:1], Priority.HIGH)),
    ("move", lambda client, jobs: client.move_jobs(jobs[:1], before_job_id=jobs[-1])),
    ("clear", lambda client, _: client.clear_jobs(states=[JobState.COMPLETED])),
    ("inhibit", lambda client, _: inhibit(client)),
    ("export", lambda client, _: export(client)),
]


def inhibit(client: Client) -> None:
    with client.inhibit(InhibitMode.ALL, who="rounds", why="at random"):
        client.get_summary()


def export(client: Client) -> None:
    """Ask for all photos of the session."""
    client.start_export(next(iter(client.list_sessions())).id)


class Watcher(threading.Thread):
    """Folds the states of photos from one stream that goes on by its cursor."""

    def __init__(self, socket: Path) -> None:
        super().__init__(daemon=True)
        self._socket = socket
        self._news = threading.Condition()
        self.states: dict[str, str] = {}
        self.resets = 0
        self.ended_by: DarkroomError | None = None
        self.began = threading.Event()

    def run(self) -> None:
        try:
            self._watch()
        except DarkroomError as error:
            self.ended_by = error

    def _watch(self) -> None:
        with (
            Client(self._socket, timeout=5.0) as client,
            client.watch(progress_interval_usec=0, patience=WATCH_SECONDS) as events,
        ):
            for event in events:
                self.began.set()
                with self._news:
                    self.resets += event.kind == "reset"
                    if event.photo is not None:
                        self.states[event.photo.id] = event.photo.state
                    self._news.notify_all()

    def arrives_at(self, states: dict[str, str]) -> bool:
        """Wait until the fold is this."""
        with self._news:
            return self._news.wait_for(lambda: self.states == states, timeout=10.0)


def live(rounds: Rounds, watcher: Watcher) -> None:
    """One round: begin, be busy for a while, be killed."""
    with running(rounds.folder, "--session", str(rounds.session), config=rounds.config) as daemon:
        if watcher.ident is None:
            watcher.start()
            # A daemon that never answered is not waited for: the first one lives until it has.
            watcher.began.wait(END_SECONDS)
        end = time.monotonic() + rounds.chance.uniform(0.0, LONGEST_LIFE_SECONDS)
        while time.monotonic() < end:
            if rounds.chance.random() < 0.2 and len(rounds.photos) < MOST_PHOTOS:
                rounds.add_photo()
            if rounds.chance.random() < 0.3:
                rounds.act()
            pause = time.monotonic() + rounds.chance.uniform(0.0, 0.05)
            while (line := daemon.next_line(min(pause, end))) is not None:
                rounds.note(line, daemon)
        daemon.kill()
        rounds.done["kill the daemon"] += 1


def finish(rounds: Rounds, watcher: Watcher) -> list[str]:
    """Begin once more, undo what clients did, wait for the last photo; return what is wrong."""
    wrong: list[str] = []
    with running(rounds.folder, "--session", str(rounds.session), config=rounds.config) as daemon:
        # A daemon whose log nobody reads stands still once the pipe is full.
        reader = threading.Thread(target=daemon.ended, daemon=True)
        reader.start()
        with Client(rounds.folder / "d.sock", timeout=10.0) as client:
            client.resume_queue()
            for job in client.list_jobs():
                if job.ended_at_usec is None:
                    client.resume_jobs([job.id])
            states = wait_for_the_end(rounds, client, wrong)
        if not watcher.arrives_at(states):
            wrong.append(f"the watcher missed something: {set(watcher.states.items()) ^ set(states.items())}")
        if watcher.ended_by is not None:
            wrong.append(f"the watcher gave up: {watcher.ended_by!r}")
        if watcher.resets:
            wrong.append(f"{watcher.resets} events of kind reset")
        daemon.process.send_signal(signal.SIGTERM)
        reader.join(END_SECONDS)
        status = daemon.process.wait(END_SECONDS)
        if status != 0:
            wrong.append(f"the daemon ended with {status}")
    return wrong


def wait_for_the_end(rounds: Rounds, client: Client, wrong: list[str]) -> dict[str, str]:
    session = next(iter(client.list_sessions()))
    deadline = time.monotonic() + END_SECONDS
    while time.monotonic() < deadline:
        photos = list(client.list_photos(session.id))
        guilty = [photo.failure for photo in photos if photo.failure and photo.failure.code != "canceled"]
        final = [failure for failure in guilty if not failure.transient]
        if final:
            wrong.append(f"failed: {final}")
            break
        if len(photos) == len(rounds.photos) and all(photo.state == "developed" for photo in photos):
            break
        for job in client.list_jobs():
            if job.state in {JobState.CANCELED, JobState.FAILED}:
                with suppress(DarkroomError):
                    client.retry_jobs([job.id], include_canceled=True)
        time.sleep(0.2)
    else:
        wrong.append(f"not all developed: {Counter(photo.state for photo in client.list_photos(session.id))}")
    return {photo.id: photo.state for photo in client.list_photos(session.id)}


def develop_undisturbed(folder: Path, variants: Path) -> dict[int, bytes]:
    """Return the JPEG of each variant as an undisturbed daemon makes it."""
    session = folder / "session"
    (session / "Raw").mkdir(parents=True)
    for number in range(VARIANTS):
        (session / "Raw" / f"{number}.DNG").write_bytes((variants / f"{number}.DNG").read_bytes())
    with running(folder, "--session", str(session), config=CONFIG) as daemon:
        daemon.wait_for_all("item_developed", VARIANTS)
        daemon.stop()
    return {number: (session / "Jpg" / f"{number}.jpg").read_bytes() for number in range(VARIANTS)}


def look_over(rounds: Rounds, expected: dict[int, bytes]) -> list[str]:
    """Return what is wrong on the disk and in the database after all."""
    wrong: list[str] = []
    jpgs = {path.name: path for path in (rounds.session / "Jpg").iterdir()}
    names = {name.replace(".DNG", ".jpg"): variant for name, variant in rounds.photos.items()}
    if jpgs.keys() != names.keys():
        wrong.append(f"other outputs than photos: {jpgs.keys() ^ names.keys()}")
    wrong += [f"{name} has other bytes" for name in jpgs if jpgs[name].read_bytes() != expected[names[name]]]
    left = [path.name for path in rounds.folder.rglob("*") if path.suffix in {".part", ".tmp", ".bak"}]
    if left:
        wrong.append(f"left over: {left}")
    alive = [pid for pid in rounds.workers if not has_ended(pid)]
    if alive:
        wrong.append(f"workers that still run: {alive}")
    with closing(sqlite3.connect(rounds.folder / "state" / "queue.db")) as database:
        attempts, deaths = database.execute("SELECT max(attempt), max(deaths) FROM item").fetchone()
        live_items = database.execute("SELECT count(*) FROM item WHERE state IN ('queued', 'running')")
        if (count := live_items.fetchone()[0]) != 0:
            wrong.append(f"{count} items never ended")
    if attempts > MOST_ATTEMPTS:
        wrong.append(f"{attempts} attempts")
    rounds.done["most attempts of an item"] = attempts
    rounds.done["most deaths of an item"] = deaths
    return wrong


def play(*, count: int, seed: int, seconds: float, workers: int = 1) -> tuple[list[str], Rounds]:
    """Play the rounds within the given time; return what is wrong, and what was done."""
    deadline = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as name:
        chance = random.Random(seed)  # noqa: S311 - a game that can be played again
        rounds = Rounds(Path(name), chance, f"workers = {workers}\n{CONFIG}")
        (rounds.session / "Raw").mkdir(parents=True)
        for number in range(VARIANTS):
            make_dng(rounds.folder / f"{number}.DNG", width=480 + 16 * number, height=320)
        expected = develop_undisturbed(rounds.folder / "undisturbed", rounds.folder)
        watcher = Watcher(rounds.folder / "d.sock")
        for _ in range(3):
            rounds.add_photo()
        while rounds.done["kill the daemon"] < count and time.monotonic() < deadline:
            live(rounds, watcher)
        wrong = finish(rounds, watcher)
        return wrong + look_over(rounds, expected), rounds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--seconds", type=float, default=900.0, help="begin no round after that")
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    sys.stdout.write(f"seed {given.seed}\n")
    began = time.monotonic()
    wrong, rounds = play(count=given.rounds, seed=given.seed, seconds=given.seconds, workers=given.workers)
    return tell(wrong, done=rounds.done, photos=len(rounds.photos), seconds=time.monotonic() - began)


if __name__ == "__main__":
    sys.exit(main())
