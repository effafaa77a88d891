"""What happened, told once and kept: each transaction writes its facts beside its changes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

from darkroomd.core.model import Happening, Item, JobId, PhotoId, Session, SessionId
from darkroomd.core.story import LogLine
from darkroomd.store.catalogue import read_item, read_job, read_photo, read_session
from darkroomd.store.database import Database, Row

KEPT_FACTS: Final = 20_000
"""How far back a watcher can go on from."""

SWEEP_EVERY: Final = 256
"""Facts between two looks at what is too old."""


class Journal:
    """Collects what one transaction changed, built from the rows as they are at that moment."""

    def __init__(self, database: Database, now_usec: int) -> None:
        self._database = database
        self._now_usec = now_usec
        self.happenings: list[Happening] = []

    def session(self, session_id: SessionId, kind: str = "session.changed") -> None:
        """Tell of the session."""
        session = read_session(self._database, session_id)
        self._add(Happening(kind, self._now_usec, session=session, session_id=session_id))

    def photo(self, photo_id: PhotoId, kind: str = "photo.changed") -> None:
        """Tell of the photo."""
        photo = read_photo(self._database, photo_id)
        self._add(Happening(kind, self._now_usec, photo=photo, session_id=photo.session_id))

    def photo_in_bulk(self, photo_id: PhotoId, kind: str, session: Session) -> None:
        """Tell of one of thousands in a transaction: what is kept names it only."""
        photo = read_photo(self._database, photo_id, session=session)
        happening = Happening(kind, self._now_usec, photo=photo, session_id=session.id)
        self._add(happening, reference=photo_id)

    def job(self, job_id: JobId, kind: str = "job.updated") -> None:
        """Tell of the job; once it has ended, `job.updated` becomes the kind of its end."""
        job = read_job(self._database, job_id)
        if kind == "job.updated" and job.ended_at_usec is not None:
            kind = f"job.{job.state}"
        self._add(Happening(kind, self._now_usec, job=job, job_id=job.id, session_id=job.session_id))

    def job_removed(self, job_id: JobId, session_id: SessionId | None) -> None:
        """Tell that the job is forgotten."""
        self._add(Happening("job.removed", self._now_usec, job_id=job_id, session_id=session_id))

    def item(self, row: Row) -> Item:
        """Tell of the item and return it."""
        item = read_item(self._database, row)
        session_id = None if row["session_id"] is None else SessionId(row["session_id"])
        happening = Happening(
            "item.updated", self._now_usec, item=item, job_id=item.job_id, session_id=session_id
        )
        self._add(happening)
        return item

    def queue(self) -> None:
        """Tell that the queue was paused or goes on."""
        self._add(Happening("queue.changed", self._now_usec))

    def _add(self, happening: Happening, *, reference: PhotoId | None = None) -> None:
        row = self._database.one(
            "append_fact",
            at_usec=happening.at_usec,
            kind=happening.kind,
            photo_id=reference,
            body=None if reference is not None else encode_happening(happening),
        )
        assert row is not None
        sequence: int = row["sequence"]
        if sequence % SWEEP_EVERY == 0:
            self._database.run("forget_facts", upto=sequence - KEPT_FACTS)
        self.happenings.append(replace(happening, sequence=sequence))


def read_facts(database: Database, *, after: int, limit: int) -> list[Happening]:
    """Return what happened after the fact with that number, oldest first."""
    return [_happening(database, row) for row in database.all("facts_after", after=after, limit=limit)]


def read_span(database: Database) -> tuple[int, int]:
    """Return the numbers of the oldest and the newest fact that is kept; 0 and 0 where there is none."""
    oldest, newest = database.one("oldest_fact"), database.one("newest_fact")
    assert oldest is not None
    assert newest is not None
    return oldest["sequence"], newest["sequence"]


def encode_happening(happening: Happening) -> str:
    """Return the happening as the journal keeps it."""
    # The standard library escapes the surrogates of names that are not UTF-8, and reads them back.
    return _as_json(msgspec.to_builtins(happening, enc_hook=_plain_path))


def decode_happening(body: str) -> Happening:
    """Return the happening that `encode_happening` wrote."""
    return msgspec.convert(json.loads(body), Happening, dec_hook=_path)


def write_log_lines(database: Database, lines: Sequence[LogLine]) -> None:
    """Keep log lines, inside the transaction that ends what they tell of."""
    for line in lines:
        database.run(
            "insert_log_line",
            at_usec=line.at_usec,
            level=line.level,
            event=line.event,
            correlation_id=line.correlation_id,
            job_id=line.job_id,
            item_id=line.item_id,
            fields=_as_json(line.fields),
        )


def _as_json(value: object) -> str:
    return json.dumps(value, default=str, separators=(",", ":"))


def _happening(database: Database, row: Row) -> Happening:
    if row["body"] is not None:
        return replace(decode_happening(row["body"]), sequence=row["sequence"])
    photo = read_photo(database, PhotoId(row["photo_id"]))
    return Happening(
        row["kind"],
        row["at_usec"],
        photo=photo,
        session_id=photo.session_id,
        sequence=row["sequence"],
    )


def _plain_path(value: object) -> str:
    if not isinstance(value, Path):
        raise NotImplementedError(f"A fact cannot hold {type(value)}.")
    return str(value)


def _path(kind: type, value: object) -> Path:
    if not issubclass(kind, Path):
        raise NotImplementedError(f"A fact cannot hold {kind}.")
    return Path(str(value))
