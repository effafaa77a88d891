"""`darkroom complete`: what shells ask while a command line is written."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Final

from darkroom.cli import words
from darkroom.cli.arguments import EVENT_KINDS, command_line
from darkroom.cli.bash_words import line_of, replacements
from darkroom.cli.completion import Offer, Wanted, wanted, wants_files
from darkroom.cli.naming import exact_path
from darkroom.cli.terminal import Screen
from darkroom.client import Client
from darkroom.errors import EXIT_DONE, DarkroomError
from darkroom.protocol.methods import DAEMON_METHODS
from darkroom.protocol.types import Session

_PATIENCE_SECONDS: Final = 1.0
"""A person waits for the answer: what is known by then is offered."""

_OFFERED: Final = 500


def run(client: Client, arguments: argparse.Namespace, screen: Screen) -> int:
    """Print a word per line for bash; for others whether files fit, then words and what they mean."""
    line: Sequence[str] = arguments.program
    if arguments.shell == "bash":
        written = line_of("".join(line[:1]))
        offers = _offers(client, written.words[1:], written.current)
        screen.show(replacements(written, (offer.word for offer in offers)))
        return EXIT_DONE
    *before, current = line or [""]
    asked = wanted(command_line(), before, current)
    screen.show(["files" if wants_files(asked, current) else "words"])
    screen.show("\t".join(filter(None, offer)) for offer in _offers(client, before, current))
    return EXIT_DONE


def _offers(client: Client, before: Sequence[str], current: str) -> list[Offer]:
    """Return the words that fit, each once, as far as they can be known in time."""
    asked = wanted(command_line(), before, current)
    begun = current.removeprefix(asked.prefix)
    offers = {offer.word: offer for offer in asked.offers if offer.word.startswith(begun)}
    # Without a daemon there is nothing to offer, and nobody to tell: the shell shows no complaints.
    with suppress(DarkroomError), Client(_socket(before) or client.path, timeout=_PATIENCE_SECONDS) as other:
        for offer in _named(other, asked, begun):
            offers.setdefault(offer.word, offer)
            if len(offers) >= _OFFERED:
                break
    return [offer._replace(word=asked.prefix + offer.word) for offer in offers.values()]


def _socket(before: Sequence[str]) -> str | None:
    """Return the socket that the command line names."""
    for word, value in pairwise(before):
        if word == "--socket":
            return value
    return next((word.removeprefix("--socket=") for word in before if word.startswith("--socket=")), None)


def _named(client: Client, asked: Wanted, begun: str) -> Iterator[Offer]:
    """Yield what the daemon knows by these nouns and beginning, but for what was given already."""
    until = time.monotonic() + _PATIENCE_SECONDS
    for noun, known in _KNOWN.items():
        if noun in asked.nouns:
            for offer in known(client, asked.given):
                fits = offer.word.startswith(begun) and offer.word.isprintable()
                if fits and offer.word not in asked.given:
                    yield offer
                if time.monotonic() >= until:
                    return


def _sessions(client: Client, _: Sequence[str]) -> Iterator[Offer]:
    for session in client.list_sessions():
        yield Offer(session.name, f"{session.developed_count} of {session.photo_count} developed")


def _chosen(client: Client, given: Sequence[str]) -> list[Session]:
    """Return the sessions that are named already; where none is, all."""
    sessions = list(client.list_sessions())
    return [session for session in sessions if {session.name, session.id} & set(given)] or sessions


def _photos(client: Client, given: Sequence[str]) -> Iterator[Offer]:
    """Yield photos by name; of several with one name all but the first by their paths."""
    names: set[str] = set()
    for session in _chosen(client, given):
        for photo in client.list_photos(session.id):
            name = words.name_of(photo.original)
            yield Offer(
                exact_path(photo.original) if name in names else name, f"{photo.state}, {session.name}"
            )
            names.add(name)


def _recipes(client: Client, given: Sequence[str]) -> Iterator[Offer]:
    """Yield the recipes that there are outputs of: the contract lists no others."""
    for session in _chosen(client, given):
        for photo in client.list_photos(session.id):
            for output in photo.outputs:
                yield Offer(output.recipe, output.media_type)


def _jobs(client: Client, _: Sequence[str]) -> Iterator[Offer]:
    for job in client.list_jobs():
        yield Offer(str(job.id), f"{job.kind} {job.state}  {job.label}".rstrip())


def _presets(client: Client, _: Sequence[str]) -> Iterator[Offer]:
    for preset in client.list_presets():
        yield Offer(preset.id, preset.name)


def _roots(client: Client, _: Sequence[str]) -> Iterator[Offer]:
    for root in client.list_roots():
        yield Offer(exact_path(root.folder))


def _interfaces(client: Client, _: Sequence[str]) -> Iterator[Offer]:
    return map(Offer, client.interfaces())


def _methods(_client: Client, _: Sequence[str]) -> Iterator[Offer]:
    return (Offer(method.name, method.doc.partition("\n")[0]) for method in DAEMON_METHODS)


def _event_kinds(_client: Client, _: Sequence[str]) -> Iterator[Offer]:
    return map(Offer, EVENT_KINDS)


def _anything(client: Client, given: Sequence[str]) -> Iterator[Offer]:
    yield from _sessions(client, given)
    yield from _logged(client, given)


def _logged(client: Client, given: Sequence[str]) -> Iterator[Offer]:
    yield from _jobs(client, given)
    yield from _photos(client, given)


_KNOWN: Final[Mapping[str, Callable[[Client, Sequence[str]], Iterator[Offer]]]] = {
    "SESSION": _sessions,
    "PHOTO": _photos,
    "JOB": _jobs,
    "PRESET": _presets,
    "RECIPE": _recipes,
    "ROOT": _roots,
    "INTERFACE": _interfaces,
    "METHOD": _methods,
    "KIND": _event_kinds,
    "ID|PATH": _anything,
    "ID": _logged,
}
"""What the help calls an argument, and what may stand there behind words that were given before."""


def known_nouns() -> frozenset[str]:
    """Return what arguments are called for which there is something to offer."""
    return frozenset(_KNOWN)
