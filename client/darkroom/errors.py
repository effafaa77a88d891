"""Every error a caller of the daemon can meet, in words for people and facts for programs.

A class names one error of the protocol; its constructor takes exactly the error's parameters, by name,
in the protocol's order. The sentence is for people, the code and the context are for programs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

DARKROOM_INTERFACE: Final = "io.darkroomd.Darkroom"
"""The daemon's own interface."""

METRICS_INTERFACE: Final = "io.darkroomd.Metrics"
"""The daemon's figures; all its errors are those of the others."""

SERVICE_INTERFACE: Final = "org.varlink.service"
"""The interface every Varlink service has; its errors may come from any method."""

EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_UNREACHABLE, EXIT_NOT_PERMITTED, EXIT_NOT_FOUND = range(6)


class DarkroomError(Exception):
    """Something a caller should know.

    Attributes:
        code: stable name for programs; for errors of the protocol the name on the wire.
        exit_status: of a command that ends with this error.
        interface: whose error it is on the wire; None: it never travels.
        message: a sentence for people.
        context: the facts, by name.
    """

    code: ClassVar[str] = "DarkroomError"
    exit_status: ClassVar[int] = EXIT_FAILED
    interface: ClassVar[str | None] = None

    def __init__(self, message: str, **context: object) -> None:
        super().__init__(message)
        self.message: Final = message
        self.context: Final[dict[str, object]] = context


class _OfDarkroom(DarkroomError):
    interface = DARKROOM_INTERFACE


class _OfService(DarkroomError):
    interface = SERVICE_INTERFACE


class NoSuchSession(_OfDarkroom):
    """The session id is not known."""

    code = "NoSuchSession"
    exit_status = EXIT_NOT_FOUND

    def __init__(self, session_id: str) -> None:
        super().__init__(
            f"There is no session {session_id}. `darkroom sessions` lists those that there are.",
            session_id=session_id,
        )


class NoSuchRoot(_OfDarkroom):
    """The root id is not known."""

    code = "NoSuchRoot"
    exit_status = EXIT_NOT_FOUND

    def __init__(self, root_id: str) -> None:
        super().__init__(
            f"There is no root {root_id}. `darkroom root list` lists those that there are.", root_id=root_id
        )


class NoSuchPhoto(_OfDarkroom):
    """The photo id is not known."""

    code = "NoSuchPhoto"
    exit_status = EXIT_NOT_FOUND

    def __init__(self, photo_id: str) -> None:
        super().__init__(
            f"There is no photo {photo_id}. `darkroom photos` lists those that there are.", photo_id=photo_id
        )


class NoSuchPreset(_OfDarkroom):
    """The preset id is not known."""

    code = "NoSuchPreset"
    exit_status = EXIT_NOT_FOUND

    def __init__(self, preset_id: str) -> None:
        super().__init__(f"There is no preset {preset_id}.", preset_id=preset_id)


class NoSuchJob(_OfDarkroom):
    """The job number is not, or no longer, known."""

    code = "NoSuchJob"
    exit_status = EXIT_NOT_FOUND

    def __init__(self, job_id: int) -> None:
        super().__init__(
            f"There is no job {job_id}. `darkroom jobs` lists those that there are.", job_id=job_id
        )


class NoSuchItem(_OfDarkroom):
    """The item number is not, or no longer, known."""

    code = "NoSuchItem"
    exit_status = EXIT_NOT_FOUND

    def __init__(self, item_id: int) -> None:
        super().__init__(
            f"There is no item {item_id}. `darkroom show JOB` lists those of a job.", item_id=item_id
        )


class NoSuchOutput(_OfDarkroom):
    """The output id is not known."""

    code = "NoSuchOutput"
    exit_status = EXIT_NOT_FOUND

    def __init__(self, output_id: str) -> None:
        super().__init__(
            f"There is no output {output_id}. `darkroom show PHOTO` lists those of a photo.",
            output_id=output_id,
        )


class InvalidJobState(_OfDarkroom):
    """Not possible in the state the job is in; nothing was changed for any of the jobs."""

    code = "InvalidJobState"

    def __init__(self, job_id: int, state: str) -> None:
        super().__init__(
            f"That is not possible while job {job_id} is {state}; nothing was changed.",
            job_id=job_id,
            state=state,
        )


class SessionBusy(_OfDarkroom):
    """Jobs of the session have not ended."""

    code = "SessionBusy"

    def __init__(self, session_id: str, job_ids: tuple[int, ...]) -> None:
        jobs = ", ".join(map(str, job_ids))
        super().__init__(
            f"The session {session_id} has jobs that have not ended ({jobs}); cancel them first.",
            session_id=session_id,
            job_ids=job_ids,
        )
        self.job_ids: Final = job_ids


class PathNotAllowed(_OfDarkroom):
    """The path does not exist, is not a folder, or lies outside of what the configuration allows."""

    code = "PathNotAllowed"
    exit_status = EXIT_NOT_PERMITTED

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message, path=path)


class InvalidConfiguration(_OfDarkroom):
    """The configuration is not valid; nothing of it was applied."""

    code = "InvalidConfiguration"

    def __init__(self, message: str, problems: tuple[str, ...]) -> None:
        super().__init__(message, problems=problems)


class InvalidCursor(_OfDarkroom):
    """The cursor is not, or no longer, valid."""

    code = "InvalidCursor"

    def __init__(self, cursor: str) -> None:
        super().__init__("The cursor is not valid any more; start over without one.", cursor=cursor)


class ConsumerTooSlow(_OfDarkroom):
    """The watcher did not keep up; the cursor says where to go on."""

    code = "ConsumerTooSlow"

    def __init__(self, cursor: str) -> None:
        super().__init__("The watcher did not keep up; watch again from the cursor.", cursor=cursor)
        self.cursor: Final = cursor


class TimedOut(_OfDarkroom):
    """What was waited for did not happen in time."""

    code = "TimedOut"

    def __init__(self) -> None:
        super().__init__("It did not happen in the time that was given; it may still happen.")


class LimitReached(_OfDarkroom):
    """Too many connections, streams or inhibitors."""

    code = "LimitReached"

    def __init__(self, limit: str, maximum: int) -> None:
        super().__init__(
            f"At most {maximum} {limit} are allowed at a time; close one first.", limit=limit, maximum=maximum
        )


class Stopping(_OfDarkroom):
    """The daemon is going down; a supervisor will start it again."""

    code = "Stopping"
    exit_status = EXIT_UNREACHABLE

    def __init__(self) -> None:
        super().__init__("The daemon is stopping; try again once it is back.")


class Internal(_OfDarkroom):
    """The daemon has a bug; its log tells more under the correlation ID."""

    code = "Internal"

    def __init__(self, message: str, correlation_id: str) -> None:
        super().__init__(message, correlation_id=correlation_id)


class InterfaceNotFound(_OfService):
    """The service does not have the interface."""

    code = "InterfaceNotFound"
    exit_status = EXIT_USAGE

    def __init__(self, interface: str) -> None:
        super().__init__(
            f"The daemon has no interface {interface}; `darkroom introspect` prints the one it has.",
            interface=interface,
        )


class MethodNotFound(_OfService):
    """The interface does not have the method."""

    code = "MethodNotFound"
    exit_status = EXIT_USAGE

    def __init__(self, method: str) -> None:
        super().__init__(f"The daemon has no method {method}.", method=method)


class MethodNotImplemented(_OfService):
    """The interface has the method, this version of the daemon does not."""

    code = "MethodNotImplemented"

    def __init__(self, method: str) -> None:
        super().__init__(f"This version of the daemon cannot do {method} yet.", method=method)


class InvalidParameter(_OfService):
    """A parameter is missing, unknown, out of range or of the wrong type."""

    code = "InvalidParameter"
    exit_status = EXIT_USAGE

    def __init__(self, parameter: str) -> None:
        super().__init__(
            f"The parameter {parameter} is missing or not valid; `darkroom introspect` says what it may be.",
            parameter=parameter,
        )


class PermissionDenied(_OfService):
    """The caller may not do this."""

    code = "PermissionDenied"
    exit_status = EXIT_NOT_PERMITTED

    def __init__(self) -> None:
        super().__init__("This user may not do that; ask as the daemon's user or as root.")


class ExpectedMore(_OfService):
    """The method has to be called with `more`."""

    code = "ExpectedMore"
    exit_status = EXIT_USAGE

    def __init__(self) -> None:
        super().__init__("This method sends several replies; call it with more.")


class ExpectedUpgrade(_OfService):
    """The method has to be called with `upgrade`."""

    code = "ExpectedUpgrade"
    exit_status = EXIT_USAGE

    def __init__(self) -> None:
        super().__init__("This method takes over the connection; call it with upgrade.")


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
            f"This user may not connect to {path}; ask as the daemon's user or as root.", path=path
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


DARKROOM_ERRORS: Final[tuple[type[DarkroomError], ...]] = tuple(_OfDarkroom.__subclasses__())
"""The errors of the daemon's interface, in the order of its description."""

SERVICE_ERRORS: Final[tuple[type[DarkroomError], ...]] = tuple(_OfService.__subclasses__())
"""The errors of `org.varlink.service`, in the order of its description."""
