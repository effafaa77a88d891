"""`darkroom jobs`: the requests for work and how far each is."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping

import msgspec

from darkroom.cli import words
from darkroom.cli.naming import session_named
from darkroom.cli.tables import Cell, Column, Paint, Tone, facts, table, unpainted
from darkroom.cli.terminal import Screen
from darkroom.client import Client
from darkroom.errors import EXIT_DONE
from darkroom.protocol.types import Item, Job, JobFilter, JobState, Progress

_COLUMNS = (
    Column("JOB", right=True),
    Column("KIND"),
    Column("STATE"),
    Column("PRIORITY"),
    Column("DONE", right=True),
    Column("CREATED"),
    Column("SESSION", elastic=True),
    Column("ABOUT"),
)
_ITEM_COLUMNS = (
    Column("ITEM", right=True),
    Column("STATE"),
    Column("ATTEMPT", right=True),
    Column("PHOTO", elastic=True),
    Column("RESULT"),
)


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """List the jobs that meet all conditions, newest first or as they will run."""
    jobs = client.list_jobs(_filter(client, arguments), by_position=arguments.by_position or None)
    if arguments.json:
        screen.show_json(map(msgspec.json.encode, jobs))
        return EXIT_DONE
    names = {session.id: session.name for session in client.list_sessions()}
    screen.show(job_table(jobs, sessions=names, width=screen.width, paint=screen.paint) or ["No such jobs."])
    return EXIT_DONE


def _filter(client: Client, arguments: argparse.Namespace) -> JobFilter | None:
    states: list[str] | None = arguments.state
    kinds: list[str] | None = arguments.kind
    sessions: list[str] | None = [*arguments.of, *(arguments.session or [])] or None
    if states is None and kinds is None and sessions is None:
        return None
    return JobFilter(
        states=None if states is None else tuple(map(JobState, states)),
        kinds=None if kinds is None else tuple(kinds),
        session_ids=None if sessions is None else tuple(session_named(client, each).id for each in sessions),
    )


def job_table(
    jobs: Iterable[Job], *, sessions: Mapping[str, str], width: int | None, paint: Paint = unpainted
) -> list[str]:
    """Return a line per job under a heading; `sessions` are names by id."""
    rows = [
        (
            Cell(str(job.id)),
            Cell(job.kind),
            Cell(job.state, words.tone_of(job.state)),
            Cell(job.priority),
            Cell(_done(job.progress)),
            Cell(words.moment(job.created_at_usec), Tone.FAINT),
            Cell("" if job.session_id is None else sessions.get(job.session_id, job.session_id)),
            _about(job),
        )
        for job in jobs
    ]
    return table(_COLUMNS, rows, width=width, paint=paint)


def _done(progress: Progress) -> str:
    return f"{progress.completed + progress.skipped}/{progress.total}"


def _about(job: Job) -> Cell:
    if job.failure is not None:
        return Cell(words.failure_of(job.failure), Tone.BAD)
    return Cell(words.reasons(job.state_reasons) or job.label)


def job_facts(job: Job, *, paint: Paint = unpainted) -> list[str]:
    """Return all about one job, a line per fact."""
    progress = job.progress
    return facts(
        [
            ("job", Cell(str(job.id), Tone.STRONG)),
            ("label", Cell(job.label)),
            ("kind", Cell(job.kind)),
            ("state", Cell(job.state, words.tone_of(job.state))),
            ("because", Cell(words.reasons(job.state_reasons))),
            ("failure", Cell(words.failure_of(job.failure), Tone.BAD)),
            ("priority", Cell(job.priority)),
            ("position", Cell("" if job.position is None else str(job.position))),
            ("progress", Cell(f"{_done(progress)} done, {progress.failed} failed, {progress.percent} %")),
            ("creator", Cell(job.creator or "")),
            ("session", Cell(job.session_id or "")),
            ("created", Cell(words.moment(job.created_at_usec))),
            ("started", Cell(words.moment(job.started_at_usec))),
            ("ended", Cell(words.moment(job.ended_at_usec))),
            ("correlation", Cell(job.correlation_id)),
        ],
        paint=paint,
    )


def item_table(
    items: Iterable[Item], *, photos: Mapping[str, str], width: int | None, paint: Paint = unpainted
) -> list[str]:
    """Return a line per item of a job under a heading; `photos` are names by id."""
    rows = [
        (
            Cell(str(item.id)),
            Cell(item.state, words.tone_of(item.state)),
            Cell(str(item.attempt)),
            Cell("" if item.photo_id is None else photos.get(item.photo_id, item.photo_id)),
            _item_result(item),
        )
        for item in items
    ]
    return table(_ITEM_COLUMNS, rows, width=width, paint=paint)


def _item_result(item: Item) -> Cell:
    if item.failure is not None:
        return Cell(words.failure_of(item.failure), Tone.BAD)
    return Cell(", ".join(words.path_of(output.file) for output in item.outputs) or item.stage or "")
