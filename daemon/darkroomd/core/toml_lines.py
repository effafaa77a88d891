"""On which line each value of a TOML document stands; `tomllib` says what they are, and not where."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Mapping
from typing import Final

from darkroomd.core.layers import KeyPath

DEEPEST: Final = 16
"""Keys inside of keys whose lines are kept; no table of ours is half as deep."""

_GAP: Final = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_GAP_IN_VALUE: Final = re.compile(r"(?:[ \t\n,]|#[^\n]*)*")
_SPACE: Final = re.compile(r"[ \t]*")
_DOT: Final = re.compile(r"[ \t]*\.[ \t]*")
_EQUALS: Final = re.compile(r"[ \t]*=[ \t]*")
_STRING: Final = (
    # The last two quotes before those that end a text of several lines may belong to it.
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
)
_KEY: Final = re.compile(rf"{_STRING}|[A-Za-z0-9_-]+", re.DOTALL)
_SCALAR: Final = re.compile(rf"(?:{_STRING})|[^,\]}}#\n]+", re.DOTALL)


def lines_of(text: str) -> Mapping[KeyPath, int]:
    """Return the line, from 1, on which each table, key and element of a document begins.

    Args:
        text: a document that `tomllib` accepts; of any other the lines mean nothing.
    """
    return _Reader(text.replace("\r\n", "\n")).read()


class _Reader:
    """Goes through a document once, from value to value; depth costs no stack."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._breaks = [found.start() for found in re.finditer("\n", text)]
        self._lines: dict[KeyPath, int] = {}
        self._elements: dict[KeyPath, int] = {}

    def read(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        before = -1
        # What is no document may hold a character that nothing takes.
        while before < self._at < len(self._text):
            self._take(_GAP)
            before = self._at
            if self._text[self._at : self._at + 1] == "[":
                table = self._header()
            elif self._at < len(self._text):
                self._value(self._key(table))
        return self._lines

    def _header(self) -> KeyPath:
        """Pass over the head of a table; return its path."""
        of_array = self._text.startswith("[[", self._at)
        line = self._line()
        self._at += 2 if of_array else 1
        *outer, last = self._names()
        self._take(_SPACE)
        self._at += 2 if of_array else 1
        path: KeyPath = ()
        for name in outer:
            path = self._newest(_below(path, name), line)
        path = _below(path, last)
        if of_array:
            self._elements[path] = self._elements.get(path, 0) + 1
        return self._newest(path, line)

    def _newest(self, path: KeyPath, line: int) -> KeyPath:
        """Return the path of a table, or of the newest element where it is an array of them."""
        self._note(path, line)
        count = self._elements.get(path)
        if count is None:
            return path
        element = _below(path, count - 1)
        self._note(element, line)
        return element

    def _key(self, table: KeyPath) -> KeyPath:
        """Pass over a key and its equals sign; return the path of the value."""
        line = self._line()
        names = self._names()
        for length in range(1, min(len(names), DEEPEST) + 1):
            self._note(_below(table, *names[:length]), line)
        self._take(_EQUALS)
        return _below(table, *names)

    def _names(self) -> tuple[str, ...]:
        self._take(_SPACE)
        names = [self._name()]
        while self._take(_DOT):
            names.append(self._name())
        return tuple(names)

    def _name(self) -> str:
        written = self._take(_KEY)
        return str(tomllib.loads(f"name = {written}")["name"]) if written[:1] in {'"', "'"} else written

    def _value(self, path: KeyPath) -> None:
        """Pass over a value with all that is in it."""
        # Arrays (with the number of elements so far) and inline tables (without) that are not at their end.
        unfinished: list[tuple[KeyPath, int | None]] = []
        following: KeyPath | None = path
        while following is not None:
            opening = self._text[self._at : self._at + 1]
            if opening in {"[", "{"}:
                self._at += 1
                unfinished.append((following, 0 if opening == "[" else None))
            else:
                self._take(_SCALAR)
            following = self._following(unfinished)

    def _following(self, unfinished: list[tuple[KeyPath, int | None]]) -> KeyPath | None:
        """Return the path of the next value inside the innermost that is not at its end; None at the end."""
        while unfinished:
            self._take(_GAP_IN_VALUE)
            path, count = unfinished.pop()
            if self._text[self._at : self._at + 1] in {"]", "}", ""}:
                self._at += 1
                continue
            unfinished.append((path, None if count is None else count + 1))
            if count is None:
                return self._key(path)
            element = _below(path, count)
            self._note(element, self._line())
            return element
        return None

    def _note(self, path: KeyPath, line: int) -> None:
        if len(path) <= DEEPEST:
            self._lines.setdefault(path, line)

    def _line(self) -> int:
        return bisect_right(self._breaks, self._at) + 1

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            return ""
        self._at = found.end()
        return found[0]


def _below(path: KeyPath, *names: str | int) -> KeyPath:
    """Return the path of what lies inside; one that is too deep is cut off where that shows."""
    return path if len(path) > DEEPEST else (*path, *names)[: DEEPEST + 1]
