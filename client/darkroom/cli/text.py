"""Text that is safe and measured for a terminal."""

from __future__ import annotations

from typing import Final

ELLIPSIS: Final = "…"
SHORTEST: Final = 8
"""No text is cut to fewer cells than this: less would say nothing."""

_BIDI_AND_INVISIBLE: Final = "".join(
    map(chr, (*range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x2070), 0xFEFF))
)
_UNSAFE_IN_JSON: Final = {
    code: f"\\u{code:04x}" for code in (*range(0x7F, 0xA0), *map(ord, _BIDI_AND_INVISIBLE))
}


def printable(text: str) -> str:
    r"""Return `text` with everything a terminal would act on or hide spelled out, such as `\n` or `\x1b`.

    Bytes that are not UTF-8 (surrogate escapes) appear as `\xff`. The result has one line.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _spelled(char) for char in text)


def _spelled(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # noqa: PLR2004 - the range of surrogate escapes, PEP 383
        return f"\\x{code - 0xDC00:02x}"
    return char.encode("unicode_escape").decode("ascii")


def sendable(text: str | None) -> str | None:
    r"""Return a text of the command line as it can be sent: in one line, what is no UTF-8 as `\xff`."""
    return None if text is None else printable(text)


def printable_json(document: str) -> str:
    r"""Return the same JSON with C1 controls, DEL and marks that reorder or hide text as `\u` escapes."""
    return document if document.isascii() and "\x7f" not in document else document.translate(_UNSAFE_IN_JSON)


def cells(text: str) -> int:
    """Return how many columns of a terminal printable text fills: East Asian wide ones fill two."""
    return len(text) if text.isascii() else sum(map(_cells_of, text))


def _cells_of(char: str) -> int:
    # A name in ASCII is the rule, and this import would be paid at each start of the command.
    import unicodedata  # noqa: PLC0415 - see above

    if unicodedata.category(char) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1


def shortened(text: str, width: int) -> str:
    """Return `text` in at most `width` cells, its middle left out: the end of a file name tells most."""
    if cells(text) <= width:
        return text
    room = max(width, SHORTEST) - 1
    tail = _suffix_within(text, room // 2)
    head = _prefix_within(text, room - cells(tail))
    return f"{head}{ELLIPSIS}{tail}"


def _prefix_within(text: str, width: int) -> str:
    used = 0
    for index, char in enumerate(text):
        used += _cells_of(char)
        if used > width:
            return text[:index]
    return text


def _suffix_within(text: str, width: int) -> str:
    used = 0
    for index in range(len(text) - 1, -1, -1):
        used += _cells_of(text[index])
        if used > width:
            return text[index + 1 :]
    return text
