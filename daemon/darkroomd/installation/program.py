"""Which program a service runs, and what of the file system that needs."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

HIDDEN: Final = tuple(map(Path, ("/home", "/root", "/run/user", "/tmp", "/var/tmp")))  # noqa: S108 - to be named, not used
"""What `ProtectHome=` and `PrivateTmp=` keep from a service of the system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """How the daemon is started.

    Attributes:
        command: the program, by an absolute path, and what it is always given.
        client: the same of the program that talks to it.
        folders: that it reads its own code from.
    """

    command: tuple[str, ...]
    client: tuple[str, ...]
    folders: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """The folders a service is told of, as absolute paths; none: those of the configuration alone.

    Attributes:
        roots, sessions: what it watches.
        writable: where it may write besides, as into an archive.
    """

    roots: tuple[Path, ...] = ()
    sessions: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()

    @property
    def folders(self) -> tuple[Path, ...]:
        """All of them, each once."""
        return tuple(dict.fromkeys((*self.roots, *self.sessions, *self.writable)))

    @property
    def arguments(self) -> tuple[str, ...]:
        """The options of the daemon that name them."""
        named = (
            *(("--root", folder) for folder in self.roots),
            *(("--session", folder) for folder in self.sessions),
        )
        return tuple(word for option, folder in named for word in (option, str(folder)))


def running_program() -> Program:
    """Return the daemon that belongs to the running interpreter."""
    found = [find_spec(package) for package in ("darkroom", "darkroomd")]
    packages = [Path(spec.origin).parents[1] for spec in found if spec is not None and spec.origin]
    # An interpreter that is a link is found, and so is its library, where the link leads.
    interpreter = Path(os.path.realpath(sys.executable)).parents[1]
    folders = dict.fromkeys([Path(sys.prefix), Path(sys.base_prefix), interpreter, *packages])
    return Program(
        command=_script("darkroomd", module="darkroomd"),
        client=_script("darkroom", module="darkroom.cli.main"),
        folders=_outermost(list(folders)),
    )


def hidden_among(folders: Sequence[Path]) -> tuple[Path, ...]:
    """Return those folders that a service of the system would not see, by name or by where links lead."""
    hidden = {*HIDDEN, *(Path(os.path.realpath(folder)) for folder in HIDDEN)}
    return tuple(
        folder
        for folder in folders
        if any(
            each.is_relative_to(top) for each in (folder, Path(os.path.realpath(folder))) for top in hidden
        )
    )


def _script(name: str, *, module: str) -> tuple[str, ...]:
    script = Path(sys.executable).with_name(name)
    return (str(script),) if script.is_file() else (sys.executable, "-P", "-m", module)


def _outermost(folders: Sequence[Path]) -> tuple[Path, ...]:
    return tuple(
        folder
        for folder in folders
        if not any(folder != other and folder.is_relative_to(other) for other in folders)
    )
