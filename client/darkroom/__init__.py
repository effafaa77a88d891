"""darkroom: talk to darkroomd, the daemon that develops RAW photos in the background.

    from darkroom import Client

    with Client() as client:
        print(client.get_summary().text)
        for event in client.watch():
            print(event.kind)

`darkroom.aio.AsyncClient` is the same for asyncio and trio. The values they return are in
`darkroom.protocol.types`, the errors they raise in `darkroom.errors`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from darkroom.client import Client, EventStream
    from darkroom.errors import DaemonUnreachable, DarkroomError

__all__ = ["Client", "DaemonUnreachable", "DarkroomError", "EventStream"]

_HOMES: Final = {
    "Client": "darkroom.client",
    "EventStream": "darkroom.client",
    "DaemonUnreachable": "darkroom.errors",
    "DarkroomError": "darkroom.errors",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used: the daemon, too, lives below this package."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
