"""`darkroom archive`: copy finished photos into folders by year, and check such copies."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any, Final, NoReturn

import msgspec

from darkroom.cli import outcomes, plans
from darkroom.cli.handover import next_step, wait_for
from darkroom.cli.naming import folder_named, session_named
from darkroom.cli.orders import NoArchiveKnown, failed_items, job_options, new_correlation_id, planned
from darkroom.cli.tables import Cell, Column, Paint, Tone, table, unpainted
from darkroom.cli.terminal import Screen
from darkroom.cli.text import printable
from darkroom.cli.words import tone_of
from darkroom.client import Client
from darkroom.errors import EXIT_DONE, EXIT_USAGE, DarkroomError, InvalidParameter
from darkroom.protocol.replies import StartedReply
from darkroom.protocol.types import Item, Job, JobOptions, JobState

_NOT_FINISHED: Final = "archive.not_finished"
_COLUMNS: Final = (Column("PHOTO", elastic=True), Column("STATE"))


class NothingToArchive(DarkroomError):
    """No session is named."""

    code = "NothingToArchive"
    exit_status = EXIT_USAGE

    def __init__(self) -> None:
        super().__init__("Name the sessions to archive, or give --verify to check what is archived.")


class NotFinished(DarkroomError):
    """Nothing was archived, for want of photos that are developed."""

    code = "NotFinished"

    def __init__(self, count: int, *, foretold: bool = False) -> None:
        photos = "1 photo is" if count == 1 else f"{count} photos are"
        what = "Nothing would be archived" if foretold else "Nothing was archived"
        super().__init__(
            f"{what}: {photos} not finished. Export or discard them first, or leave them out with --partial.",
            count=count,
        )


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """Start the archive, and wait for it if that is wanted; or only tell what it would do, or check it."""
    if arguments.verify:
        from darkroom.cli.verifying import verify  # noqa: PLC0415 - only who verifies pays for hashes

        return verify(client, arguments, screen)
    if not arguments.sessions:
        raise NothingToArchive
    sessions = list(dict.fromkeys(session_named(client, word).id for word in arguments.sessions))
    correlation_id = new_correlation_id() if arguments.dry_run else None
    reply = _start(client, sessions, arguments, options=job_options(arguments, correlation_id=correlation_id))
    if arguments.json:
        screen.show_json([msgspec.json.encode(reply)])
    if correlation_id is not None:
        return _tell_plan(client, correlation_id, arguments, screen)
    if reply.job_id is None:
        screen.show([] if arguments.json else ["There is nothing to archive in these sessions."])
        return EXIT_DONE
    return _started(client, reply, client.get_job(reply.job_id), arguments, screen)


def started(reply: StartedReply, facts: Mapping[str, Any], *, waited_for: bool, paused: bool) -> str:
    """Return which job archives how many photos, where, and what to type next, in one line."""
    assert reply.job_id is not None
    where, count = plans.archive_place(facts), facts.get("photos")
    photos = outcomes.photos(count if isinstance(count, int) else reply.item_count)
    what = f"Job {reply.job_id} archives {photos}{f' in {where}' if where else ''}"
    if not reply.created:
        what += ", as was asked before"
    # Who waits is told in the end what was left out.
    then = [] if waited_for else plans.left_out_of_archive(facts)
    then += [] if waited_for else [next_step(reply.job_id, paused=paused and reply.created)]
    return printable(" ".join((f"{what}.", *plans.archive_notes(facts), *then)))


def unfinished_table(
    photos: Sequence[tuple[str, Item]], *, width: int | None, paint: Paint = unpainted
) -> list[str]:
    """Return a line per photo that is not finished: its name and its state."""
    rows = [(Cell(name, Tone.STRONG), _state(item)) for name, item in photos]
    return table(_COLUMNS, rows, width=width, paint=paint)


def _state(item: Item) -> Cell:
    state = "" if item.failure is None else str(item.failure.context.get("state", ""))
    return Cell(state, tone_of(state))


def _start(
    client: Client, sessions: Sequence[str], arguments: argparse.Namespace, *, options: JobOptions
) -> StartedReply:
    to: str | None = arguments.to
    words = [
        *([arguments.contents] if arguments.contents else []),
        *(["partial"] if arguments.partial else []),
    ]
    try:
        return client.start_archive(
            sessions,
            destination=None if to is None else folder_named(to),
            contents=",".join(words) or None,
            dry_run=arguments.dry_run or None,
            options=options,
        )
    except InvalidParameter as error:
        if to is not None or error.context["parameter"] != "destination":
            raise
        raise NoArchiveKnown from error


def _started(
    client: Client, reply: StartedReply, job: Job, arguments: argparse.Namespace, screen: Screen
) -> int:
    if job.state == JobState.FAILED and job.failure is not None and job.failure.code == _NOT_FINISHED:
        _refuse(client, job, arguments, screen)
    if not arguments.json:
        facts = _plan_of(client, job.correlation_id)
        told = started(reply, facts, waited_for=arguments.wait, paused=arguments.paused)
        screen.show([told])
    return wait_for(client, job.id, arguments, screen) if arguments.wait else EXIT_DONE


def _plan_of(client: Client, correlation_id: str) -> Mapping[str, Any]:
    """Return what is written about the plan of an archive; nothing where that was forgotten."""
    for line in planned(client, correlation_id, "archive_planned"):
        return line.fields
    return {}


def _refuse(client: Client, job: Job, arguments: argparse.Namespace, screen: Screen) -> NoReturn:
    """Show which photos are not finished."""
    if arguments.json:
        screen.show_json([msgspec.json.encode(job)])
        raise NotFinished(job.progress.failed)
    photos = failed_items(client, job.id)
    screen.show(unfinished_table(photos, width=screen.width, paint=screen.paint))
    raise NotFinished(len(photos))


def _tell_plan(client: Client, correlation_id: str, arguments: argparse.Namespace, screen: Screen) -> int:
    """Tell where the archive is, whether there is room, and which photos are not finished.

    Raises:
        NotFinished: it would be refused.
    """
    for line in planned(client, correlation_id, "archive_planned"):
        if arguments.json:
            screen.show_json([msgspec.json.encode(line)])
        elif plans.is_refused(line.fields):
            screen.show(map(printable, plans.unfinished_photos(line.fields)))
        else:
            screen.show(plans.archive_planned(line.fields))
        if plans.is_refused(line.fields):
            raise NotFinished(plans.unfinished_count(line.fields), foretold=True)
    return EXIT_DONE
