"""A command line as bash has it while it is written: taken apart, and what is offered put in its form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

_SAFE: Final = re.compile(r"[\w@%+,./:=-]+")
_BREAKS: Final = ":="
"""Where bash, as it comes, begins a new word in the middle of one (`COMP_WORDBREAKS`)."""


class Line(NamedTuple):
    """A command line up to the cursor.

    Attributes:
        words: what stands before the word at the cursor, without quotes.
        current: the word at the cursor, without quotes.
        quote: the quote that is open at the cursor, or none.
        kept: how many characters of `current` bash keeps, replacing only what follows.
    """

    words: tuple[str, ...]
    current: str
    quote: str
    kept: int


def line_of(text: str) -> Line:
    """Take a command line apart as far as bash's quotes go; expansions stand as they are."""
    words: list[str] = []
    current, quote, kept = "", "", 0
    in_word = False
    characters = iter(text)
    for character in characters:
        if character == "\\" and quote != "'":
            current += next(characters, "")
        elif character == quote:
            quote = ""
        elif quote:
            current += character
        elif character in "'\"":
            quote, kept = character, len(current)
        elif character.isspace():
            if in_word:
                words.append(current)
            current, kept, in_word = "", 0, False
            continue
        else:
            current += character
            kept = len(current) if character in _BREAKS else kept
        in_word = True
    return Line(tuple(words), current, quote, kept)


def replacements(line: Line, candidates: Iterable[str]) -> Iterator[str]:
    """Yield what bash is to put in the place of the word at the cursor, for each candidate that fits it."""
    for candidate in candidates:
        if candidate.startswith(line.current):
            rest = candidate[line.kept :]
            # Within quotes bash closes them by itself.
            yield rest if line.quote else quoted(rest)


def quoted(word: str) -> str:
    """Return a word as bash reads it back, with backslashes: quotes would begin in the middle of it."""
    return "".join(each if _SAFE.fullmatch(each) else f"\\{each}" for each in word)
