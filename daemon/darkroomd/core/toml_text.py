"""Writes TOML: the values that a configuration has, and the names of its keys."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, time
from enum import Enum
from typing import Final, cast

from darkroomd.core.layers import KeyPath

LONGEST_SHOWN: Final = 80
"""Characters of a value that an error repeats."""

MOST_DECIMAL_BITS: Final = 4096
"""Of whole numbers that are written in the decimal system."""

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPED: Final = re.compile(r'[\0-\x1f\x7f"\\]')
_SHORT: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def as_toml(value: object) -> str:  # noqa: PLR0911 - a case for each type
    """Return a value as it stands in a document, in one line.

    Raises:
        ValueError: it is a text that TOML cannot hold, with half of a surrogate pair.
    """
    match value:
        case bool():
            return "true" if value else "false"
        case Enum():
            return as_toml(value.value)
        case str():
            return _text(value)
        case int():
            return _whole(value)
        case date() | time():
            return value.isoformat()
        case Mapping():
            pairs = cast("Mapping[str, object]", value).items()
            return "{" + ", ".join(f"{_name(key)} = {as_toml(inner)}" for key, inner in pairs) + "}"
        case Sequence():
            return "[" + ", ".join(map(as_toml, cast("Sequence[object]", value))) + "]"
        case _:
            return repr(value)


def shown(value: object) -> str:
    """Return a value for a person, shortened; whatever it is and however deep."""
    if isinstance(value, (list, dict)):
        # What is inside may be of any size and depth.
        return "a table" if isinstance(value, dict) else "an array"
    written = as_toml(value)
    return written if len(written) <= LONGEST_SHOWN else f"{written[: LONGEST_SHOWN - 1]}…"


def printable(text: str) -> str:
    """Return a text in one line: what cannot be printed, or is no text, as its code."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def dotted(path: KeyPath) -> str:
    """Return the name of a key for people and programs: `recipe[0].overlay.file`, positions from 0."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{_name(part)}" for part in path)
    return "".join(parts).removeprefix(".")


def _name(key: str) -> str:
    return key if _BARE.fullmatch(key) else _text(key)


def _text(text: str) -> str:
    text.encode()
    return '"' + _ESCAPED.sub(lambda odd: _SHORT.get(odd[0], f"\\u{ord(odd[0]):04x}"), text) + '"'


def _whole(number: int) -> str:
    # Python refuses to write a number of thousands of digits in the decimal system.
    return str(number) if number.bit_length() <= MOST_DECIMAL_BITS else hex(number)
