"""The write-ahead log stays small, and becomes small again after somebody has read for a long time."""

from __future__ import annotations

import itertools
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from darkroomd.services.write_ahead import ROUNDS_UNTIL_SAID, WriteAhead
from darkroomd.store.database import LOG_LIMIT_BYTES, Database, open_database
from darkroomd.store.write_ahead import fold_log, log_bytes

pytestmark = pytest.mark.anyio

LARGE_BYTES = 1 << 20


def write(database: Database, *, megabytes: int) -> None:
    for letter in itertools.islice(itertools.cycle("ab"), megabytes):
        with database.transaction():
            for number in range(200):
                database.run("put_setting", name=f"{number}", value='"' + letter * 5000 + '"')


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Return the database of a queue at work."""
    with closing(open_database(tmp_path / "queue.db")) as database:
        yield database


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "queue.db"


@pytest.fixture
def reader(database: Database, path: Path) -> Iterator[sqlite3.Connection]:
    """Return another program that reads what there was, and has not come to an end."""
    assert not database.in_transaction
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM setting").fetchone()
        yield reader


def test_the_log_of_a_busy_queue_is_bounded_by_itself(database: Database, path: Path) -> None:
    write(database, megabytes=60)

    assert log_bytes(path) <= LOG_LIMIT_BYTES


def test_the_log_grows_while_somebody_reads_and_is_emptied_once_nobody_does(
    database: Database, path: Path, reader: sqlite3.Connection
) -> None:
    write(database, megabytes=20)
    grown, held = log_bytes(path), fold_log(path)

    reader.execute("COMMIT")

    assert grown > LOG_LIMIT_BYTES
    assert not held
    assert fold_log(path)
    assert log_bytes(path) == 0


def test_the_log_is_not_emptied_while_somebody_writes(database: Database, path: Path) -> None:
    write(database, megabytes=1)
    with database.transaction():
        database.run("put_setting", name="1", value='"one"')
        # In a thread of its own, as in the daemon; it does not wait for the end of the transaction.
        outcome: list[bool] = []
        thread = threading.Thread(target=lambda: outcome.append(fold_log(path)))
        thread.start()
        thread.join(20)

    assert outcome == [False]
    assert database.one("setting", name="1") is not None
    assert fold_log(path)


async def test_a_log_that_is_held_is_said_after_a_while_and_no_longer_once_it_is_not(
    database: Database, path: Path, reader: sqlite3.Connection
) -> None:
    service = WriteAhead(path, large_bytes=LARGE_BYTES)
    write(database, megabytes=2)
    said = []
    for _ in range(ROUNDS_UNTIL_SAID):
        await service.attend()
        said.append(service.problem is not None)

    reader.execute("COMMIT")
    await service.attend()

    assert said == [False] * (ROUNDS_UNTIL_SAID - 1) + [True]
    assert service.problem is None
    assert log_bytes(path) == 0


async def test_a_small_log_is_left_alone(database: Database, path: Path) -> None:
    write(database, megabytes=1)
    before = log_bytes(path)

    await WriteAhead(path).attend()

    assert log_bytes(path) == before > 0
