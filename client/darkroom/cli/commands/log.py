"""`darkroom log`: what the daemon wrote down about a job, photo or item."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

import msgspec

from darkroom.cli import words
from darkroom.cli.naming import NothingNamed, anything_named
from darkroom.cli.steering import number
from darkroom.cli.tables import Paint, Tone, unpainted
from darkroom.cli.terminal import Screen
from darkroom.cli.text import printable
from darkroom.client import Client
from darkroom.errors import EXIT_DONE, EXIT_USAGE, DarkroomError
from darkroom.protocol.types import Job, LogLine, Photo, Session

_TONES: Final = {
    "debug": Tone.FAINT,
    "warning": Tone.STRONG,
    "error": Tone.BAD,
    "critical": Tone.BAD,
}


class SessionHasNoLog(DarkroomError):
    """Log lines are about jobs, photos and items."""

    code = "SessionHasNoLog"
    exit_status = EXIT_USAGE

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is a session; give one of its photos or jobs.", name=name)


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """Show the log lines, with `--follow` until the reader or the daemon goes away.

    Raises:
        NoSuchJob: nothing is known of the job, nor written about it; or it is gone, and cannot be followed.
        NoSuchItem: the same of the item.
    """
    if arguments.follow:
        _check_known(client, arguments)
    told = False
    for line in _lines(client, arguments):
        told = True
        if arguments.json:
            screen.show_json([msgspec.json.encode(line)])
        else:
            screen.show([log_line(line, paint=screen.paint)])
    if not told:
        _check_known(client, arguments)
        screen.show([] if arguments.json else ["No such log lines."])
    return EXIT_DONE


def _check_known(client: Client, arguments: argparse.Namespace) -> None:
    """Raise an error where a number is that of nothing; what was written about a job outlives it."""
    if arguments.item is not None:
        client.get_item(arguments.item)
    elif _is_number(arguments.what):
        client.get_job(int(arguments.what))


def _lines(client: Client, arguments: argparse.Namespace) -> Iterator[LogLine]:
    level: str | None = arguments.level
    follow: bool = arguments.follow
    item: int | None = arguments.item
    if item is not None:
        return client.list_log_lines(item_id=item, minimum_level=level, follow=follow)
    word: str = arguments.what
    if _is_number(word):
        return client.list_log_lines(job_id=int(word), minimum_level=level, follow=follow)
    correlation_id = _correlation_id(client, word, follow=follow)
    return client.list_log_lines(correlation_id=correlation_id, minimum_level=level, follow=follow)


def _is_number(word: str) -> bool:
    try:
        number(word)
    except ValueError:
        return False
    return True


def _correlation_id(client: Client, word: str, *, follow: bool) -> str:
    """Return the correlation ID that a word is, or that of the photo it names.

    One that nothing was written about yet can only be followed.

    Raises:
        NothingNamed: it is neither.
    """
    correlation_id = printable(word)
    if next(client.list_log_lines(correlation_id=correlation_id), None) is not None:
        return correlation_id
    try:
        found = anything_named(client, word)
    except NothingNamed:
        if not follow:
            raise
        return correlation_id
    match found:
        case Photo() | Job():
            return found.correlation_id
        case Session():
            raise SessionHasNoLog(found.name)


def log_line(line: LogLine, *, paint: Paint = unpainted) -> str:
    """Return a log line as one line for people: time, level, event and its facts."""
    tone = _TONES.get(line.level, Tone.PLAIN)
    ids = (("job", line.job_id), ("item", line.item_id))
    facts = chain(((name, str(value)) for name, value in ids if value is not None), _facts(line.fields))
    told = " ".join(printable(f"{name}={value}") for name, value in facts)
    time = paint(words.moment(line.at_usec), Tone.FAINT)
    return f"{time}  {paint(printable(line.level).ljust(8), tone)}  {printable(line.event)}  {told}".rstrip()


def _facts(fields: dict[str, object]) -> Iterable[tuple[str, str]]:
    for name, value in fields.items():
        yield name, value if isinstance(value, str) and value else msgspec.json.encode(value).decode()
