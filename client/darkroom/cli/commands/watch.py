"""`darkroom watch`: what happens, as it happens."""

from __future__ import annotations

import argparse
from typing import Final

import msgspec

from darkroom.cli import words
from darkroom.cli.naming import session_named
from darkroom.cli.tables import Paint, Tone, unpainted
from darkroom.cli.terminal import Screen
from darkroom.cli.text import printable
from darkroom.client import Client
from darkroom.errors import EXIT_DONE
from darkroom.protocol.types import Event, Item, Job, Photo, Progress, Queue, Session

_REMEMBERED: Final = 1000
"""How many photos' names are kept for events that only have an id."""


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """Show each event as a line, until the reader or the daemon goes away."""
    names: list[str] | None = arguments.session
    events = client.watch(
        kinds=arguments.kind,
        job_ids=arguments.job,
        session_ids=None if names is None else [session_named(client, name).id for name in names],
    )
    story = Story(paint=screen.paint)
    with events:
        for event in events:
            if arguments.json:
                screen.show_json([msgspec.json.encode(event)])
            else:
                screen.show(story.lines(event))
    return EXIT_DONE


class Story:
    """Tells events to a person, and remembers names for those that only have an id."""

    def __init__(self, *, paint: Paint = unpainted) -> None:
        self._paint = paint
        self._names: dict[str, str] = {}

    def lines(self, event: Event) -> list[str]:
        """Return the event as one line; none for a sign of life, or what the photo's own event tells."""
        if event.kind == "keepalive" or _is_told_by_its_photo(event.item):
            return []
        what, tone, about = self._told(event)
        time = self._paint(words.clock(event.at_usec), Tone.FAINT)
        return [f"{time}  {self._paint(printable(what).ljust(12), tone)}  {printable(about)}".rstrip()]

    def _told(self, event: Event) -> tuple[str, Tone, str]:
        match event:
            case Event(photo=Photo() as photo):
                return self._photo(event.kind, photo)
            case Event(item=Item() as item):
                return self._item(item)
            case Event(job=Job() as job):
                return _job(event.kind, job)
            case _:
                return _whole(event)

    def _photo(self, kind: str, photo: Photo) -> tuple[str, Tone, str]:
        name = words.name_of(photo.original)
        self._remember(photo.id, name)
        state = "added" if kind == "photo.added" else photo.state
        if photo.failure is not None:
            return state, words.tone_of(state), f"{name}  {words.failure_of(photo.failure)}"
        outputs = ", ".join(words.path_of(output.file) for output in photo.outputs)
        return state, words.tone_of(state), f"{name} → {outputs}" if outputs else name

    def _item(self, item: Item) -> tuple[str, Tone, str]:
        photo = "" if item.photo_id is None else self._names.get(item.photo_id, f"photo {item.photo_id}")
        about = photo or f"item {item.id}"
        if item.retry_at_usec is None:
            return item.stage or item.state, words.tone_of(item.state), about
        again = f"again at {words.clock(item.retry_at_usec)}"
        return "retry", Tone.STRONG, f"{about}  {again}  {words.failure_of(item.failure)}".rstrip()

    def _remember(self, photo_id: str, name: str) -> None:
        self._names.pop(photo_id, None)
        self._names[photo_id] = name
        if len(self._names) > _REMEMBERED:
            del self._names[next(iter(self._names))]


def _is_told_by_its_photo(item: Item | None) -> bool:
    return item is not None and item.photo_id is not None and not item.stage and item.retry_at_usec is None


def _whole(event: Event) -> tuple[str, Tone, str]:
    """Tell an event that is about more than one photo or job."""
    match event:
        case Event(progress=Progress() as progress):
            return "progress", Tone.BUSY, _progress(event.job_id, progress)
        case Event(session=Session() as session):
            return _session(event.kind, session)
        case Event(queue=Queue() as queue):
            return "queue", Tone.PLAIN, _queue(queue)
        case _:
            return _other(event.kind)


def _job(kind: str, job: Job) -> tuple[str, Tone, str]:
    state = "forgotten" if kind == "job.removed" else str(job.state)
    details = words.reasons(job.state_reasons) or (job.failure.code if job.failure is not None else "")
    about = f"job {job.id}  {job.kind}  {job.label}".rstrip()
    return state, words.tone_of(state), f"{about}  {details}" if details else about


def _progress(job_id: int | None, progress: Progress) -> str:
    of_job = "" if job_id is None else f"job {job_id}  "
    return f"{of_job}{words.progress(progress)}"


def _session(kind: str, session: Session) -> tuple[str, Tone, str]:
    counts = (
        f"{session.developed_count} of {session.photo_count} developed, "
        f"{session.pending_count} pending, {session.failed_count} failed"
    )
    what = {"session.added": "new session", "session.removed": "removed"}.get(kind, "session")
    return what, Tone.STRONG, f"{session.name}  {counts}"


def _queue(queue: Queue) -> str:
    counts = f"{queue.queued_items} waiting, {queue.running_items} running, {queue.failed_items} failed"
    paused = f", paused: {words.pause(queue) or 'by request'}" if queue.paused else ""
    waits = f", waits: {words.reasons(queue.wait_reasons)}" if queue.wait_reasons else ""
    return f"{counts}{paused}{waits}"


def _other(kind: str) -> tuple[str, Tone, str]:
    match kind:
        case "ready":
            return "watching", Tone.FAINT, "from here on as it happens"
        case "reset":
            return "gap", Tone.STRONG, "some events were missed; darkroom status has the whole picture"
        case "stopping":
            return "stopping", Tone.STRONG, "the daemon goes down"
        case _:
            return kind, Tone.PLAIN, ""
