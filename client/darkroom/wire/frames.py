"""Cuts a stream of bytes into messages.

Varlink ends a message with a NUL. People at a shell end theirs with a line break: where that is
allowed, the first message of a stream decides, for good, which of the two is spoken.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum
from typing import Final

INBOUND_LIMIT_BYTES: Final = 1 << 20
"""The longest call a daemon reads."""

OUTBOUND_LIMIT_BYTES: Final = 8 << 20
"""The longest message a daemon writes, and a client reads."""

_TERMINATOR: Final = re.compile(rb"[\n\0]")
_BLANK_LINES: Final = re.compile(rb"[ \t\r\n\0]*")
_BLANKS: Final = b" \t\r\n"


class WireError(Exception):
    """The peer sent what is not the protocol: its connection can only be closed."""


class Framing(Enum):
    """What ends a message; the value is what ours end with."""

    NUL = b"\0"
    LINES = b"\n"


class FrameBuffer:
    """Bytes in, frames out, in order; looks at each byte a bounded number of times.

    Args:
        limit: bytes a frame may have, without its terminator.
        begins_lines: tells whether a frame is a whole message. Where it is given, people may speak: a
            stream whose first terminator is a line break after a whole message is read by lines, and the
            last message of a stream needs no terminator.
    """

    def __init__(self, *, limit: int, begins_lines: Callable[[bytes], bool] | None = None) -> None:
        self._limit = limit
        self._begins_lines = begins_lines
        self._framing = Framing.NUL if begins_lines is None else None
        self._data = bytearray()
        self._searched = 0
        self._ended = False

    @property
    def framing(self) -> Framing:
        """What ends a message. A stream that ended before it showed a terminator was typed by a person."""
        if self._framing is None:
            return Framing.LINES if self._ended else Framing.NUL
        return self._framing

    @property
    def buffered_bytes(self) -> int:
        """How many bytes wait for their terminator or to be taken."""
        return len(self._data)

    def feed(self, data: bytes) -> None:
        """Add what was received; nothing means that no more will come."""
        self._data += data
        self._ended = self._ended or not data

    def take(self) -> bytes | None:
        """Return the next frame without its terminator, or None until more is fed.

        Raises:
            WireError: a frame is longer than the limit, or the stream does not begin like a message.
        """
        if self._framing is None:
            self._look_at_the_beginning()
        if self._framing is Framing.LINES and self._searched == 0:
            # One step over any number of blank lines; a peer may send nothing else.
            blank = _BLANK_LINES.match(self._data)
            del self._data[: blank.end() if blank else 0]
        if (end := self._find_end()) is not None:
            return self._cut(end)
        return self._take_rest() if self._ended and self._begins_lines is not None else None

    def _look_at_the_beginning(self) -> None:
        """Decide the framing once the first terminator is there; only one try is made."""
        if not self._data.startswith(b"{"):
            self._data = self._data.lstrip(_BLANKS)
            # curl and browsers wait for an answer for ever: they are shown the door at their first byte.
            if self._data and not self._data.startswith(b"{"):
                raise WireError("the first byte is not {")
            self._searched = 0
        end = self._find_end(_TERMINATOR)
        if end is None or self._begins_lines is None:
            return
        by_line = self._data.startswith(b"\n", end) and self._begins_lines(bytes(self._data[:end]))
        self._framing = Framing.LINES if by_line else Framing.NUL

    def _find_end(self, pattern: re.Pattern[bytes] | None = None) -> int | None:
        """Return where the next terminator is; what was searched before is not searched again."""
        if self._framing is Framing.NUL:
            end = self._data.find(b"\0", self._searched)
        else:
            found = (pattern or _TERMINATOR).search(self._data, self._searched)
            end = found.start() if found else -1
        self._searched = len(self._data) if end < 0 else end
        if self._searched > self._limit:
            raise WireError(f"a message has more than {self._limit} bytes")
        return None if end < 0 else end

    def _cut(self, end: int) -> bytes:
        frame = bytes(self._data[:end])
        del self._data[: end + 1]
        self._searched = 0
        return frame

    def _take_rest(self) -> bytes | None:
        rest = self._cut(len(self._data))
        return rest if rest.strip(_BLANKS) else None
