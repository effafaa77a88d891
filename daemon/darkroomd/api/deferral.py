"""Answers that wait for the first look at the folders, before which nobody knows what lies there."""

from __future__ import annotations

from typing import Any, Final

import anyio

from darkroom.errors import DARKROOM_INTERFACE
from darkroom.protocol.types import Payload
from darkroomd.api.requests import Handler, Handlers, Request

ABOUT_FOLDERS: Final = frozenset(
    f"{DARKROOM_INTERFACE}.{method}"
    for method in (
        "GetHealth",
        "GetPhoto",
        "GetQueue",
        "GetSession",
        "GetSummary",
        "ListJobs",
        "ListPhotos",
        "ListRoots",
        "ListSessions",
        "StartArchive",
        "StartExport",
    )
)
"""The methods whose answers depend on what lies in the folders; all others are answered at once."""


def deferred(handlers: Handlers, *, until: anyio.Event) -> Handlers:
    """Return the handlers, of which those about folders begin once the event is set."""

    def wait_first(handler: Handler) -> Handler:
        async def handle(request: Request[Any]) -> Payload:
            if not until.is_set():
                await until.wait()
            return await handler(request)

        return handle

    return {
        method: wait_first(handler) if method in ABOUT_FOLDERS else handler
        for method, handler in handlers.items()
    }
