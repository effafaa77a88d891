"""A call as a handler sees it: typed parameters, who calls, and a way to send more than one reply."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from darkroom.protocol.types import Input, Payload
from darkroomd.core.access import Peer

Parameters = TypeVar("Parameters", bound=Input)

Stream: TypeAlias = Callable[[Payload], Awaitable[None]]
"""Sends a reply that others follow; returns once the peer's socket has taken it."""


@dataclass(frozen=True, slots=True)
class Request(Generic[Parameters]):
    """A call to be answered; `stream` is None where only one reply is wanted."""

    parameters: Parameters
    peer: Peer
    stream: Stream | None = None


# A table of handlers holds one for each type of parameters, which no closer type can say.
Handler: TypeAlias = Callable[[Request[Any]], Awaitable[Payload]]
"""Returns the last reply to a request; raises `DarkroomError` for the caller."""

Handlers: TypeAlias = Mapping[str, Handler]
"""Handlers by qualified method."""
