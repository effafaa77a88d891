"""What every error has: words for people, a code and facts for programs, and the exit status of commands."""

from __future__ import annotations

from typing import ClassVar, Final

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
