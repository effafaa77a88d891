"""`darkroom photos`: the photos of a session and where each stands."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from darkroom.cli import words
from darkroom.cli.naming import session_named
from darkroom.cli.roll import ARRIVING, all_in
from darkroom.cli.tables import Cell, Column, Paint, Tone, facts, table, unpainted
from darkroom.cli.terminal import Screen
from darkroom.client import Client
from darkroom.errors import EXIT_DONE
from darkroom.protocol.types import Photo, Session

_COLUMNS = (
    Column("PHOTO", elastic=True),
    Column("STATE"),
    Column("CAPTURED"),
    Column("RESULT"),
)
_OF_ALL_COLUMNS = (Column("SESSION", elastic=True), *_COLUMNS)


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """List the photos of one session, or of all."""
    of_all = arguments.session is None
    sessions = list(client.list_sessions()) if of_all else [session_named(client, arguments.session)]
    photos = _photos(client, sessions, states=arguments.state)
    if arguments.json:
        screen.show_json(map(msgspec.json.encode, photos))
        return EXIT_DONE
    names = {session.id: session.name for session in sessions} if of_all else None
    lines = photo_table(photos, sessions=names, width=screen.width, paint=screen.paint)
    screen.show(lines or ["No such photos."])
    return EXIT_DONE


def _photos(client: Client, sessions: Iterable[Session], *, states: list[str] | None) -> Iterator[Photo]:
    for session in sessions:
        yield from client.list_photos(session.id, states=states) if states else all_in(client, session.id)


def photo_table(
    photos: Iterable[Photo],
    *,
    sessions: Mapping[str, str] | None = None,
    width: int | None,
    paint: Paint = unpainted,
) -> list[str]:
    """Return a line per photo under a heading; given names of sessions by id, with that of each."""
    rows = [
        (
            *([] if sessions is None else [Cell(sessions.get(photo.session_id, photo.session_id))]),
            Cell(words.name_of(photo.original), Tone.STRONG),
            Cell(_state(photo), words.tone_of(photo.state)),
            Cell(words.moment(_captured(photo)), Tone.FAINT),
            _result(photo),
        )
        for photo in photos
    ]
    return table(_COLUMNS if sessions is None else _OF_ALL_COLUMNS, rows, width=width, paint=paint)


def _state(photo: Photo) -> str:
    return f"{photo.state}, discarded" if photo.discarded else photo.state


def _captured(photo: Photo) -> int | None:
    return photo.captured_at_usec if photo.corrected_at_usec is None else photo.corrected_at_usec


def _result(photo: Photo) -> Cell:
    if photo.failure is not None:
        return Cell(words.failure_of(photo.failure), Tone.BAD)
    if photo.state == ARRIVING:
        return Cell(f"{words.size(photo.size_bytes)} so far", Tone.FAINT)
    return Cell(", ".join(words.path_of(output.file) for output in photo.outputs))


def photo_facts(photo: Photo, *, paint: Paint = unpainted) -> list[str]:
    """Return all about one photo, a line per fact."""
    return facts(
        [
            ("photo", Cell(words.name_of(photo.original), Tone.STRONG)),
            ("id", Cell(photo.id)),
            ("state", Cell(photo.state, words.tone_of(photo.state))),
            ("failure", Cell(words.failure_of(photo.failure), Tone.BAD)),
            *(
                (f"  {name}", Cell(str(value)))
                for name, value in (photo.failure.context.items() if photo.failure else ())
            ),
            *((f"output {each.recipe}", Cell(words.path_of(each.file), Tone.GOOD)) for each in photo.outputs),
            ("original", Cell(words.path_of(photo.original))),
            ("size", Cell(words.size(photo.size_bytes))),
            ("captured", Cell(words.moment(photo.captured_at_usec))),
            ("corrected", Cell(words.moment(photo.corrected_at_usec))),
            ("preset", Cell(photo.preset_id or "")),
            ("not honoured", Cell(", ".join(photo.unsupported), Tone.STRONG)),
            ("discarded by", Cell(photo.discarded_by or ("somebody" if photo.discarded else ""))),
            ("session", Cell(photo.session_id)),
            ("correlation", Cell(photo.correlation_id)),
        ],
        paint=paint,
    )
