"""Where the daemon's socket is: the one place that decides it for every client."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from typing import Final

from darkroom.errors import SocketPathTooLong

SYSTEM_SOCKET: Final = "/run/darkroomd/darkroomd.sock"
"""The socket of a daemon that runs as a service of the system."""

MAC_SYSTEM_SOCKET: Final = "/var/db/darkroomd/darkroomd.sock"
"""The same on a Mac, where launchd opens it: what lies below /var/run there is gone after each start."""

_MAC_BELOW_HOME: Final = "Library/Application Support/darkroomd/darkroomd.sock"
"""Where launchd opens the socket of a user's daemon, for the same reason."""

_BELOW_RUNTIME: Final = "darkroomd/darkroomd.sock"

# sockaddr_un of each system, less the terminating NUL.
_LIMIT_BYTES: Final = 103 if sys.platform == "darwin" else 107


def socket_path(
    given: str | os.PathLike[str] | None, environment: Mapping[str, str], *, platform: str = sys.platform
) -> str:
    """Return the path to connect to: that given, else `DARKROOM_SOCKET`, else a customary one.

    A leading `unix:`, as other Varlink tools write it, is left out. Of the customary
    paths the first that exists is taken, or else the first: that is where a daemon of this user would be.

    Raises:
        SocketPathTooLong: the system cannot connect to a path this long.
    """
    named = os.fspath(given) if given is not None else environment.get("DARKROOM_SOCKET")
    path = named.removeprefix("unix:") if named else _customary(environment, platform=platform)
    length = len(os.fsencode(path))
    if length > _LIMIT_BYTES:
        raise SocketPathTooLong(path, length=length, limit=_LIMIT_BYTES)
    return path


def _customary(environment: Mapping[str, str], *, platform: str) -> str:
    of_system = MAC_SYSTEM_SOCKET if platform == "darwin" else SYSTEM_SOCKET
    candidates = [*_of_user(environment, platform=platform), of_system]
    return next(filter(os.path.exists, candidates), candidates[0])


def _of_user(environment: Mapping[str, str], *, platform: str) -> Iterator[str]:
    variables = ("XDG_RUNTIME_DIR", "TMPDIR") if platform == "darwin" else ("XDG_RUNTIME_DIR",)
    for variable in variables:
        folder = environment.get(variable, "")
        if folder.startswith("/"):
            yield f"{folder}/{_BELOW_RUNTIME}"
    home = environment.get("HOME", "")
    if platform == "darwin" and home.startswith("/"):
        yield f"{home}/{_MAC_BELOW_HOME}"
