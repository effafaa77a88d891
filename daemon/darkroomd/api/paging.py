"""Lists in pages: bounded, and one after the other for those who want all of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from darkroom.errors import InvalidParameter
from darkroom.protocol.types import Payload
from darkroomd.api.requests import Stream
from darkroomd.core.model import Page

DEFAULT_LIMIT: Final = 100
MAXIMUM_LIMIT: Final = 1000

Entry = TypeVar("Entry")
Reply = TypeVar("Reply", bound=Payload)


def page_size(limit: int | None) -> int:
    """Return how many entries a page has; raise `InvalidParameter` outside of 1 to 1000."""
    if limit is None:
        return DEFAULT_LIMIT
    if not 1 <= limit <= MAXIMUM_LIMIT:
        raise InvalidParameter("limit")
    return limit


async def send_pages(
    fetch: Callable[[str | None], Awaitable[Page[Entry]]],
    show: Callable[[Page[Entry]], Reply],
    *,
    cursor: str | None,
    stream: Stream | None,
) -> Reply:
    """Return the last page to send: the one at `cursor`, or with `stream` the end of the list."""
    page = await fetch(cursor)
    while stream is not None and page.next_cursor is not None:
        await stream(show(page))
        page = await fetch(page.next_cursor)
    return show(page)
