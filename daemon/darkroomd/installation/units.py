"""The units of systemd, filled in for one program and the folders it watches."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from darkroomd.installation.marks import marked
from darkroomd.installation.program import Program, Watched
from darkroomd.installation.quoting import command_line, folder_list

SERVICE: Final = "darkroomd.service"
SOCKET: Final = "darkroomd.socket"
DROP_IN: Final = "darkroomd.service.d/folders.conf"
"""Says which folders are watched; it stays when the unit is replaced by that of another version."""

SYSTEM_UNITS: Final = Path("/etc/systemd/system")
SYSUSERS: Final = Path("/etc/sysusers.d/darkroomd.conf")
TMPFILES: Final = Path("/etc/tmpfiles.d/darkroomd.conf")

_RECORD: Final = b"# Watched: "
"""Begins the line from which the folders are known when the file is written anew for another program."""

_KINDS: Final = ("roots", "sessions", "writable")

_SHIPPED_START: Final = "ExecStart=/usr/bin/darkroomd\n"
_SHIPPED_RELOAD: Final = "ExecReload=/usr/bin/darkroom reload\n"
_SHIPPED_HOME: Final = "ProtectHome=yes\n"
_BOUND_HOME: Final = "ProtectHome=tmpfs\n"

Hidden = Callable[[Sequence[Path]], Sequence[Path]]
"""Tells which of some folders a service of the system would not see."""

Template = Callable[[str], bytes]
"""Returns a file as it is shipped, by its name."""


@dataclass(frozen=True, slots=True)
class InstalledFile:
    """A file of a service: where it belongs, and all that is in it."""

    path: Path
    content: bytes


def system_units(
    template: Template, program: Program, watched: Watched, *, hidden: Hidden
) -> tuple[InstalledFile, ...]:
    """Return the files of a service of the system.

    Raises:
        FolderNotForSystemd: a folder cannot be named in a unit.
    """
    service = _started_by(template(SERVICE), program)
    service = _seeing(service, hidden(program.folders))
    files = [
        (SYSTEM_UNITS / SERVICE, service),
        (SYSTEM_UNITS / SOCKET, template(SOCKET)),
        (SYSUSERS, template("darkroomd.sysusers")),
        (TMPFILES, template("darkroomd.tmpfiles")),
    ]
    if watched.folders:
        files.append((SYSTEM_UNITS / DROP_IN, _system_drop_in(program, watched, hidden=hidden)))
    return tuple(InstalledFile(path, marked(content)) for path, content in files)


def user_units(
    template: Template, program: Program, watched: Watched, *, folder: Path
) -> tuple[InstalledFile, ...]:
    """Return the files of a user's service, whose units lie in `folder`."""
    files = [
        (folder / SERVICE, _started_by(template(f"user/{SERVICE}"), program)),
        (folder / SOCKET, template(f"user/{SOCKET}")),
    ]
    if watched.folders:
        files.append((folder / DROP_IN, _drop_in(program, watched)))
    return tuple(InstalledFile(path, marked(content)) for path, content in files)


def recorded_folders(drop_in: bytes) -> Watched:
    """Return the folders of a drop-in that was written by us and not edited since."""
    line = next(line for line in drop_in.splitlines() if line.startswith(_RECORD))
    record: dict[str, list[str]] = json.loads(line.removeprefix(_RECORD))
    roots, sessions, writable = (tuple(map(Path, record[kind])) for kind in _KINDS)
    return Watched(roots=roots, sessions=sessions, writable=writable)


def _started_by(unit: bytes, program: Program) -> bytes:
    start = f"ExecStart={command_line(program.command)}\n"
    reload = f"ExecReload={command_line((*program.client, 'reload'))}\n"
    return _with(_with(unit, _SHIPPED_START, start), _SHIPPED_RELOAD, reload)


def _seeing(unit: bytes, folders: Sequence[Path]) -> bytes:
    """Return the unit of a service that also sees folders which are hidden from it otherwise."""
    if not folders:
        return unit
    return _with(unit, _SHIPPED_HOME, f"{_BOUND_HOME}BindReadOnlyPaths={folder_list(folders)}\n")


def _with(unit: bytes, shipped: str, line: str) -> bytes:
    assert unit.count(shipped.encode()) == 1
    return unit.replace(shipped.encode(), line.encode())


def _drop_in(program: Program, watched: Watched) -> bytes:
    # An empty value takes back the command of the unit itself.
    command = command_line((*program.command, *watched.arguments))
    folders = (watched.roots, watched.sessions, watched.writable)
    record = {kind: list(map(str, named)) for kind, named in zip(_KINDS, folders, strict=True)}
    settings = f"[Service]\nExecStart=\nExecStart={command}\n"
    return _RECORD + json.dumps(record).encode("ascii") + b"\n\n" + settings.encode()


def _system_drop_in(program: Program, watched: Watched, *, hidden: Hidden) -> bytes:
    bound = hidden(watched.folders)
    written = [folder for folder in watched.folders if folder not in bound]
    settings = ""
    if written:
        settings += f"ReadWritePaths={folder_list(written)}\n"
    if bound:
        settings += f"{_BOUND_HOME}BindPaths={folder_list(bound)}\n"
    return _drop_in(program, watched) + settings.encode()
