"""Why a file is not TOML: on which line, in which words, and what to do."""

from __future__ import annotations

import re
from typing import Final

MOST_DOTS: Final = 1000
"""In a line."""

_POSITION: Final = re.compile(
    r"(?P<said>.*?)(?: \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\))?", re.DOTALL
)
_SET: Final = re.compile(rb"\s*(?P<key>[A-Za-z0-9_.-]{1,80})\s*=")
_LONG_NUMBER: Final = re.compile(rb"[0-9a-fA-F_]{1000,}")

_UNFINISHED: Final = {"Invalid value", "Unclosed array", "Unclosed inline table", "Unterminated string"}
_IN_WORDS: Final = (
    ("Exceeds the limit", "a number has too many digits", "Write a smaller number."),
    ("Cannot overwrite a value", "this is set twice", "Remove one of the two."),
    ("Cannot redefine namespace", "this table is there twice", "Put its keys under one heading."),
    ("Duplicate inline table key", "a key is set twice", "Remove one of the two."),
    ("Found invalid character", "a control character stands there", "Remove it."),
    ("Cannot declare", "this table is there twice", "Put its keys under one heading."),
    ("Cannot mutate immutable", "this table is complete already", "Put all its keys in one place."),
    ("Invalid date", "this is no date or time", "Write texts in quotes."),
    ("Invalid value", "there is no value that could be read", "Write texts in quotes and lists in brackets."),
    ("Invalid statement", "this is neither a key nor a table", 'Write it as key = "value", or [table].'),
    ("Expected '=' after a key", "a key is not followed by =", 'Write it as key = "value".'),
    ("Unclosed array", "a list has no end", "End it with ]."),
    ("Illegal character", "a text has no end, or a control character in it", "End texts with a quote."),
    ("Unterminated string", "a text has no end", "End it with a quote."),
    ("Unescaped '\\'", "a \\ in quotes begins a code that there is not", "Write \\\\, or ' for quotes."),
    (
        "Expected newline",
        "something follows where a line should end",
        "Write one key a line; # begins a comment.",
    ),
)


def crowded_line(content: bytes) -> int | None:
    """Return the first line with more than `MOST_DOTS` dots, from 1; None: there is none."""
    # A key of n parts takes time and memory by the square of n: minutes, for half a megabyte of dots.
    lines = enumerate(content.split(b"\n"), start=1)
    return next((number for number, line in lines if line.count(b".") > MOST_DOTS), None)


def explained(content: bytes, error: ValueError | RecursionError) -> tuple[int | None, str, str]:
    """Return the line (from 1; None: unknown), the problem as a clause and the remedy as a sentence.

    Args:
        content: of the file.
        error: what reading it as UTF-8 and as TOML raised.
    """
    if isinstance(error, UnicodeDecodeError):
        line = content.count(b"\n", 0, error.start) + 1
        return line, "this is not TOML: it is not UTF-8", "Save the file as plain text in UTF-8."
    if isinstance(error, RecursionError):
        return None, "this is not TOML: it is nested too deeply", "Take brackets out of it."
    found = _POSITION.fullmatch(str(error))
    assert found is not None
    line = _line(content, found)
    problem, remedy = _in_words(found, content.split(b"\n")[line - 1])
    column = f", column {found['column']}" if found["column"] else ""
    return line, f"this is not TOML{column}: {problem}", remedy


def _in_words(found: re.Match[str], line: bytes) -> tuple[str, str]:
    said = found["said"]
    if found["line"] is None and said in _UNFINISHED:
        return "the file ends within a value", "End lists with ] and texts with a quote."
    repeated = _SET.match(line) if said.startswith("Cannot overwrite") else None
    if repeated is not None:
        return f"{repeated['key'].decode()} is set twice", "Remove one of the two."
    known = (words for beginning, *words in _IN_WORDS if said.startswith(beginning))
    problem, remedy = next(known, (said.rstrip("."), "Correct this line."))
    return problem, remedy


def _line(content: bytes, found: re.Match[str]) -> int:
    if found["line"]:
        return int(found["line"])
    number = _LONG_NUMBER.search(content)
    end = len(content.rstrip()) if number is None else number.start()
    return content.count(b"\n", 0, end) + 1
