"""Lists of checksums as `sha256sum` writes them: bytes in, what they say of which file out."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import BinaryIO, Final, NamedTuple

PREFIX: Final = "SHA256SUMS."
"""What the name of a list begins with; the id of its session follows."""

_LINE: Final = re.compile(rb"(?P<escaped>\\?)(?P<digest>[0-9A-Fa-f]{64}) [ *](?P<path>[^\0]+)", re.DOTALL)
_LONGEST_LINE_BYTES: Final = 1 << 14
"""Longer than a path can be whose every byte is escaped (PATH_MAX of Linux: 4096)."""

_ESCAPE: Final = re.compile(rb"\\(.?)", re.DOTALL)
_MEANING: Final = {b"\\": b"\\", b"n": b"\n", b"r": b"\r"}


class Listed(NamedTuple):
    """A file and the checksum that it had.

    Attributes:
        path: relative to the folder of the list, and within it; what is no UTF-8 as surrogate escapes.
        sha256: hexadecimal, in small letters.
    """

    path: str
    sha256: str


class WrongLine(NamedTuple):
    """A line that tells of no file, or of one outside of the folder, and why in words."""

    why: str


def listed(source: BinaryIO) -> Iterator[tuple[int, Listed | WrongLine]]:
    """Yield the number of each line of a list, from 1, and what it says; empty ones say nothing.

    Only one line at a time is held in memory.
    """
    number = 0
    while line := source.readline(_LONGEST_LINE_BYTES):
        number += 1
        if not line.endswith(b"\n") and len(line) == _LONGEST_LINE_BYTES:
            _skip_line(source)
            yield number, WrongLine("it is longer than any path")
        elif line.strip():
            # Systems that end lines otherwise may have had it in hand; a name's own CR is escaped.
            yield number, listed_in(line.removesuffix(b"\n").removesuffix(b"\r"))


def listed_in(line: bytes) -> Listed | WrongLine:
    """Return what one line says, without its line feed."""
    found = _LINE.fullmatch(line)
    if found is None:
        return WrongLine("it is no checksum and path")
    path = _unescaped(found["path"]) if found["escaped"] else found["path"]
    if path is None:
        return WrongLine("its path is escaped in a way that means nothing")
    name = os.fsdecode(path)
    pure = PurePosixPath(name)
    if pure.is_absolute() or ".." in pure.parts or not pure.name:
        return WrongLine("its path leads out of the archive")
    return Listed(name, found["digest"].decode("ascii").lower())


def _unescaped(path: bytes) -> bytes | None:
    r"""Return a path with `\\`, `\n` and `\r` as what they stand for, as coreutils writes them."""
    codes = _ESCAPE.findall(path)
    if not set(codes) <= _MEANING.keys():
        return None
    return _ESCAPE.sub(lambda match: _MEANING[match[1]], path)


def _skip_line(source: BinaryIO) -> None:
    while (rest := source.readline(_LONGEST_LINE_BYTES)) and not rest.endswith(b"\n"):
        continue
