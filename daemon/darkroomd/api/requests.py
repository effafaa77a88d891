"""A call as a handler sees it: typed parameters, who calls, and a way to send more than one reply."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from io import FileIO
from typing import Any, Final, Generic, TypeAlias, TypeVar

import anyio
import msgspec

from darkroom.errors import InvalidParameter
from darkroom.protocol.types import Input, Payload
from darkroom.wire.frames import OUTBOUND_LIMIT_BYTES
from darkroom.wire.messages import Reply
from darkroomd.core.access import Grant, Peer

LONGEST_REPLY_BYTES: Final = OUTBOUND_LIMIT_BYTES - 1000
"""Of the parameters of a reply; the envelope around them has room in the rest."""

LONGEST_TEXT: Final = 1000
"""Characters of what a caller says in its own words; it is kept, and shown to everyone."""

Parameters = TypeVar("Parameters", bound=Input)
Text = TypeVar("Text", bound=str | None)

Send: TypeAlias = Callable[[Reply], Awaitable[None]]
"""Sends a reply; returns once the peer's socket has taken it, raises `PeerGone`."""

Stream: TypeAlias = Callable[[Payload], Awaitable[None]]
"""Sends a reply that others follow; returns once the peer's socket has taken it."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The other end of a connection.

    Attributes:
        enclose: takes over an open file, which is passed with the first byte of the next reply, then closed
            here, whatever becomes of that reply; returns its index among those that are passed.
        has_finished: set once the caller has closed its sending half; it may still be listening.
    """

    peer: Peer
    send: Send
    enclose: Callable[[FileIO], int]
    has_finished: anyio.Event = field(default_factory=anyio.Event)


class Request(msgspec.Struct, Generic[Parameters], frozen=True):
    """A call to be answered; `stream` is None where only one reply is wanted.

    Attributes:
        grant: how far the caller may go; never `NOTHING`.
    """

    parameters: Parameters
    caller: Caller
    grant: Grant
    stream: Stream | None = None


# A table of handlers holds one for each type of parameters, which no closer type can say.
Handler: TypeAlias = Callable[[Request[Any]], Awaitable[Payload]]
"""Returns the last reply to a request; raises `DarkroomError` for the caller."""

Handlers: TypeAlias = Mapping[str, Handler]
"""Handlers by qualified method."""


def bounded(text: Text, parameter: str) -> Text:
    """Return what a caller says in its own words; raise `InvalidParameter` where it is too long."""
    if text is not None and len(text) > LONGEST_TEXT:
        raise InvalidParameter(parameter)
    return text
