"""The queues that `queue.py` compares the store with, and what all of them carry."""

from __future__ import annotations

import importlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from darkroomd.core.model import Arrival, CorrelationId, Fingerprint, SessionId

BATCH = 10_000


def arrival(number: int, session: SessionId) -> Arrival:
    """Return a photo as intake would hand it over; all queues carry what it says."""
    return Arrival(
        session_id=session,
        name=f"IMG_{number:07}.CR3",
        fingerprint=Fingerprint(
            device=65024, inode=10**6 + number, size_bytes=25 * 10**6, mtime_ns=10**18, ctime_ns=10**18
        ),
        look="9f86d081884c7d659a2feaa0c55ad015",
        preset_id="warm",
        unsupported=(),
        warnings=(),
        correlation_id=CorrelationId(f"c-{number:012}"),
        arrived_at_usec=now_usec(),
    )


def now_usec() -> int:
    return time.time_ns() // 1_000


def payloads(first: int, count: int) -> Iterator[dict[str, Any]]:
    """Return the same photos as plain values, for queues that carry what they are given."""
    for number in range(first, first + count):
        yield asdict(arrival(number, SessionId(f"s{number // BATCH}")))


class Contender(Protocol):
    """A queue in the run."""

    name: str

    async def fill(self, count: int) -> None:
        """Queue so many photos more."""

    async def pair(self) -> None:
        """Claim the next photo and end it, each made durable."""

    async def finish(self) -> None:
        """Turn all that is queued into what is kept once it has ended, however."""


class Bare:
    """One table, one partial index."""

    name = "bare table"

    def __init__(self, folder: Path) -> None:
        self.connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = FULL")
        self.connection.execute("CREATE TABLE item (id INTEGER PRIMARY KEY, state INTEGER, data TEXT) STRICT")
        self.connection.execute("CREATE INDEX waiting ON item (id) WHERE state = 0")
        self.queued = 0

    async def fill(self, count: int) -> None:
        rows = ((json.dumps(payload),) for payload in payloads(self.queued, count))
        insert(self.connection, "INSERT INTO item (state, data) VALUES (0, ?)", rows)
        self.queued += count

    async def pair(self) -> None:
        (row,) = self.connection.execute(
            "UPDATE item SET state = 1 WHERE id = (SELECT id FROM item WHERE state = 0 ORDER BY id LIMIT 1)"
            " RETURNING id, data"
        ).fetchall()
        json.loads(row[1])
        self.connection.execute("UPDATE item SET state = 2 WHERE id = ?", (row[0],))

    async def finish(self) -> None:
        self.connection.execute("UPDATE item SET state = 2")


class Huey:
    """A claim deletes the task: a kill while it runs loses it. Its end is a result that is kept."""

    name = "huey"

    def __init__(self, folder: Path) -> None:
        module = importlib.import_module("huey")
        self.huey: Any = module.SqliteHuey(filename=str(folder / "huey.db"), fsync=True)
        self.task: Any = self.huey.task()(develop)
        self.queued = 0

    async def fill(self, count: int) -> None:
        rows = ((self._task(payload),) for payload in payloads(self.queued, count))
        statement = "INSERT INTO task (queue, data, priority) VALUES ('huey', ?, 0)"
        insert(self.huey.storage.conn, statement, rows)
        self.queued += count

    async def pair(self) -> None:
        self.huey.execute(self.huey.dequeue())

    async def finish(self) -> None:
        connection = self.huey.storage.conn
        connection.execute("INSERT INTO kv (queue, key, value) SELECT queue, 'kept' || id, data FROM task")
        connection.execute("DELETE FROM task")

    def _task(self, payload: dict[str, Any]) -> Any:
        return self.huey.serialize_task(self.task.s(payload))


def develop(photo: dict[str, Any]) -> str:
    """Return what is kept of a task of huey's."""
    return str(photo["name"])


class PersistQueue:
    """Its queue with acknowledgement: rows stay, and each claim looks for the first that is not done."""

    name = "persist-queue"

    def __init__(self, folder: Path) -> None:
        module = importlib.import_module("persistqueue")
        self.queue: Any = module.SQLiteAckQueue(str(folder / "persist"), auto_commit=True)
        self.queue._putter.execute("PRAGMA synchronous = FULL")
        self.queued = 0

    async def fill(self, count: int) -> None:
        dumps = self.queue._serializer.dumps
        rows = ((dumps(payload),) for payload in payloads(self.queued, count))
        table = self.queue._table_name
        statement = f"INSERT INTO {table} (data, timestamp, status) VALUES (?, 0, 0)"  # noqa: S608 - its own name
        insert(self.queue._putter, statement, rows)
        self.queue.total += count
        self.queued += count

    async def pair(self) -> None:
        item = self.queue.get(block=False, raw=True)
        self.queue.ack(id=item["pqid"])

    async def finish(self) -> None:
        self.queue._putter.execute(f"UPDATE {self.queue._table_name} SET status = 5")  # noqa: S608 - its own name
        self.queue._putter.commit()


class LiteQueue:
    """Rows stay; each claim sorts what waits."""

    name = "litequeue"

    def __init__(self, folder: Path) -> None:
        self.module = importlib.import_module("litequeue")
        self.queue: Any = self.module.LiteQueue(folder / "lite.db")
        # It sets NORMAL, which forgets the newest commits in a power cut.
        self.queue.conn.execute("PRAGMA synchronous = FULL")
        self.queued = 0

    async def fill(self, count: int) -> None:
        rows = ((json.dumps(payload), self.module.uuid7()) for payload in payloads(self.queued, count))
        statement = "INSERT INTO Queue (data, message_id, status, in_time) VALUES (?, ?, 0, 0)"
        insert(self.queue.conn, statement, rows)
        self.queued += count

    async def pair(self) -> None:
        message = self.queue.pop()
        json.loads(message.data)
        self.queue.done(message.message_id)

    async def finish(self) -> None:
        self.queue.conn.execute("UPDATE Queue SET status = 2, done_time = 1")


def insert(connection: Any, statement: str, rows: Iterator[tuple[Any, ...]]) -> None:
    """Insert all in one transaction: how a queue is filled is not what is measured."""
    connection.execute("BEGIN")
    connection.executemany(statement, rows)
    connection.execute("COMMIT")


PEERS: dict[str, Callable[[Path], Contender]] = {
    "huey": Huey,
    "persistqueue": PersistQueue,
    "litequeue": LiteQueue,
}
