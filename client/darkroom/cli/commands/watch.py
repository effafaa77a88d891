"""`darkroom watch`: what happens, as it happens."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from typing import Final, NoReturn

import msgspec

from darkroom.cli import words
from darkroom.cli.footer import FOOTER_KINDS, Footer, standing_of
from darkroom.cli.naming import session_named
from darkroom.cli.tables import Paint, Tone, unpainted
from darkroom.cli.terminal import Screen, complain
from darkroom.cli.text import printable
from darkroom.client import Client, EventStream
from darkroom.protocol.types import Event, Item, Job, Photo, Progress, Queue, Session

_REMEMBERED: Final = 1000
"""How many photos' names are kept for events that only have an id."""

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
    teller = _JsonTeller(screen) if arguments.json else _Teller(screen)
    footer = None
    if screen.can_redraw and not arguments.json:
        footer = Footer(standing_of(client, job_ids=jobs, session_ids=sessions))
        if kinds is not None:
            teller = _Teller(screen, kinds=kinds)
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

    def __init__(self, screen: Screen, *, kinds: Sequence[str] | None = None) -> None:
        self._screen = screen
        self._story = Story(paint=screen.paint)
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
    """Tells events to a person, and remembers names for those that only have an id."""

    def __init__(self, *, paint: Paint = unpainted) -> None:
        self._paint = paint
        self._names: dict[str, str] = {}

    def lines(self, event: Event) -> list[str]:
        """Return the event as one line; none for a sign of life, or what the photo's own event tells."""
        if event.kind == "keepalive" or _is_told_by_its_photo(event.item):
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
