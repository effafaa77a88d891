"""Which files make up a service of each kind, where they belong, and what to type to run it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from darkroomd.installation import property_lists, units
from darkroomd.installation.program import Program, Watched
from darkroomd.installation.units import InstalledFile

_MAKE_USER: Final = f"systemd-sysusers {units.SYSUSERS.name}"
_MAKE_FOLDER: Final = f"systemd-tmpfiles --create {units.TMPFILES.name}"

Fill = Callable[[units.Template, Program, Watched], Sequence[InstalledFile]]


class Scope(Enum):
    """For whom a service works."""

    SYSTEM = "system"
    USER = "user"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A kind of service.

    Attributes:
        fill: returns its files for a program and the folders that it watches.
        paths: of all files that it may have.
        folders: that have to be there before it can start.
        links: by which the service manager starts it at boot or login.
        record: the one of `paths` in which the watched folders stand.
        recorded: reads them from it.
        enable: two commands that make it run, now and from then on.
        restart: a command that makes one that runs take new files.
        stop: two commands for when its files are gone.
        stays: what is left once it is removed, for people.
    """

    fill: Fill
    paths: tuple[Path, ...]
    folders: tuple[Path, ...] = ()
    links: tuple[Path, ...] = ()
    record: Path
    recorded: Callable[[bytes], Watched]
    enable: tuple[str, str]
    restart: str
    stop: tuple[str, str]
    stays: tuple[str, ...]


def system_layout(hidden: units.Hidden) -> Layout:
    """Return the service of a machine with systemd."""
    folder = units.SYSTEM_UNITS

    def fill(template: units.Template, program: Program, watched: Watched) -> Sequence[InstalledFile]:
        return units.system_units(template, program, watched, hidden=hidden)

    return Layout(
        fill=fill,
        paths=(*_units_in(folder), units.SYSUSERS, units.TMPFILES),
        links=_links_in(folder, target="multi-user.target"),
        record=folder / units.DROP_IN,
        recorded=units.recorded_folders,
        enable=(
            f"{_MAKE_USER} && {_MAKE_FOLDER} && systemctl daemon-reload",
            "systemctl enable --now darkroomd.socket darkroomd.service",
        ),
        restart="systemctl try-restart darkroomd.service",
        stop=("systemctl stop darkroomd.socket darkroomd.service", "systemctl daemon-reload"),
        stays=("/var/lib/darkroomd", "/etc/darkroomd", "the user darkroomd"),
    )


def user_layout(configuration: Path) -> Layout:
    """Return the service of a user with systemd; `configuration` is the user's folder for that."""
    folder = configuration / "systemd" / "user"

    def fill(template: units.Template, program: Program, watched: Watched) -> Sequence[InstalledFile]:
        return units.user_units(template, program, watched, folder=folder)

    return Layout(
        fill=fill,
        paths=_units_in(folder),
        links=_links_in(folder, target="default.target"),
        record=folder / units.DROP_IN,
        recorded=units.recorded_folders,
        enable=(
            "systemctl --user daemon-reload",
            "systemctl --user enable --now darkroomd.socket darkroomd.service",
        ),
        restart="systemctl --user try-restart darkroomd.service",
        stop=("systemctl --user stop darkroomd.socket darkroomd.service", "systemctl --user daemon-reload"),
        stays=("~/.local/state/darkroomd", "~/.config/darkroomd"),
    )


def daemon_layout() -> Layout:
    """Return the service of a machine with launchd."""
    path = property_lists.LAUNCH_DAEMONS / f"{property_lists.DAEMON}.plist"

    def fill(template: units.Template, program: Program, watched: Watched) -> Sequence[InstalledFile]:
        return (property_lists.launch_daemon(template, program, watched),)

    return Layout(
        fill=fill,
        paths=(path,),
        record=path,
        recorded=property_lists.recorded_folders,
        enable=(
            f"launchctl enable system/{property_lists.DAEMON}",
            f"launchctl bootstrap system {path}",
        ),
        restart=f"launchctl kickstart -k system/{property_lists.DAEMON}",
        stop=(
            f"launchctl bootout system/{property_lists.DAEMON}",
            f"launchctl disable system/{property_lists.DAEMON}",
        ),
        stays=("/var/db/darkroomd", "/Library/Application Support/darkroomd", "the user _darkroomd"),
    )


def agent_layout(home: Path, *, uid: int) -> Layout:
    """Return the service of a user with launchd."""
    path = home / property_lists.LAUNCH_AGENTS / f"{property_lists.AGENT}.plist"
    job = f"gui/{uid}/{property_lists.AGENT}"

    def fill(template: units.Template, program: Program, watched: Watched) -> Sequence[InstalledFile]:
        return (property_lists.launch_agent(template, program, watched, home=home),)

    return Layout(
        fill=fill,
        paths=(path,),
        folders=(property_lists.agent_folder(home),),
        record=path,
        recorded=property_lists.recorded_folders,
        enable=(
            f"launchctl enable {job}",
            f"launchctl bootstrap gui/{uid} ~/{property_lists.LAUNCH_AGENTS / path.name}",
        ),
        restart=f"launchctl kickstart -k {job}",
        stop=(f"launchctl bootout {job}", f"launchctl disable {job}"),
        stays=("~/Library/Application Support/darkroomd", "~/Library/Logs/darkroomd.log"),
    )


def _units_in(folder: Path) -> tuple[Path, ...]:
    return tuple(folder / name for name in (units.SERVICE, units.SOCKET, units.DROP_IN))


def _links_in(folder: Path, *, target: str) -> tuple[Path, ...]:
    return (folder / f"{target}.wants" / units.SERVICE, folder / "sockets.target.wants" / units.SOCKET)
