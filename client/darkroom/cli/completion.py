"""What may come next on a command line: decided from the parser, without asking anybody."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from darkroom.cli.parser import Parser, is_option, is_repeated, takes_value

FILES: Final = frozenset({"FILE", "FOLDER", "PATH", "COMMAND", "ROOT"})
"""What an argument is called that is, or may well be, a file of this machine."""

PATHS: Final = frozenset({"SESSION", "PHOTO", "ID|PATH", "ID"})
"""What may be given by name or by path: files are offered once a path is begun."""


class Offer(NamedTuple):
    """A word that may come next, and what it means."""

    word: str
    about: str = ""


class Wanted(NamedTuple):
    """What may come next.

    Attributes:
        offers: words that are always the same.
        nouns: what else may be named, as in the help: SESSION, PHOTO, JOB.
        prefix: what stands before each word, such as `--state=`.
        given: the words before that name things, such as photos: none is wanted twice.
    """

    offers: tuple[Offer, ...] = ()
    nouns: frozenset[str] = frozenset()
    prefix: str = ""
    given: tuple[str, ...] = ()


class _Reached(NamedTuple):
    """Where the words so far have led."""

    command: Parser
    given: tuple[str, ...] = ()
    open: argparse.Action | None = None
    """The option whose value comes next."""


def wanted(parser: Parser, words: Sequence[str], current: str) -> Wanted:
    """Return what may come next.

    Args:
        parser: of all commands.
        words: complete ones, after the program's own name.
        current: the word that is being written; what does not fit it is offered as well.
    """
    if "--" in words:
        return Wanted(nouns=frozenset({"COMMAND"}))
    reached = _reached(parser, words)
    if reached is None:
        return Wanted()
    if reached.open is not None:
        return _value(reached.open)._replace(given=reached.given)
    if current.startswith("-"):
        return _dashed(reached.command, current)._replace(given=reached.given)
    if reached.command.commands:
        return Wanted(offers=tuple(_commands(reached.command)))
    found = [_value(action) for action in _positionals(reached.command, len(reached.given))]
    return Wanted(
        offers=tuple(offer for each in found for offer in each.offers),
        nouns=frozenset[str]().union(*(each.nouns for each in found)),
        given=reached.given,
    )


def _dashed(command: Parser, current: str) -> Wanted:
    """Return options; or, after the `=` of one, its values."""
    name, equals, _ = current.partition("=")
    if equals and (option := _option(command, name)) is not None:
        return _value(option)._replace(prefix=f"{name}=")
    return Wanted(offers=tuple(_options(command)))


def wants_files(wanted: Wanted, current: str) -> bool:
    """Tell whether files of this machine may come next."""
    begun = current.removeprefix(wanted.prefix)
    is_path = "/" in begun or begun.startswith((".", "~"))
    return not FILES.isdisjoint(wanted.nouns) or (is_path and not PATHS.isdisjoint(wanted.nouns))


def _reached(parser: Parser, words: Sequence[str]) -> _Reached | None:
    """Follow the words into the commands; None where one of them is no command."""
    reached = _Reached(parser)
    for word in words:
        if reached.open is not None:
            reached = reached._replace(open=None)
        elif word.startswith("-") and word != "-":
            option = _option(reached.command, word)
            waits = option is not None and takes_value(option)
            reached = reached._replace(open=option if waits else None)
        elif reached.command.commands:
            command = reached.command.commands.get(word)
            if command is None:
                return None
            reached = _Reached(command)
        else:
            reached = reached._replace(given=(*reached.given, word))
    return reached


def _option(command: Parser, word: str) -> argparse.Action | None:
    """Return the option with this name; None for one that is followed by its value after `=`."""
    return next((action for action in command.arguments if word in action.option_strings), None)


def _options(command: Parser) -> Iterator[Offer]:
    for action in command.arguments:
        if is_option(action):
            yield Offer(action.option_strings[-1], action.help or "")


def _commands(command: Parser) -> Iterator[Offer]:
    for name, parser in command.commands.items():
        if parser.description is not None:
            yield Offer(name, parser.description)


def _positionals(command: Parser, count: int) -> Iterator[argparse.Action]:
    """Yield what the next word may be, after so many."""
    left = count
    for action in command.arguments:
        if is_option(action):
            continue
        if left == 0 or is_repeated(action):
            yield action
        if left == 0:
            return
        # Of a repeated one there was at least one word: what follows it may begin.
        left = 0 if is_repeated(action) else left - 1


def _value(action: argparse.Action) -> Wanted:
    if action.choices is not None:
        return Wanted(offers=tuple(Offer(str(choice)) for choice in action.choices))
    return Wanted(nouns=frozenset({action.metavar} if isinstance(action.metavar, str) else ()))
