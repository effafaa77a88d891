"""Lists in pages: bounded, and one after the other for those who want all of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias, TypeVar

from darkroom.errors import InvalidParameter
from darkroom.protocol.types import Payload
from darkroom.wire.messages import encode_parameters
from darkroomd.api import requests
from darkroomd.api.requests import Stream
from darkroomd.core.model import Page

DEFAULT_LIMIT: Final = 100
MAXIMUM_LIMIT: Final = 1000

Entry = TypeVar("Entry")
Reply = TypeVar("Reply", bound=Payload)

Fetch: TypeAlias = Callable[[str | None, int], Awaitable[Page[Entry]]]
"""Returns the page at a cursor, of so many entries at most."""


def page_size(limit: int | None) -> int:
    """Return how many entries a page has; raise `InvalidParameter` outside of 1 to 1000."""
    if limit is None:
        return DEFAULT_LIMIT
    if not 1 <= limit <= MAXIMUM_LIMIT:
        raise InvalidParameter("limit")
    return limit


async def send_pages(
    fetch: Fetch[Entry],
    show: Callable[[Page[Entry]], Reply],
    *,
    cursor: str | None,
    limit: int,
    stream: Stream | None,
) -> Reply:
    """Return the last page to send: the one at `cursor`, or with `stream` the end of the list."""
    page, reply = await fitting_page(fetch, show, cursor=cursor, limit=limit)
    while stream is not None and page.next_cursor is not None:
        await stream(reply)
        page, reply = await fitting_page(fetch, show, cursor=page.next_cursor, limit=limit)
    return reply


async def fitting_page(
    fetch: Fetch[Entry], show: Callable[[Page[Entry]], Reply], *, cursor: str | None, limit: int
) -> tuple[Page[Entry], Reply]:
    """Return the page at `cursor` and how it is shown.

    It has fewer entries than there are and `limit` allows where so many do not fit into a reply.
    """
    while True:
        page = await fetch(cursor, limit)
        reply = show(page)
        if len(page.entries) <= 1 or len(encode_parameters(reply)) <= requests.LONGEST_REPLY_BYTES:
            return page, reply
        limit = len(page.entries) // 2
