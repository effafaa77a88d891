"""Pure renderers: rows and a width in, lines out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import Enum, auto
from typing import Final, NamedTuple

from darkroom.cli.text import SHORTEST, cells, printable, shortened

GAP: Final = "  "

_LAST_COLUMN_ROOM: Final = 24
"""Cells that are kept free for the beginning of the last column."""


class Tone(Enum):
    """What a piece of text means; the terminal decides how that looks."""

    PLAIN = auto()
    STRONG = auto()
    FAINT = auto()
    GOOD = auto()
    BUSY = auto()
    WARN = auto()
    BAD = auto()


Paint = Callable[[str, Tone], str]


def unpainted(text: str, tone: Tone) -> str:  # noqa: ARG001 - the plain one of several paints
    """Return the text as it is: the paint of files, pipes and `NO_COLOR`."""
    return text


class Column(NamedTuple):
    """A column; an elastic one gives way where the table is wider than the terminal."""

    title: str
    right: bool = False
    elastic: bool = False


class Cell(NamedTuple):
    """A table's cell. Its text may hold anything: it is made printable when it is drawn."""

    text: str
    tone: Tone = Tone.PLAIN


Row = Sequence[Cell]


def table(
    columns: Sequence[Column], rows: Iterable[Row], *, width: int | None, paint: Paint = unpainted
) -> list[str]:
    """Return a heading and a line per row; no rows, no lines.

    The last column is never cut nor filled up: what went wrong with a photo must be readable in whole.
    A width of None means that there is no terminal whose width matters.
    """
    body = [[Cell(printable(cell.text), cell.tone) for cell in row] for row in rows]
    if not body:
        return []
    grid = [[Cell(column.title, Tone.FAINT) for column in columns], *body]
    widths = [max(cells(row[index].text) for row in grid) for index in range(len(columns))]
    if width is not None:
        widths = _squeezed(columns, widths, width)
    return [_line(columns, row, widths, paint) for row in grid]


def _squeezed(columns: Sequence[Column], widths: Sequence[int], limit: int) -> list[int]:
    """Take what is too much from the elastic columns, the widest first."""
    squeezed = list(widths)
    # The last column goes on in the next line where it must: no name is cut to spare it that.
    needed = [*widths[:-1], min(widths[-1], _LAST_COLUMN_ROOM)]
    excess = sum(needed) + len(GAP) * (len(widths) - 1) - limit
    elastic = [index for index, column in enumerate(columns[:-1]) if column.elastic]
    for index in sorted(elastic, key=lambda each: -widths[each]):
        taken = max(0, min(excess, squeezed[index] - SHORTEST))
        squeezed[index] -= taken
        excess -= taken
    return squeezed


def _line(columns: Sequence[Column], row: Row, widths: Sequence[int], paint: Paint) -> str:
    last = len(columns) - 1
    drawn = [
        paint(cell.text, cell.tone) if index == last else _filled(cell, column, width, paint)
        for index, (column, cell, width) in enumerate(zip(columns, row, widths, strict=True))
    ]
    return GAP.join(drawn).rstrip()


def _filled(cell: Cell, column: Column, width: int, paint: Paint) -> str:
    text = shortened(cell.text, width)
    space = " " * (width - cells(text))
    painted = paint(text, cell.tone)
    return space + painted if column.right else painted + space


def facts(pairs: Iterable[tuple[str, Cell]], *, paint: Paint = unpainted) -> list[str]:
    """Return a line per name and value, the values below each other; empty values are left out."""
    told = [(printable(name), printable(cell.text), cell.tone) for name, cell in pairs if cell.text]
    longest = max((cells(name) for name, _, _ in told), default=0)
    return [
        f"{paint(name, Tone.FAINT)}{' ' * (longest - cells(name))}{GAP}{paint(text, tone)}"
        for name, text, tone in told
    ]
