"""The errors of `org.varlink.service`, in the order of its description; any method may end with one."""

from __future__ import annotations

from typing import Final

from darkroom.errors.error import EXIT_NOT_PERMITTED, EXIT_USAGE, SERVICE_INTERFACE, DarkroomError


class _OfService(DarkroomError):
    interface = SERVICE_INTERFACE


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


SERVICE_ERRORS: Final[tuple[type[DarkroomError], ...]] = tuple(_OfService.__subclasses__())
"""The errors of `org.varlink.service`, in the order of its description."""
