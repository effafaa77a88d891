"""What is said of the socket that people and programs call at."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from darkroomd.core.checks.verdict import bad, shown, verdict, worth_a_look
from darkroomd.core.status import Check

_MAY_CONNECT: Final = stat.S_IWGRP


@dataclass(frozen=True, slots=True)
class Door:
    """What stands under the socket's path.

    Attributes:
        mode: as `lstat` tells it; None: nothing stands there, or it cannot be looked at.
        ours: it is the socket that the daemon listens at; None: the system does not tell.
        group: owner group of the file.
        wanted_group: the group that is to be let in; None: none is.
    """

    path: Path
    mode: int | None
    ours: bool | None = None
    group: int | None = None
    wanted_group: int | None = None


def socket_check(door: Door) -> Check:
    """Return whether programs can still come in, and whether those can that should."""
    where = shown(door.path)
    if door.mode is None:
        sentence = (
            f"Somebody removed the socket {where}: nobody new can connect. Restart the daemon, and see to it "
            "that no tidying touches that folder."
        )
        return verdict("socket", [bad(sentence)], otherwise="")
    if not stat.S_ISSOCK(door.mode) or door.ours is False:
        sentence = f"What stands at {where} is not the daemon's own socket. Restart the daemon."
        return verdict("socket", [bad(sentence)], otherwise="")
    said = f"Programs connect at {where}, mode {stat.S_IMODE(door.mode):04o}."
    is_open = door.group == door.wanted_group and door.mode & _MAY_CONNECT
    if door.wanted_group is not None and not is_open and not door.mode & stat.S_IWOTH:
        sentence = (
            f"The group that socket.group names may not connect at {where} (mode "
            f"{stat.S_IMODE(door.mode):04o}). Correct the mode and the group, or those in the socket unit."
        )
        return verdict("socket", [worth_a_look(sentence)], otherwise=said)
    return Check("socket", ok=True, message=said)
