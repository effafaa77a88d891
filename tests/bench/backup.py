"""How long whoever writes has to wait while the database is backed up.

Run by hand: python tests/bench/backup.py [--items 500000] [--seconds 10] [--rounds 3] [--folder DIR]
It takes two minutes. One interleaved run: in each round small durable commits one after the other, first
without and then with a backup beside them, for as long as that takes.
"""

from __future__ import annotations

import sys
from pathlib import Path

# The standard library has modules of names like those in this folder: it must not come first.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).parents[1]))

import argparse
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from functools import partial

import anyio

from darkroomd.core.model import Happening
from darkroomd.sections import BackupSection
from darkroomd.services.backups import Backups
from darkroomd.services.disks import Disks
from darkroomd.store.database import Database, open_database
from darkroomd.store.store import Store, open_store
from darkroomd.store.write_ahead import log_bytes

PHOTO = """
WITH RECURSIVE line(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM line LIMIT :items)
INSERT INTO photo (id, session_id, name, fingerprint, look, state, unsupported, warnings, camera,
    correlation_id, arrived_at_usec, changed_at_usec)
SELECT printf('%024x', n), 's', CAST(printf('IMG_%07d.NEF', n) AS BLOB), '2049:' || n || ':26000000:1:1',
    hex(randomblob(32)), 'developed', '[]', '[]', 'Nikon Z 6', hex(randomblob(16)), n, n FROM line
"""
ITEM = """
WITH RECURSIVE line(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM line LIMIT :items)
INSERT INTO item (job_id, photo_id, recipe, state, priority, correlation_id, session_id, turn)
SELECT 1, printf('%024x', n), 'jpg', 'completed', 1, hex(randomblob(16)), 's', n FROM line
"""
OUTPUT = """
WITH RECURSIVE line(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM line LIMIT :items)
INSERT INTO output (id, photo_id, recipe, path, media_type, size_bytes, mtime_ns, sha256, raw_fingerprint,
    raw_sha256, look, recipe_digest, pipeline, created_at_usec)
SELECT printf('%016x', n), printf('%024x', n), 'jpg', CAST(printf('/srv/photos/party/Jpg/IMG_%07d.jpg', n)
    AS BLOB), 'image/jpeg', 5000000, n, hex(randomblob(32)), '2049:' || n || ':26000000:1:1',
    hex(randomblob(32)), hex(randomblob(32)), hex(randomblob(32)), 'kernel 3', n FROM line
"""


def fill(path: Path, items: int) -> None:
    """Make a database of one session with so many developed photos."""
    open_database(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("BEGIN")
        database.execute("INSERT INTO bulk VALUES (1)")
        database.execute(
            "INSERT INTO session (id, folder, name, created_at_usec, changed_at_usec) "
            "VALUES ('s', CAST('/srv/photos/party' AS BLOB), 'party', 1, 1)"
        )
        database.execute(
            "INSERT INTO job (id, kind, priority, session_id, label, correlation_id, created_at_usec) "
            "VALUES (1, 'backfill', 1, 's', 'party', 'c', 1)"
        )
        for statement in (PHOTO, ITEM, OUTPUT):
            database.execute(statement, {"items": items})
        database.execute("DELETE FROM bulk")
        database.execute("COMMIT")
    open_database(path).close()


def small_change(database: Database, *, number: int) -> tuple[None, Sequence[Happening]]:
    database.run("put_setting", name="bench", value=f'"{number}"')
    return None, ()


async def write_until(store: Store, stop: anyio.Event, waits: list[float]) -> None:
    number = 0
    while not stop.is_set():
        since = time.perf_counter()
        await store.front.write(partial(small_change, number=number))
        waits.append(time.perf_counter() - since)
        number += 1
        # As somebody comes with the next photo, and not at once.
        await anyio.sleep(0.002)


async def timed(store: Store, seconds: float) -> list[float]:
    waits: list[float] = []
    stop = anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(write_until, store, stop, waits)
        await anyio.sleep(seconds)
        stop.set()
    return waits


async def beside(store: Store, backups: Backups) -> tuple[list[float], float]:
    waits: list[float] = []
    stop = anyio.Event()
    since = time.perf_counter()
    async with anyio.create_task_group() as group:
        group.start_soon(write_until, store, stop, waits)
        await backups.make()
        stop.set()
    return waits, time.perf_counter() - since


def show(name: str, waits: list[float]) -> None:
    ordered = sorted(waits)
    p99 = ordered[int(len(ordered) * 0.99)]
    print(
        f"{name:8} {len(waits):6} commits  median {statistics.median(waits) * 1e3:6.1f} ms  "
        f"p99 {p99 * 1e3:6.1f} ms  longest {ordered[-1] * 1e3:6.1f} ms"
    )


async def measure(path: Path, *, seconds: float, rounds: int) -> None:
    number = 0

    def later() -> int:
        nonlocal number
        number += 1
        return 1_800_000_000_000_000 + number * 1_000_000

    async with open_store(path, lambda _: None) as store:
        backups = Backups(path, BackupSection(keep=2), Disks(), now_usec=later)
        for _ in range(rounds):
            show("without", await timed(store, seconds))
            waits, took = await beside(store, backups)
            show("with", waits)
            print(f"         the backup took {took:.1f} s, and left a log of {log_bytes(path) / 1e6:.1f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--items", type=int, default=500_000)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        path = Path(folder) / "queue.db"
        fill(path, arguments.items)
        print(f"{arguments.items} items, {path.stat().st_size / 1e6:.0f} MB")
        anyio.run(partial(measure, path, seconds=arguments.seconds, rounds=arguments.rounds))


if __name__ == "__main__":
    main()
