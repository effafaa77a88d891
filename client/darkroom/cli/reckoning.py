"""What became of a job that somebody asked for: how much, how long, and what went wrong with which photo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from darkroom.cli import outcomes, words
from darkroom.cli.orders import failed_items, named_items
from darkroom.cli.text import printable
from darkroom.client import Client
from darkroom.errors import NoSuchSession
from darkroom.protocol.types import Failure, ItemState, Job, JobState

_MOST_NAMED: Final = 20
"""Photos that were left out and are told by name."""


class Failed(NamedTuple):
    """A photo that something was not done with, by its file name, and why."""

    name: str
    failure: Failure | None


class Unfinished(NamedTuple):
    """Photos that an archive left out because they are not finished: how many, and the first of them."""

    total: int = 0
    named: tuple[Failed, ...] = ()


class LeftOut(NamedTuple):
    """How many photos of a session an export does not have.

    Attributes:
        discarded: somebody wants none of them.
        arriving: their files are still being written.
        waiting: the background develops them, such as what arrived since.
    """

    discarded: int = 0
    arriving: int = 0
    waiting: int = 0


def reckon(client: Client, job: Job, *, left: LeftOut | None = None) -> list[str]:
    """Return what became of an export or archive that has ended; no other job is worth it.

    `left` is what an export of some photos does not have of these; None: what it lacks of its session.
    """
    match job.kind:
        case "export":
            lacks = left_out(client, job.session_id, begun=True) if left is None else left
            return export_reckoned(job, _failures(client, job), lacks)
        case "archive":
            return archive_reckoned(job, _failures(client, job), _unfinished(client, job))
        case _:
            return []


def export_reckoned(job: Job, failed: Sequence[Failed], left: LeftOut) -> list[str]:
    """Return what became of an export: a sentence, a line for each failure, and what was not in it."""
    done = job.progress
    return [
        _sentence(
            job,
            f"{outcomes.photos(done.completed)} developed",
            f"nothing to do for {done.skipped}" if done.skipped else "",
        ),
        *_ended_early(job, "The rest is developed in the background."),
        *_failed(job, failed),
        *not_in_it(left),
    ]


def archive_reckoned(job: Job, failed: Sequence[Failed], unfinished: Unfinished) -> list[str]:
    """Return what became of an archive: a sentence, a line for each failure, and what was left out."""
    done = job.progress
    there = done.skipped - unfinished.total
    return [
        _sentence(
            job,
            f"{outcomes.photos(done.completed)} archived",
            f"nothing to do for {there}" if there else "",
            f"{unfinished.total} left out" if unfinished.total else "",
        ),
        *_ended_early(job, "What was copied stands in the archive."),
        *_failed(job, failed),
        *_left_out_of(unfinished),
    ]


def not_in_it(left: LeftOut) -> list[str]:
    """Return which photos an export does not have, in a sentence; nothing where it has all."""
    parts = (
        f"{left.discarded} discarded" if left.discarded else "",
        f"{left.arriving} still arriving" if left.arriving else "",
        f"{left.waiting} waiting in the background" if left.waiting else "",
    )
    told = ", ".join(filter(None, parts))
    return [f"Not in it: {told}."] if told else []


def left_out(client: Client, session_id: str | None, *, begun: bool) -> LeftOut:
    """Return how many photos of a session an export does not have, as it is now.

    Once it has begun, photos that wait are none of its own.
    """
    if session_id is None:
        return LeftOut()
    try:
        session = client.get_session(session_id)
        arriving = sum(
            photo.state == "arriving" for photo in client.list_photos(session_id, states=["arriving"])
        )
    except NoSuchSession:
        return LeftOut()
    return LeftOut(session.discarded_count, arriving, session.pending_count if begun else 0)


def _failures(client: Client, job: Job) -> list[Failed]:
    if not job.progress.failed:
        return []
    return [Failed(name, item.failure) for name, item in failed_items(client, job.id)]


def _unfinished(client: Client, job: Job) -> Unfinished:
    if not job.progress.skipped:
        return Unfinished()
    # What stands in the archive already is skipped as well, but for no reason that is a failure.
    skipped = client.list_items(job.id, states=[ItemState.SKIPPED])
    unfinished = [item for item in skipped if item.failure is not None]
    named = named_items(client, unfinished[:_MOST_NAMED])
    return Unfinished(len(unfinished), tuple(Failed(name, item.failure) for name, item in named))


def _left_out_of(unfinished: Unfinished) -> list[str]:
    if not unfinished.total:
        return []
    named = ", ".join(f"{each.name} ({_state(each.failure)})" for each in unfinished.named)
    more = unfinished.total - len(unfinished.named)
    return [printable(f"Left out: {named}{f' and {more} more' if more > 0 else ''}.")]


def _state(failure: Failure | None) -> str:
    return "" if failure is None else str(failure.context.get("state", failure.code))


def _sentence(job: Job, *parts: str) -> str:
    done = job.progress
    more = (
        f"{done.failed} failed" if done.failed else "",
        f"{done.canceled} not done" if done.canceled else "",
    )
    passed = (job.ended_at_usec or job.created_at_usec) - job.created_at_usec
    return f"{', '.join(filter(None, (*parts, *more)))}; it took {words.duration(passed)}."


def _ended_early(job: Job, remedy: str) -> list[str]:
    if not job.progress.canceled and job.state != JobState.CANCELED:
        return []
    why = words.reasons(job.state_reasons)
    return [printable(f"It ended early{f' ({why})' if why else ''}. {remedy}")]


def _failed(job: Job, failed: Sequence[Failed]) -> list[str]:
    return [
        *(printable(f"  {each.name}  {words.failure_of(each.failure)}".rstrip()) for each in failed),
        *([f"`darkroom retry {job.id}` tries once more what failed."] if failed and _has_begun(job) else []),
    ]


def _has_begun(job: Job) -> bool:
    """Tell whether a job is more than an archive that was refused, which has to be asked for anew."""
    return job.kind != "archive" or job.started_at_usec is not None
