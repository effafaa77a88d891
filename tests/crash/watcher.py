"""A watcher that folds what it is told into a picture of everything, and the same picture from the lists."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from darkroomd.core.model import Happening, Item, Job, Photo, Session
from darkroomd.store.store import Store

PAGE = 500


@dataclass
class Picture:
    """Sessions, photos, jobs and items by their ids."""

    sessions: dict[str, Session] = field(default_factory=dict)
    photos: dict[str, Photo] = field(default_factory=dict)
    jobs: dict[int, Job] = field(default_factory=dict)
    items: dict[int, Item] = field(default_factory=dict)

    def take_in(self, happening: Happening) -> None:
        """Change what the happening is about."""
        if happening.session is not None:
            self.sessions[happening.session.id] = plain_session(happening.session)
        if happening.photo is not None:
            self.photos[happening.photo.id] = replace(happening.photo, revision=0)
        if happening.job is not None:
            self.jobs[happening.job.id] = plain_job(happening.job)
        if happening.item is not None:
            self.items[happening.item.id] = plain_item(happening.item)
        if happening.kind == "job.removed":
            assert happening.job_id is not None
            self.jobs.pop(happening.job_id)
            self.items = {
                number: item for number, item in self.items.items() if item.job_id != happening.job_id
            }


def plain_session(session: Session) -> Session:
    """Return the session without what changes when nothing of it that counts does."""
    return replace(session, revision=0, changed_at_usec=0)


def plain_job(job: Job) -> Job:
    """Return the job without what depends on other jobs."""
    return replace(job, revision=0, position=None)


def plain_item(item: Item) -> Item:
    """Return the item without its photo's outputs, which other items may have replaced since."""
    return replace(item, outputs=())


async def draw(store: Store) -> Picture:
    """Return what the lists say."""
    picture = Picture()
    for session in (await store.sessions(cursor=None, limit=PAGE)).entries:
        picture.sessions[session.id] = plain_session(session)
        page = await store.photos(session.id, states=None, discarded=None, cursor=None, limit=PAGE)
        for photo in page.entries:
            picture.photos[photo.id] = replace(photo, revision=0)
    for job in (await store.jobs(None, by_position=False, cursor=None, limit=PAGE)).entries:
        picture.jobs[job.id] = plain_job(job)
        for item in (await store.items(job.id, states=None, cursor=None, limit=PAGE)).entries:
            picture.items[item.id] = plain_item(item)
    return picture


RECOUNTS = {
    "tally": "SELECT queued, running, completed, skipped, failed, canceled FROM tally",
    "tally again": """
        SELECT coalesce(sum(item.state = 'queued'), 0), coalesce(sum(item.state = 'running'), 0),
            coalesce(sum(item.state = 'completed'), 0), coalesce(sum(item.state = 'skipped'), 0),
            coalesce(sum(item.state = 'failed'), 0), coalesce(sum(item.state = 'canceled'), 0)
        FROM item JOIN job ON job.id = item.job_id WHERE job.ended_at_usec IS NULL""",
    "jobs": "SELECT id, queued, running, completed, skipped, failed, canceled FROM job ORDER BY id",
    "jobs again": """
        SELECT job_id, sum(state = 'queued'), sum(state = 'running'), sum(state = 'completed'),
            sum(state = 'skipped'), sum(state = 'failed'), sum(state = 'canceled')
        FROM item GROUP BY job_id ORDER BY job_id""",
    "sessions": "SELECT id, photos, developed, pending, failed, canceled FROM session ORDER BY id",
    "sessions again": """
        SELECT session_id, count(*), sum(state = 'developed'),
            sum(aged = 0 AND state IN ('arriving', 'waiting', 'developing', 'outdated')),
            sum(state = 'failed' AND json_extract(failure, '$.code') IS NOT 'canceled'),
            sum(state = 'failed' AND json_extract(failure, '$.code') IS 'canceled')
        FROM photo GROUP BY session_id ORDER BY session_id""",
}
"""Counters, and what they count."""


def assert_counters_hold(path: Path) -> None:
    """Hold the counters in the database at `path` to a recount."""
    counted: dict[str, list[Any]] = {}
    with closing(sqlite3.connect(path)) as database:
        for name, statement in RECOUNTS.items():
            counted[name] = [row for row in database.execute(statement).fetchall() if any(row[1:])]
    for name in ("tally", "jobs", "sessions"):
        assert counted[name] == counted[f"{name} again"]
