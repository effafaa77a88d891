"""Templates of file names and of texts in metadata: plain text with fields in braces.

A file's name has one field that tells photos apart, and fields of the time of capture. These have a fixed
width, also where the time is not known, so that two photos can never have one name: labels that differ stay
different whatever stands around them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from darkroomd.core.naming import LONGEST_NAME_BYTES, labels

STEM: Final = "stem"
SEQUENCE: Final = "sequence"

LONGEST_FRAME_BYTES: Final = 100
"""What may stand around the label in a file's name."""

LONGEST_TEXT: Final = 400
"""Characters of a text in metadata."""

_TIMES: Final[Mapping[str, str]] = {
    "date": "%Y%m%d",
    "time": "%H%M%S",
    "year": "%Y",
    "month": "%m",
    "day": "%d",
    "hour": "%H",
    "minute": "%M",
    "second": "%S",
}
_WIDTHS: Final[Mapping[str, int]] = {"date": 8, "time": 6, "year": 4} | dict.fromkeys(
    ("month", "day", "hour", "minute", "second"), 2
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PIECES: Final = re.compile(r"\{(?P<field>[a-z]*)\}|(?P<text>[^{}]+)|(?P<brace>[{}])")
_PLAIN: Final = re.compile(r"[A-Za-z0-9 ._()+,=@#-]*")


class TemplateInvalid(ValueError):
    """A text that is no template.

    Attributes:
        problem: what is wrong and what would be right, as a part of a sentence.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(f"The template is not right: {problem}.")
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Text:
    """What stands in a template as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Field:
    """What is filled in."""

    name: str


@dataclass(frozen=True, slots=True)
class FileNames:
    """How one recipe calls its files.

    Attributes:
        pieces: of the template.
        numbered: photos are told apart by their numbers, not by their stems.
        suffix: how all the names end.
    """

    pieces: tuple[Text | Field, ...]
    numbered: bool
    suffix: str

    def labels(self, names: Iterable[str]) -> dict[str, str]:
        """Return what tells apart the outputs of these RAW files, which are all of a session."""
        around = sum(_width(piece) for piece in self.pieces) + len(self.suffix)
        return labels(names, room=LONGEST_NAME_BYTES - around, numbered=self.numbered)

    def name(self, label: str, *, wall_usec: int | None) -> str:
        """Return the name of the output of the photo with this label, taken then by its own wall clock."""
        moment = _moment(wall_usec)
        return "".join(_filled(piece, label, moment) for piece in self.pieces) + self.suffix


@lru_cache(maxsize=64)
def file_names(template: str, *, suffix: str) -> FileNames:
    """Return what a template of file names says.

    Raises:
        TemplateInvalid: it would not give each photo a name of its own, or one that can be used anywhere.
    """
    pieces = _pieces(template, {STEM, SEQUENCE, *_TIMES})
    fields = [piece.name for piece in pieces if isinstance(piece, Field)]
    if fields.count(STEM) + fields.count(SEQUENCE) != 1:
        raise TemplateInvalid(
            "it must have either {stem} or {sequence} in it, once: photos of one second have one time"
        )
    for piece in pieces:
        if isinstance(piece, Text) and not _PLAIN.fullmatch(piece.text):
            raise TemplateInvalid("beside fields it may have letters of ASCII, digits, spaces and ._()+,=@#-")
    if template.startswith((".", " ", "-")):
        raise TemplateInvalid("it may not begin with a dot, a space or a -")
    if sum(map(_width, pieces)) > LONGEST_FRAME_BYTES:
        raise TemplateInvalid(f"beside its label a name may have {LONGEST_FRAME_BYTES} characters")
    return FileNames(pieces, SEQUENCE in fields, suffix)


def check_text(template: str) -> None:
    """Raise `TemplateInvalid` for a text of metadata that `filled_in` cannot fill in."""
    _pieces(template, _TIMES)
    if len(template) > LONGEST_TEXT:
        raise TemplateInvalid(f"it may have {LONGEST_TEXT} characters")
    if not template.isprintable():
        raise TemplateInvalid("it may have no line breaks and no other control characters")


def filled_in(template: str, *, wall_usec: int | None) -> str:
    """Return a text of metadata with its fields filled in, empty where the time is not known.

    `wall_usec` is when the photo was taken by its own wall clock, see `core.wall_clock`.
    """
    moment = _moment(wall_usec)
    known = "" if moment is None else None
    return "".join(
        piece.text if isinstance(piece, Text) else known if known is not None else _filled(piece, "", moment)
        for piece in _pieces(template, _TIMES)
    ).strip()


def _pieces(template: str, fields: Collection[str]) -> tuple[Text | Field, ...]:
    pieces: list[Text | Field] = []
    for found in _PIECES.finditer(template):
        if found["brace"]:
            raise TemplateInvalid("braces must stand around the name of a field, as in {stem}")
        if found["text"]:
            pieces.append(Text(found["text"]))
        elif found["field"] in fields:
            pieces.append(Field(found["field"]))
        else:
            known = ", ".join(sorted(f"{{{field}}}" for field in fields))
            raise TemplateInvalid(f"there is no field {{{found['field']}}}; known here are {known}")
    return tuple(pieces)


def _width(piece: Text | Field) -> int:
    return len(piece.text) if isinstance(piece, Text) else _WIDTHS.get(piece.name, 0)


def _filled(piece: Text | Field, label: str, moment: datetime | None) -> str:
    if isinstance(piece, Text):
        return piece.text
    if piece.name not in _TIMES:
        return label
    width = _WIDTHS[piece.name]
    # The C library's %Y has fewer than four digits for years before 1000.
    return "0" * width if moment is None else moment.strftime(_TIMES[piece.name]).zfill(width)


def _moment(wall_usec: int | None) -> datetime | None:
    """Return the time, or None where it is unknown or beyond the calendar."""
    try:
        return None if wall_usec is None else _EPOCH + timedelta(microseconds=wall_usec)
    except OverflowError:
        return None
