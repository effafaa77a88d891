"""What happened, told once and kept: each transaction writes its facts beside its changes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

from darkroom.errors import NoSuchPhoto
from darkroomd.core.model import Happening, Item, Job, JobId, Photo, PhotoId, Session, SessionId
from darkroomd.core.story import LogLine
from darkroomd.store.catalogue import read_item, read_job, read_photo, read_session
from darkroomd.store.database import Database, Row

KEPT_FACTS: Final = 20_000
"""How far back a watcher can go on from."""

SWEEP_EVERY: Final = 256
"""Facts between two looks at what is too old."""

WHOLE_PHOTOS: Final = 256
"""Facts in one transaction of which photos are kept as they were."""


class Journal:
    """Collects what one transaction changed, built from the rows as they are at that moment.

    What the caller has read already it may hand over, in the methods that end in `_as`.
    """

    def __init__(self, database: Database, now_usec: int) -> None:
        self._database = database
        self._now_usec = now_usec
        self.happenings: list[Happening] = []

    def session(self, session_id: SessionId, kind: str = "session.changed") -> None:
        """Tell of the session."""
        self.session_as(read_session(self._database, session_id), kind)

    def session_as(self, session: Session, kind: str = "session.changed") -> None:
        """Tell of the session, which is as it stands in the database."""
        self._add(Happening(kind, self._now_usec, session=session, session_id=session.id))

    def photo(self, photo_id: PhotoId, kind: str = "photo.changed") -> None:
        """Tell of the photo."""
        self.photo_as(read_photo(self._database, photo_id), kind)

    def photo_as(self, photo: Photo, kind: str = "photo.changed") -> None:
        """Tell of the photo, which is as it stands in the database."""
        self._add(Happening(kind, self._now_usec, photo=photo, session_id=photo.session_id))

    def job(self, job_id: JobId, kind: str = "job.updated") -> None:
        """Tell of the job; once it has ended, `job.updated` becomes the kind of its end."""
        self.job_as(read_job(self._database, job_id), kind)

    def job_as(self, job: Job, kind: str = "job.updated") -> None:
        """Tell of the job, which is as it stands in the database."""
        if kind == "job.updated" and job.ended_at_usec is not None:
            kind = f"job.{job.state}"
        self._add(Happening(kind, self._now_usec, job=job, job_id=job.id, session_id=job.session_id))

    def job_removed(self, job_id: JobId, session_id: SessionId | None) -> None:
        """Tell that the job is forgotten."""
        self._add(Happening("job.removed", self._now_usec, job_id=job_id, session_id=session_id))

    def item(self, row: Row) -> Item:
        """Tell of the item and return it."""
        item = read_item(self._database, row)
        self.item_as(item, None if row["session_id"] is None else SessionId(row["session_id"]))
        return item

    def item_as(self, item: Item, session_id: SessionId | None) -> None:
        """Tell of the item, which is as it stands in the database."""
        happening = Happening(
            "item.updated", self._now_usec, item=item, job_id=item.job_id, session_id=session_id
        )
        self._add(happening)

    def queue(self) -> None:
        """Tell that the queue was paused or goes on."""
        self._add(Happening("queue.changed", self._now_usec))

    def _add(self, happening: Happening) -> None:
        self.happenings.append(happening)


def write_facts(database: Database, happenings: Sequence[Happening]) -> Sequence[Happening]:
    """Keep what a transaction changed, inside of it, and return it with its numbers.

    Of photos in a transaction that tells of very many, what is kept names them only: they are told later as
    they stand then.
    """
    if not happenings:
        return ()
    newest = database.one("newest_fact")
    assert newest is not None
    # Only one connection writes: inside its transaction nobody else can take the next numbers.
    first: int = newest["sequence"] + 1
    bulk = len(happenings) > WHOLE_PHOTOS
    database.many("append_fact", (_fact(happening, bulk=bulk) for happening in happenings))
    swept = (first + len(happenings) - 1) // SWEEP_EVERY * SWEEP_EVERY
    if swept >= first:
        database.run("forget_facts", upto=swept - KEPT_FACTS)
    return [_numbered(happening, first + number) for number, happening in enumerate(happenings)]


def read_facts(database: Database, *, after: int, limit: int) -> list[Happening]:
    """Return what happened after the fact with that number, oldest first."""
    happenings: list[Happening] = []
    for row in database.all("facts_after", after=after, limit=limit):
        # Its session may be forgotten between the two looks at the database.
        with suppress(NoSuchPhoto):
            happenings.append(_happening(database, row))
    return happenings


def read_span(database: Database) -> tuple[int, int]:
    """Return the numbers of the oldest and the newest fact that is kept; 0 and 0 where there is none."""
    oldest, newest = database.one("oldest_fact"), database.one("newest_fact")
    assert oldest is not None
    assert newest is not None
    return oldest["sequence"], newest["sequence"]


def encode_happening(happening: Happening) -> str:
    """Return the happening as the journal keeps it."""
    try:
        return _encoder.encode(happening).decode()
    except UnicodeEncodeError:
        # The standard library escapes the surrogates of names that are not UTF-8, and reads them back.
        return _as_json(msgspec.to_builtins(happening, enc_hook=_plain_path))


def decode_happening(body: str) -> Happening:
    """Return the happening that `encode_happening` wrote."""
    return msgspec.convert(json.loads(body), Happening, dec_hook=_path)


def write_log_lines(database: Database, lines: Sequence[LogLine]) -> None:
    """Keep log lines, inside the transaction that ends what they tell of."""
    rows = (
        {
            "at_usec": line.at_usec,
            "level": line.level,
            "event": line.event,
            "correlation_id": line.correlation_id,
            "job_id": line.job_id,
            "item_id": line.item_id,
            "fields": _as_json(line.fields),
        }
        for line in lines
    )
    database.many("insert_log_line", rows)


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


def _fact(happening: Happening, *, bulk: bool) -> dict[str, object]:
    named = happening.photo.id if bulk and happening.photo is not None else None
    return {
        "at_usec": happening.at_usec,
        "kind": happening.kind,
        "photo_id": named,
        "body": encode_happening(happening) if named is None else None,
    }


def _numbered(fact: Happening, sequence: int) -> Happening:
    # By hand: `replace` takes twice as long, eight times for each photo.
    return Happening(
        kind=fact.kind,
        at_usec=fact.at_usec,
        session=fact.session,
        photo=fact.photo,
        job=fact.job,
        item=fact.item,
        job_id=fact.job_id,
        session_id=fact.session_id,
        progress=fact.progress,
        stage=fact.stage,
        percent=fact.percent,
        sequence=sequence,
    )


def _plain_path(value: object) -> str:
    if not isinstance(value, Path):
        raise NotImplementedError(f"A fact cannot hold {type(value)}.")
    return str(value)


def _path(kind: type, value: object) -> Path:
    if not issubclass(kind, Path):
        raise NotImplementedError(f"A fact cannot hold {kind}.")
    return Path(str(value))


_encoder: Final = msgspec.json.Encoder(enc_hook=_plain_path)
