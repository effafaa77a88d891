"""The whole terminal, for a program that fills it, and given back as it was."""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from types import FrameType, TracebackType
from typing import Final, NoReturn, Self, TextIO

from darkroom.cli.program import EXIT_BY_SIGNAL

_TAKE: Final = "\x1b[?1049h\x1b[?25l\x1b[?7l"
"""To another page without a cursor, which cuts off what is too long for a line (private modes of xterm)."""

_GIVE_BACK: Final = "\x1b[?7h\x1b[?25h\x1b[?1049l"


class Window:
    """The whole terminal, for as long as the context lasts: then it is as it was before.

    It is so too when the program is suspended, or ended by SIGTERM or SIGHUP, which raise `SystemExit` here.
    To be entered by the main thread where the screen of standard output `can_redraw`.
    """

    def __init__(self) -> None:
        self._output = sys.stdout
        # The types say that there is always a standard input; `<&-` says otherwise.
        keyboard: TextIO | None = sys.stdin
        self._keys = keyboard.fileno() if keyboard is not None and keyboard.isatty() else None
        self._drawn: tuple[object, ...] | None = None
        self._restore: Callable[[], object] | None = None
        self._handlers: list[Callable[[], object]] = []

    def __enter__(self) -> Self:
        handlers = {signal.SIGTERM: _end, signal.SIGHUP: _end, signal.SIGTSTP: self._suspend}
        for number, handler in handlers.items():
            self._handlers.append(partial(signal.signal, number, signal.signal(number, handler)))
        self._take()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A terminal that has gone away cannot be put back as it was.
        with suppress(OSError):
            self._give_back()
        for put_back in self._handlers:
            put_back()

    @property
    def size(self) -> os.terminal_size:
        """Columns and lines as they are now."""
        return os.get_terminal_size(self._output.fileno())

    def draw(self, lines: Sequence[str]) -> None:
        """Show these lines and nothing else; what does not fit is cut off."""
        size = self.size
        shown = lines[: size.lines or len(lines)]
        # What stands there already is not drawn once more.
        if (size, *shown) != self._drawn:
            self._drawn = (size, *shown)
            text = "\x1b[K\r\n".join(shown)
            self._write(f"\x1b[H{text}\x1b[J")

    def pressed(self) -> str:
        """Return the keys that were pressed since the last look, without waiting."""
        if self._keys is None or not select.select([self._keys], [], [], 0)[0]:
            return ""
        data = os.read(self._keys, 64)
        if not data:
            self._keys = None
        return data.decode("utf-8", "replace")

    def _take(self) -> None:
        if self._keys is not None:
            before = termios.tcgetattr(self._keys)
            self._restore = partial(termios.tcsetattr, self._keys, termios.TCSADRAIN, before)
            tty.setcbreak(self._keys, termios.TCSADRAIN)
        self._drawn = None
        self._write(_TAKE)

    def _give_back(self) -> None:
        try:
            self._write(_GIVE_BACK)
        finally:
            if self._restore is not None:
                self._restore()

    def _suspend(self, number: int, _: FrameType | None) -> None:
        """Give the terminal back to the shell, and take it once more when it says so."""
        self._give_back()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        # From here on it has been continued.
        signal.signal(number, self._suspend)
        self._take()

    def _write(self, text: str) -> None:
        self._output.buffer.write(text.encode(self._output.encoding, "backslashreplace"))
        self._output.buffer.flush()


def _end(number: int, _: FrameType | None) -> NoReturn:
    raise SystemExit(EXIT_BY_SIGNAL + number)
