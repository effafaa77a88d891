"""Why no daemon answers: what can be seen from outside, as lines like those of the health report."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from typing import Final, NamedTuple

from darkroom.protocol.severity import as_warning
from darkroom.protocol.types import Check, Payload

BY_HAND: Final = "`darkroomd --root FOLDER`, where FOLDER is that of your sessions"
"""What to type where no service is installed."""

_RUNNING: Final = frozenset(("active", "activating", "reloading", "running"))
_FAILED: Final = "failed"


class Unreached(Payload, frozen=True, kw_only=True):
    """What programs are told in place of a health report; `ok` is always false."""

    ok: bool
    checks: tuple[Check, ...]


class Door(NamedTuple):
    """What stands at the path of the socket.

    Attributes:
        stands: whether anything does.
        is_socket: whether that is a socket.
        owner: name of its user, or number.
        mode: permissions, such as 0o600.
        refusal: number of the error with which the system refuses to connect; 0: it connects.
    """

    path: str
    stands: bool
    is_socket: bool = False
    owner: str = ""
    mode: int = 0
    refusal: int = 0


class Lock(NamedTuple):
    """A lock file of a daemon; `pid` is the process that holds it, None: none does."""

    path: str
    pid: int | None


class Unit(NamedTuple):
    """What a service manager says of a service of ours, in its own words.

    Attributes:
        name: of the unit, or label of the job.
        whose: `system` or `user`.
        state: such as `active`, `inactive`, `failed`.
        result: why it is not, such as `exit-code`, `oom-kill`, `watchdog`.
        start: command that starts it.
        log: command that shows what it said.
    """

    name: str
    whose: str
    state: str
    result: str
    start: str
    log: str


def explained(door: Door, locks: tuple[Lock, ...], units: tuple[Unit, ...]) -> tuple[Check, ...]:
    """Return what can be said, a line a subject; there is something to do in at least one of them."""
    holders = [lock for lock in locks if lock.pid is not None]
    about = _about(door, holders, start=f"Start it with {_starter(units)}.")
    return (Check(name="socket", ok=False, message=about), _of_process(locks, holders), *_of_units(units))


def _starter(units: tuple[Unit, ...]) -> str:
    """Return what starts the daemon as it is run here."""
    return " or ".join(f"`{unit.start}`" for unit in units) or BY_HAND


def _about(door: Door, holders: Sequence[Lock], *, start: str) -> str:
    if door.is_socket:
        return _about_refusal(door, start)
    if door.stands:
        return f"What stands at {door.path} is no socket. Give the daemon's with --socket or DARKROOM_SOCKET."
    if f"{door.path}.lock" in {lock.path for lock in holders}:
        return (
            f"The socket {door.path} was removed, or the daemon that takes calls there is just starting. If "
            "it is not there in a moment, restart the daemon: it goes on developing, but nobody can ask it."
        )
    if holders:
        return (
            f"There is nothing at {door.path}, but a daemon runs: it is just starting, or listens elsewhere. "
            "Give its socket with --socket or DARKROOM_SOCKET."
        )
    return f"There is nothing at {door.path}. {start}"


def _about_refusal(door: Door, start: str) -> str:
    match door.refusal:
        case 0:
            return (
                f"The daemon takes calls at {door.path} and does not answer: it is very busy, or hangs. Look "
                "into its log, and restart it."
            )
        case errno.EACCES | errno.EPERM:
            mode = f" (mode {door.mode:04o})" if door.mode else ""
            return (
                f"The socket {door.path} is for {door.owner}{mode}, and this user may not connect. Ask as "
                f"{door.owner} or root, or have socket.group name a group that you are in."
            )
        case errno.ECONNREFUSED:
            return (
                f"Nobody listens at {door.path}: a daemon that was killed has left it, and the next one puts "
                f"that right. {start}"
            )
        case _:
            return f"The system does not connect to {door.path}: {os.strerror(door.refusal)}."


def _of_process(locks: tuple[Lock, ...], holders: list[Lock]) -> Check:
    if holders:
        said = " ".join(f"Process {lock.pid} holds {lock.path}: a daemon runs." for lock in holders)
        return Check(name="process", ok=True, message=said)
    if locks:
        said = f"Nobody holds {locks[0].path}: no daemon runs here, though one did."
        return Check(name="process", ok=False, message=said)
    said = "There is no lock of a daemon where they are by default: none has ever run here for this user."
    return Check(name="process", ok=False, message=said)


def _of_units(units: tuple[Unit, ...]) -> tuple[Check, ...]:
    if not units:
        said = "No service of darkroomd is installed. `darkroomd install-service` installs one."
        return (Check(name="service", ok=True, message=as_warning(said)),)
    return tuple(_of_unit(unit) for unit in units)


def _of_unit(unit: Unit) -> Check:
    said = f"{unit.name} ({unit.whose}) is {unit.state}"
    if unit.state in _RUNNING:
        return Check(name="service", ok=True, message=f"{said}.")
    if unit.state == _FAILED:
        why = f" ({unit.result})" if unit.result else ""
        return Check(
            name="service", ok=False, message=f"{said}{why}. `{unit.log}` says why; then `{unit.start}`."
        )
    return Check(name="service", ok=False, message=f"{said}. Start it: `{unit.start}`.")
