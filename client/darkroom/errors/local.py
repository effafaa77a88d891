"""Errors that never travel: whoever asks the daemon meets them on its own side of the socket."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from darkroom.errors.error import EXIT_NOT_PERMITTED, EXIT_UNREACHABLE, EXIT_USAGE, DarkroomError


class RemoteError(DarkroomError):
    """An error this version does not know; `name` (qualified) and `parameters` are as they were sent."""

    code = "RemoteError"

    def __init__(self, name: str, parameters: Mapping[str, Any]) -> None:
        super().__init__(
            f"The daemon answered {name}, which this client does not know; install that of its version.",
            name=name,
            parameters=dict(parameters),
        )
        self.name: Final = name
        self.parameters: Final = dict(parameters)


class DaemonUnreachable(DarkroomError):
    """Nobody answers at the socket."""

    code = "DaemonUnreachable"
    exit_status = EXIT_UNREACHABLE

    def __init__(self, path: str, reason: str, *, remedy: str = "Start it with darkroomd.") -> None:
        super().__init__(
            f"The daemon cannot be reached at {path}: {reason}. {remedy}",
            path=path,
            reason=reason,
        )


class SocketForbidden(DarkroomError):
    """The system does not let this user connect to the socket."""

    code = "SocketForbidden"
    exit_status = EXIT_NOT_PERMITTED

    def __init__(self, path: str) -> None:
        super().__init__(
            f"This user may not connect to {path}; ask as the daemon's user or as root, or have socket.group "
            "in its configuration name a group that you are in.",
            path=path,
        )


class ConnectionLost(DarkroomError):
    """The daemon closed the connection before it had answered."""

    code = "ConnectionLost"
    exit_status = EXIT_UNREACHABLE

    def __init__(self) -> None:
        super().__init__("The daemon closed the connection before it had answered; try again.")


class ProtocolViolation(DarkroomError):
    """What came over the socket is not the protocol."""

    code = "ProtocolViolation"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The other side does not speak the protocol: {reason}.", reason=reason)


class DevelopmentFailed(DarkroomError):
    """A photo that was waited for will not be developed by itself.

    `failure` is the code of its failure, `photo.discarded` where it was discarded.
    """

    code = "DevelopmentFailed"

    def __init__(self, path: str, failure: str, message: str) -> None:
        super().__init__(
            message or f"{path} could not be developed; the log has the reason.", path=path, failure=failure
        )


class SocketPathTooLong(DarkroomError):
    """The system has no sockets under a path this long (both in bytes, without the final NUL)."""

    code = "socket.path_too_long"
    exit_status = EXIT_USAGE

    def __init__(self, path: str, *, length: int, limit: int) -> None:
        super().__init__(
            f"The socket path {path} has {length} bytes, the system allows {limit}; choose a shorter one.",
            path=path,
            length=length,
            limit=limit,
        )
