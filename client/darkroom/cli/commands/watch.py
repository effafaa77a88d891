"""`darkroom watch`: what happens, as it happens."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, NoReturn, TypeVar

import msgspec

from darkroom.cli import words
from darkroom.cli.footer import FOOTER_KINDS, Footer, standing_of
from darkroom.cli.naming import session_named
from darkroom.cli.orders import name_of_photo
from darkroom.cli.tables import Paint, Tone, unpainted
from darkroom.cli.terminal import Screen, complain
from darkroom.cli.text import printable
from darkroom.client import Client, EventStream
from darkroom.protocol.types import Event, Item, ItemState, Job, Photo, Progress, Queue, Session

_REMEMBERED: Final = 1000
"""How many photos' names and how many jobs are kept for events that only have an id."""

Key = TypeVar("Key")
Value = TypeVar("Value")

_LOOK_SECONDS: Final = 0.5
"""So long nothing may happen before the line below is looked after, and the daemon missed."""

_OF_THE_STREAM: Final = frozenset({"ready", "reset", "stopping"})
_GONE: Final = "the daemon has gone away; it is waited for"


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """Show each event as a line until the reader goes away, or the daemon for long.

    On a terminal, how far the work is stands below them.
    """
    names: list[str] | None = arguments.session
    jobs: list[int] | None = arguments.job
    kinds: list[str] | None = arguments.kind
    sessions = None if names is None else [session_named(client, name).id for name in names]
    story = Story(paint=screen.paint, name_of=partial(name_of_photo, client))
    teller = _JsonTeller(screen) if arguments.json else _Teller(screen, story)
    footer = None
    if screen.can_redraw and not arguments.json:
        footer = Footer(standing_of(client, job_ids=jobs, session_ids=sessions))
        if kinds is not None:
            teller = _Teller(screen, story, kinds=kinds)
            kinds = [*kinds, *FOOTER_KINDS]
    try:
        with client.watch(kinds=kinds, job_ids=jobs, session_ids=sessions) as events:
            _tell(events, teller, footer, screen)
    finally:
        screen.erase()


def _tell(
    events: EventStream, teller: _Teller | _JsonTeller, footer: Footer | None, screen: Screen
) -> NoReturn:
    was_there = True
    while True:
        event = events.next_within(_LOOK_SECONDS)
        if event is None:
            screen.check_reader()
        if was_there and not events.connected:
            teller.miss()
        was_there = events.connected
        if event is not None:
            teller.tell(event)
        if footer is not None:
            now = time.monotonic()
            if event is not None:
                footer.take(event, now=now)
            if was_there:
                screen.redraw(footer.line(now=now))


class _JsonTeller:
    """Tells programs."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    def tell(self, event: Event) -> None:
        """Show an event."""
        self._screen.show_json([msgspec.json.encode(event)])

    def miss(self) -> None:
        """Say that the daemon has gone away, where no program takes it for an event."""
        complain(f"{_GONE[:1].upper()}{_GONE[1:]}.")


class _Teller:
    """Tells people; of several kinds those that they asked for, and what is about the stream itself."""

    def __init__(self, screen: Screen, story: Story, *, kinds: Sequence[str] | None = None) -> None:
        self._screen = screen
        self._story = story
        self._kinds = None if kinds is None else {*kinds, *_OF_THE_STREAM}

    def tell(self, event: Event) -> None:
        """Show an event, if it is one that was asked for."""
        if self._kinds is None or event.kind in self._kinds:
            lines = self._story.lines(event)
            if lines:
                self._screen.show(lines)

    def miss(self) -> None:
        """Say that the daemon has gone away."""
        self._screen.show([self._story.line(time.time_ns() // 1000, "gone", Tone.STRONG, _GONE)])


class Story:
    """Tells events to a person, and remembers what those do not say that only have an id.

    Args:
        paint: how a tone looks.
        name_of: finds the name of a photo, by its id, that no event has told of.
    """

    def __init__(self, *, paint: Paint = unpainted, name_of: Callable[[str], str] | None = None) -> None:
        self._paint = paint
        self._name_of = name_of
        self._names: dict[str, str] = {}
        self._jobs: dict[int, Job] = {}

    def lines(self, event: Event) -> list[str]:
        """Return the event as one line; none for a sign of life, or for what is known already."""
        if event.kind == "keepalive" or self._is_known(event):
            return []
        what, tone, about = self._told(event)
        return [self.line(event.at_usec, what, tone, about)]

    def line(self, at_usec: int, what: str, tone: Tone, about: str) -> str:
        """Return what happened at a time as one line."""
        clock = self._paint(words.clock(at_usec), Tone.FAINT)
        return f"{clock}  {self._paint(printable(what).ljust(12), tone)}  {printable(about)}".rstrip()

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

    def _is_known(self, event: Event) -> bool:
        """Whether an event tells nothing new: of a job that stands as before, or what a photo's own tells."""
        if event.job is not None:
            before = self._jobs.pop(event.job.id, None)
            _keep(self._jobs, event.job.id, event.job)
            return event.kind == "job.updated" and before is not None and _stands_as(before, event.job)
        item = event.item
        return item is not None and _is_told_by_its_photo(item) and not self._is_archived(item)

    def _is_archived(self, item: Item) -> bool:
        """Whether an item has ended that leaves its photo as it is: no other event tells of it."""
        job = self._jobs.get(item.job_id)
        return job is not None and job.kind == "archive" and item.ended_at_usec is not None

    def _photo_named(self, photo_id: str) -> str:
        name = self._names.get(photo_id)
        if name is None and self._name_of is not None:
            name = self._name_of(photo_id)
            self._remember(photo_id, name)
        return name or f"photo {photo_id}"

    def _item(self, item: Item) -> tuple[str, Tone, str]:
        about = f"item {item.id}" if item.photo_id is None else self._photo_named(item.photo_id)
        if self._is_archived(item):
            what = "archived" if item.state == ItemState.COMPLETED else str(item.state)
            return what, words.tone_of(item.state), f"{about}  {words.failure_of(item.failure)}".rstrip()
        if item.retry_at_usec is None:
            return item.stage or item.state, words.tone_of(item.state), about
        again = f"again at {words.clock(item.retry_at_usec)}"
        return "retry", Tone.STRONG, f"{about}  {again}  {words.failure_of(item.failure)}".rstrip()

    def _remember(self, photo_id: str, name: str) -> None:
        self._names.pop(photo_id, None)
        _keep(self._names, photo_id, name)


def _keep(known: dict[Key, Value], key: Key, value: Value) -> None:
    """Remember the newest of what is known, and forget the oldest."""
    known[key] = value
    if len(known) > _REMEMBERED:
        del known[next(iter(known))]


def _stands_as(before: Job, now: Job) -> bool:
    return (before.state, before.state_reasons, before.failure) == (now.state, now.state_reasons, now.failure)


def _is_told_by_its_photo(item: Item) -> bool:
    return item.photo_id is not None and not item.stage and item.retry_at_usec is None


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
