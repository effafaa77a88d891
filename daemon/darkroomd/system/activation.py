"""The socket that the service manager opened and hands over: systemd by its variables, launchd on request."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import MutableMapping, Sequence
from typing import Final

from darkroom.errors import DarkroomError

FIRST_DESCRIPTOR: Final = 3
MOST_DESCRIPTORS: Final = 1024

UNNAMED: Final = "unknown"
"""How systemd calls what was given no name."""


class ActivationRefused(DarkroomError):
    """What the service manager hands over is not the socket that the daemon serves at."""

    code = "socket.activation"
    exit_status = 2

    def __init__(self, problem: str, *, name: str) -> None:
        super().__init__(
            f"The service manager hands over {problem}. Have it hand over one stream socket at a path, by "
            f"the name {name}: ListenStream= and FileDescriptorName={name} in the socket unit, or "
            f"systemd-socket-activate --fdname={name}.",
            problem=problem,
            name=name,
        )


def inherited_socket(
    environment: MutableMapping[str, str], *, name: str, platform: str = sys.platform
) -> socket.socket | None:
    """Return the listening Unix socket of that name; None where the daemon has to open its own.

    The variables are taken out of `environment`, and child processes inherit no descriptor. Whoever asks
    closes the socket; its file belongs to the service manager.

    Raises:
        ActivationRefused: something is handed over, but not one socket of this name, or one of another kind.
    """
    names = _handed_over(environment)
    for descriptor in range(FIRST_DESCRIPTOR, FIRST_DESCRIPTOR + len(names)):
        _keep_from_children(descriptor, name=name)
    descriptors = [number for number, given in enumerate(names, FIRST_DESCRIPTOR) if given == name]
    if names and not descriptors:
        raise ActivationRefused(f"no socket of that name, only {', '.join(names)}", name=name)
    if not names and platform == "darwin":
        descriptors = _from_launchd(name)
    if not descriptors:
        return None
    if len(descriptors) > 1:
        raise ActivationRefused(f"{len(descriptors)} sockets of one name", name=name)
    return _listening(descriptors[0], name=name)


def _handed_over(environment: MutableMapping[str, str]) -> Sequence[str]:
    """Return the names of the descriptors that are meant for this process, from the first one on."""
    pid, count = environment.pop("LISTEN_PID", ""), environment.pop("LISTEN_FDS", "")
    given = environment.pop("LISTEN_FDNAMES", "")
    if pid != str(os.getpid()) or not (count.isascii() and count.isdecimal()):
        return ()
    names = given.split(":") if given else []
    number = min(int(count[:10]), MOST_DESCRIPTORS)
    return (*names[:number], *[UNNAMED] * (number - len(names)))


def _from_launchd(name: str) -> list[int]:
    # ctypes is a megabyte of memory that only a Mac needs.
    from darkroomd.system.launchd import activated  # noqa: PLC0415 - see above

    try:
        descriptors = activated(name)
    except OSError as error:
        raise ActivationRefused(f"nothing ({os.strerror(error.errno or 0)})", name=name) from error
    for descriptor in descriptors:
        _keep_from_children(descriptor, name=name)
    return descriptors


def _keep_from_children(descriptor: int, *, name: str) -> None:
    try:
        os.set_inheritable(descriptor, False)
    except OSError as error:
        raise ActivationRefused(f"descriptor {descriptor}, which is not open", name=name) from error


def _listening(descriptor: int, *, name: str) -> socket.socket:
    try:
        # Family and kind are found out from the descriptor.
        found = socket.socket(fileno=descriptor)
    except OSError as error:
        raise ActivationRefused("something that is no socket", name=name) from error
    problem = _problem_with(found)
    if problem:
        found.close()
        raise ActivationRefused(problem, name=name)
    found.setblocking(False)
    return found


def _problem_with(found: socket.socket) -> str:
    """Return why nobody can be served at a socket; nothing if one can."""
    if found.family != socket.AF_UNIX:
        return "a socket of the network, whose callers nobody can tell apart"
    if found.type != socket.SOCK_STREAM:
        return "a socket for datagrams or packets"
    if not found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        return "a connection instead of a socket that listens (set Accept=no)"
    address: object = found.getsockname()
    if not isinstance(address, str) or not address.startswith("/"):
        return "a socket without a path in the file system"
    return ""
