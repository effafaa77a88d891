"""darkroomd as a service of a machine: installed, configured, and given its session folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from systemd.machine import Machine

SERVICE: Final = "darkroomd.service"
LISTENER: Final = "darkroomd.socket"
SOCKET: Final = "/run/darkroomd/darkroomd.sock"
SESSIONS: Final = "/srv/sessions"
"""The root that the service watches."""


def configure(root: Path, text: str) -> None:
    """Write the configuration of the system's service; `root` is the machine's root folder."""
    folder = root / "etc" / "darkroomd"
    folder.mkdir(mode=0o755, exist_ok=True)
    (folder / "config.toml").write_text(text)


def make_session(root: Path, name: str) -> Path:
    """Make a session below the root that the service watches; return its folder as seen from outside."""
    folder = root / SESSIONS.lstrip("/") / name
    (folder / "Raw").mkdir(parents=True)
    return folder


def install(machine: Machine, *options: str, user: int = 0) -> list[str]:
    """Install the service; return the commands that people are told to enable it with."""
    scope = "--user" if user else "--system"
    return commands_in(machine.run("darkroomd", "install-service", scope, *options, user=user))


def commands_in(told: str) -> list[str]:
    """Return the commands that somebody is told to give: the indented lines."""
    return [line.strip() for line in told.splitlines() if line.startswith("  ")]


def obey(machine: Machine, commands: Sequence[str], *, user: int = 0) -> None:
    """Give commands as people do, in a shell."""
    for command in commands:
        machine.run("/bin/sh", "-c", command, user=user)


def hand_over(machine: Machine, folder: str) -> None:
    """Give a folder of the machine with all that is in it to the user that the service runs as."""
    machine.run("chown", "--recursive", "darkroomd:darkroomd", folder)


def adjust(root: Path, text: str) -> None:
    """Write a drop-in for the service, as an administrator does; systemd must be told by `daemon-reload`."""
    folder = root / "etc" / "systemd" / "system" / f"{SERVICE}.d"
    folder.mkdir(mode=0o755, exist_ok=True)
    (folder / "zz-adjusted.conf").write_text(text)


def stop(machine: Machine) -> None:
    """Stop the service, and that a call starts it."""
    machine.run("systemctl", "stop", LISTENER, SERVICE)
