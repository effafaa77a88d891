"""How fast the queue is, how long its lists take, and whether either depends on how much is in it.

Run by hand: python tests/bench/queue.py [--sizes 1000,50000] [--rounds 5] [--folder DIR]
It takes two minutes; --sizes 1000,100000,500000 takes ten.
To compare with other queues on SQLite, install them where they are in nobody's way, and name the place:
    pip install --target PEERS -r tests/bench/requirements.txt
    PYTHONPATH=PEERS python tests/bench/queue.py
One interleaved run: at each size everyone in turn, several rounds, the median. Everyone has the same payload
and loses nothing in a power cut: write-ahead log, `synchronous=FULL`, one commit that claims, one that ends.
The daemon ends a photo and claims the next in one commit where nothing has to happen in between; `apart` is
how fast it is where something has.
Lists of jobs feel the number of jobs: --photos-per-job 10 makes many small ones.
`bare table` is what the disk allows: two commits of one row each, with an index and nothing around them.
"""

from __future__ import annotations

import sys
from pathlib import Path

# The standard library has a module of this file's name: this folder must not come first, nor at all.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).parents[1]))

import argparse
import importlib.util
import logging
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import anyio

from bench.contenders import BATCH, PEERS, Bare, Contender, arrival, now_usec
from darkroom.protocol.types import ItemState, JobFilter, JobState, Priority
from darkroomd.core.model import (
    Claim,
    CorrelationId,
    Happening,
    Inputs,
    JobId,
    JobKind,
    Output,
    OutputId,
    PhotoState,
    SessionId,
)
from darkroomd.store.arrivals import NewJob
from darkroomd.store.catalogue import read_totals
from darkroomd.store.queue import Ending, Wanted
from darkroomd.store.store import Store, open_store

WANTED = Wanted("boot", Priority.LOW)
TURN_SECONDS = 3.0
SPARE = 1_000
READS = 20


@dataclass
class Ours:
    """The daemon's own store, with all that it does for a photo: rows, counters, journal, events."""

    store: Store
    path: Path
    name: str = "darkroomd"
    batch: int = BATCH
    photos: int = 0
    sessions: list[SessionId] = field(default_factory=list[SessionId])
    jobs: list[JobId] = field(default_factory=list[JobId])
    seconds_to_fill: list[float] = field(default_factory=list[float])
    claim: Claim | None = None

    async def fill(self, count: int) -> None:
        for start in range(0, count, self.batch):
            since = time.perf_counter()
            await self.backfill(min(self.batch, count - start))
            self.seconds_to_fill.append(time.perf_counter() - since)

    async def backfill(self, count: int) -> None:
        session = SessionId(f"s{len(self.sessions)}")
        self.sessions.append(session)
        folder = Path("/photos") / session
        await self.store.add_session(folder, name=session, session_id=session, now_usec=now_usec())
        arrivals = [arrival(self.photos + number, session) for number in range(count)]
        self.photos += count
        job = NewJob(JobKind.BACKFILL, session, f"Backfill of {session}", CorrelationId(f"c-{session}"))
        job_id = await self.store.arrive_many(arrivals, job=job, recipe="jpg", now_usec=now_usec())
        assert job_id is not None
        self.jobs.append(job_id)

    async def pair(self) -> None:
        claim = self.claim or await self.store.claim(boot="boot", now_usec=now_usec())
        assert claim is not None
        ended, self.claim = await self.store.end_and_claim(
            claim.item, ending_of(claim), fence=claim.fence, wanted=WANTED, now_usec=now_usec()
        )
        assert ended

    async def settle(self) -> None:
        """End what was claimed last, so that somebody else may claim."""
        claim, self.claim = self.claim, None
        if claim is not None:
            assert await self.store.end(claim.item, ending_of(claim), fence=claim.fence, now_usec=now_usec())

    async def finish(self) -> None:
        await self.settle()
        # By hand: half a million ends of their own would take a quarter of an hour.
        connection = sqlite3.connect(self.path)
        with connection:
            connection.execute("UPDATE item SET state = 'completed', attempt = 1, ended_at_usec = 2")
            connection.execute(
                "UPDATE job SET started_at_usec = 1, ended_at_usec = 2, revision = revision + 1"
            )
            connection.execute("UPDATE photo SET state = 'developed', revision = revision + 1")
        connection.close()

    def reads(self) -> dict[str, Callable[[], Awaitable[object]]]:
        store, session, job = self.store, self.sessions[0], self.jobs[0]
        middle, failed = str(self.photos // 2), JobFilter(states=(JobState.FAILED,))
        return {
            "totals (GetSummary)": lambda: store.front.read(read_totals),
            "jobs, newest": lambda: store.jobs(None, by_position=False, cursor=None, limit=100),
            "jobs, by position": lambda: store.jobs(None, by_position=True, cursor=None, limit=100),
            "jobs, failed (none is)": lambda: store.jobs(failed, by_position=False, cursor=None, limit=100),
            "one job": lambda: store.job(job),
            "items of a job": lambda: store.items(job, states=None, cursor=None, limit=100),
            "items, failed (none is)": lambda: store.items(
                job, states=(ItemState.FAILED,), cursor=None, limit=100
            ),
            "photos of a session": lambda: store.photos(
                session, states=None, discarded=None, cursor=None, limit=100
            ),
            "photos from the middle": lambda: store.photos(
                self.sessions[len(self.sessions) // 2], states=None, discarded=None, cursor=middle, limit=100
            ),
            "sessions": lambda: store.sessions(cursor=None, limit=100),
        }


@dataclass
class Apart:
    """The same store, as it is where something has to be seen to between an end and the next claim."""

    ours: Ours
    name: str = "darkroomd, apart"

    async def fill(self, count: int) -> None:
        # What this one takes is not to be missing from the other's.
        await self.ours.backfill(min(count, SPARE))

    async def pair(self) -> None:
        await self.ours.settle()
        store = self.ours.store
        claim = await store.claim(boot="boot", now_usec=now_usec())
        assert claim is not None
        assert await store.end(claim.item, ending_of(claim), fence=claim.fence, now_usec=now_usec())

    async def finish(self) -> None:
        """It is finished already."""


def ending_of(claim: Claim) -> Ending:
    return Ending(ItemState.COMPLETED, output=output_of(claim), photo_state=PhotoState.DEVELOPED)


def output_of(claim: Claim) -> Output:
    return Output(
        id=OutputId(f"o-{claim.photo.id}"),
        photo_id=claim.photo.id,
        recipe="jpg",
        path=claim.session.folder / "Jpg" / (claim.photo.name + ".jpg"),
        media_type="image/jpeg",
        size_bytes=5_000_000,
        mtime_ns=10**18,
        sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        inputs=Inputs(
            raw=claim.photo.fingerprint,
            raw_sha256="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            look=claim.photo.look,
            recipe="60303ae22b998861bce3b28f33eec1be",
            pipeline="darkroomd-1",
        ),
        created_at_usec=now_usec(),
    )


async def rate(contender: Contender, pairs: int) -> float:
    """Return claims with their ends per second, over so many of them or the time of one turn."""
    since = time.perf_counter()
    done = 0
    while done < pairs and time.perf_counter() - since < TURN_SECONDS:
        await contender.pair()
        done += 1
    return done / (time.perf_counter() - since)


async def rates(contenders: Sequence[Contender], *, rounds: int, pairs: int) -> dict[str, float]:
    """Return each one's median rate over rounds in which all take turns, each round another first."""
    found: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for number in range(rounds):
        first = number % len(contenders)
        for contender in (*contenders[first:], *contenders[:first]):
            found[contender.name].append(await rate(contender, pairs))
    return {name: statistics.median(values) for name, values in found.items()}


async def milliseconds(read: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """Return the median and the longest time of a read."""
    times: list[float] = []
    for _ in range(READS):
        since = time.perf_counter()
        await read()
        times.append((time.perf_counter() - since) * 1_000)
    return statistics.median(times), max(times)


@dataclass
class Stage:
    """What was measured with so much in the queue."""

    title: str
    rates: dict[str, float]
    reads: dict[str, tuple[float, float]]
    seconds_to_fill: float


async def measure(
    title: str, ours: Ours, contenders: Sequence[Contender], *, rounds: int, pairs: int
) -> Stage:
    whole = ours.seconds_to_fill or [0.0]
    stage = Stage(
        title,
        await rates(contenders, rounds=rounds, pairs=pairs),
        {name: await milliseconds(read) for name, read in ours.reads().items()},
        statistics.median(whole),
    )
    ours.seconds_to_fill.clear()
    print(f"measured: {title}", file=sys.stderr)
    return stage


async def run(options: argparse.Namespace, folder: Path) -> list[Stage]:
    stages: list[Stage] = []
    async with AsyncExitStack() as stack:
        path = folder / "queue.db"
        ours = Ours(
            await stack.enter_async_context(open_store(path, ignore)), path, batch=options.photos_per_job
        )
        present = [PEERS[name] for name in PEERS if importlib.util.find_spec(name)]
        contenders: list[Contender] = [ours, Apart(ours), Bare(folder), *(peer(folder) for peer in present)]
        filled = 0
        for size in options.sizes:
            for contender in contenders:
                await contender.fill(size - filled)
            filled = size
            title = f"{size:,} queued"
            stages.append(await measure(title, ours, contenders, rounds=options.rounds, pairs=options.pairs))
        for contender in contenders:
            await contender.finish()
            await contender.fill(BATCH)
        title = f"{filled:,} kept"
        stages.append(await measure(title, ours, contenders, rounds=options.rounds, pairs=options.pairs))
    return stages


def ignore(_happening: Happening) -> None:
    """Nobody watches a benchmark."""


def report(stages: Sequence[Stage], *, per_job: int) -> Iterator[str]:
    """Return the lines of the tables."""
    yield _line("claim + end per second", [stage.title for stage in stages], "slowest/first")
    for name in stages[0].rates:
        values = [stage.rates[name] for stage in stages]
        cells = [f"{stage.rates[name]:,.0f} {_ratio(stage, name)}" for stage in stages]
        yield _line(name, cells, f"{min(values) / values[0]:.2f}")
    yield ""
    yield _line("milliseconds, median / most", [stage.title for stage in stages], "slowest/first")
    for name in stages[0].reads:
        medians = [stage.reads[name][0] for stage in stages]
        cells = [f"{stage.reads[name][0]:.2f} / {stage.reads[name][1]:.1f}" for stage in stages]
        yield _line(name, cells, f"{max(medians) / medians[0]:.1f}")
    yield ""
    cells = [f"{stage.seconds_to_fill:.3f}" for stage in stages]
    yield _line(f"seconds to queue {per_job:,}", cells, "")


def _ratio(stage: Stage, name: str) -> str:
    return f"({stage.rates[name] / stage.rates[Ours.name]:.2f}x)"


def _line(head: str, cells: Sequence[str], last: str) -> str:
    return f"{head:28}" + "".join(f"{cell:>18}" for cell in cells) + f"{last:>16}"


def numbers(text: str) -> list[int]:
    """Return sizes, each greater than the one before it."""
    return sorted({int(part) for part in text.split(",")})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--sizes", type=numbers, default=[1_000, 50_000], metavar="N,N…")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pairs", type=int, default=100, help="in each turn of each round")
    parser.add_argument("--photos-per-job", type=int, default=BATCH, help="for the store alone")
    parser.add_argument("--folder", type=Path, help="on the disk to be measured (default: the temporary one)")
    options = parser.parse_args()
    # What a peer says of each task would be measured with it.
    logging.disable(logging.CRITICAL)
    absent = [name for name in PEERS if not importlib.util.find_spec(name)]
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        stages = anyio.run(run, options, Path(name))
    print("\n".join(report(stages, per_job=options.photos_per_job)))
    if absent:
        print(f"\nNot installed and left out: {', '.join(absent)}.")


if __name__ == "__main__":
    main()
