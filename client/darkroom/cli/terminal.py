"""Standard output and error as this process has them: the one place that knows about a terminal."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from io import FileIO, TextIOWrapper
from typing import Final, TextIO

from darkroom.cli.tables import Paint, Tone, unpainted
from darkroom.cli.text import printable, printable_json, shortened

_BEGINNING_OF_LINE: Final = "\r\x1b[K"
"""To the first column, and nothing from there on."""

_CODES: Final = {
    Tone.STRONG: "1",
    Tone.FAINT: "2",
    Tone.GOOD: "32",
    Tone.BUSY: "36",
    Tone.WARN: "33",
    Tone.BAD: "31",
}


def _coloured(text: str, tone: Tone) -> str:
    code = _CODES.get(tone)
    return text if code is None or not text else f"\x1b[{code}m{text}\x1b[0m"


class Screen:
    """Where a command's lines go.

    Attributes:
        width: columns of the terminal, or None where the output is a file or a pipe.
        paint: how a tone looks here.
        can_redraw: whether a line can take the place of another.
    """

    def __init__(self, output: TextIO, *, environment: Mapping[str, str]) -> None:
        self._output = output
        interactive = output.isatty()
        # A terminal that does not know its size says zero.
        columns = os.get_terminal_size(output.fileno()).columns if interactive else 0
        self.width: int | None = columns or None
        self.can_redraw: bool = self.width is not None and environment.get("TERM") != "dumb"
        self._redrawn = ""
        plain = not interactive or bool(environment.get("NO_COLOR")) or environment.get("TERM") == "dumb"
        self.paint: Paint = unpainted if plain else _coloured

    def show(self, lines: Iterable[str]) -> None:
        """Write finished lines and hand them on at once: someone may be watching.

        What the encoding lacks is written as an escape. A line that was redrawn makes room for them.
        """
        self.erase()
        self._write(f"{line}\n".encode(self._output.encoding, "backslashreplace") for line in lines)

    def redraw(self, line: str) -> None:
        """Write a line in the place of the one that was redrawn before, cut to the width.

        To be called where `can_redraw` says so, and followed by `settle` or `erase` in the end.
        """
        assert self.width is not None
        # The window may have another width by now, or none that it tells.
        width = os.get_terminal_size(self._output.fileno()).columns or self.width
        # The last column stays free: some terminals go on in the next line after it.
        text = f"{_BEGINNING_OF_LINE}{shortened(line, width - 1)}"
        if text == self._redrawn:
            return
        self._redrawn = text
        self._write([text.encode(self._output.encoding, "backslashreplace")])

    def settle(self) -> None:
        """Let the line that was redrawn last, if any, stand."""
        if self._redrawn:
            self._redrawn = ""
            self._write([b"\n"])

    def erase(self) -> None:
        """Take the line that was redrawn last, if any, away."""
        if self._redrawn:
            self._redrawn = ""
            self._write([_BEGINNING_OF_LINE.encode("ascii")])

    def check_reader(self) -> None:
        """Raise `BrokenPipeError` where the reader has gone away: only a write would tell otherwise."""
        poll = select.poll()
        poll.register(self._output.fileno(), 0)
        if poll.poll(0):
            raise BrokenPipeError

    def show_json(self, documents: Iterable[bytes]) -> None:
        """Write JSON documents, one a line, in UTF-8 whatever the locale says."""
        self._write(printable_json(document.decode()).encode() + b"\n" for document in documents)

    def _write(self, lines: Iterable[bytes]) -> None:
        for line in lines:
            self._output.buffer.write(line)
        self._output.buffer.flush()


def standard_screen() -> Screen:
    """Return the screen of this process; one without a standard output has a screen that nobody sees."""
    # The types say that there is always one; `>&-` says otherwise.
    output: TextIO | None = sys.stdout
    if output is None:
        return Screen(TextIOWrapper(FileIO(os.devnull, "w"), encoding="utf-8"), environment=os.environ)
    return Screen(output, environment=os.environ)


def discard_output() -> None:
    """Drop what is not written yet: the interpreter would try once more at its end, and complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def complain(sentence: str) -> None:
    """Write one line to standard error; where that is gone, there is nobody to complain to."""
    errors: TextIO | None = sys.stderr
    if errors is not None:
        with suppress(OSError):
            errors.write(f"darkroom: {printable(sentence)}\n")
