"""The photos of a session as a person counts them: those the daemon has, and those still being written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from darkroom.client import Client
from darkroom.protocol.types import Photo

ARRIVING: Final = "arriving"
"""The state of a photo that is listed only where it is asked for by this name."""


def arriving_in(client: Client, session_id: str) -> Iterator[Photo]:
    """Yield the photos of a session whose files are not complete yet."""
    return client.list_photos(session_id, states=[ARRIVING])


def all_in(client: Client, session_id: str) -> Iterator[Photo]:
    """Yield the photos of a session, each once, those that are still arriving last."""
    # Asked for first: one that settles in between is then found among the others.
    arriving = {photo.id: photo for photo in arriving_in(client, session_id)}
    for photo in client.list_photos(session_id):
        arriving.pop(photo.id, None)
        yield photo
    yield from arriving.values()
