"""Where things lie: XDG base directories, the `*_DIRECTORY` variables of systemd, or what was asked for."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from darkroom.errors import DarkroomError

NAME: Final = "darkroomd"
SOCKET_NAME: Final = "darkroomd.sock"
CONFIG_NAME: Final = "config.toml"
SYSTEM_CONFIG: Final = Path("/etc") / NAME
MAC_CONFIG: Final = Path("/Library/Application Support") / NAME
SYSTEM_RUNTIME: Final = Path("/run") / NAME


class NoHome(DarkroomError):
    """No environment variable says where state may be kept."""

    code = "paths.no_home"
    exit_status = 2

    def __init__(self, variable: str) -> None:
        super().__init__(
            f"Neither {variable} nor HOME is set: say where to keep the state with --state-dir.",
            variable=variable,
        )


@dataclass(frozen=True, slots=True)
class Places:
    """The daemon's files and folders; none of them need exist.

    Attributes:
        system_config: the configuration of the machine, which is read before `config`.
        config: the configuration of the user or the service; None where no place is known.
        state: folder of the queue.
        socket: where programs talk to the daemon.
    """

    system_config: Path
    config: Path | None
    state: Path
    socket: Path


def standard_places(
    environment: Mapping[str, str],
    *,
    state: Path | None = None,
    socket: Path | None = None,
    platform: str = sys.platform,
) -> Places:
    """Return the places that were asked for, else what `environment` names, else what is customary.

    Raises:
        NoHome: nothing says where the state may be kept.
    """
    return Places(
        system_config=(MAC_CONFIG if platform == "darwin" else SYSTEM_CONFIG) / CONFIG_NAME,
        config=_config(environment, platform=platform),
        state=state or _folder(environment, "STATE_DIRECTORY", "XDG_STATE_HOME", ".local/state", platform),
        socket=socket or _socket(environment, platform=platform),
    )


def _config(environment: Mapping[str, str], *, platform: str) -> Path | None:
    try:
        return (
            _folder(environment, "CONFIGURATION_DIRECTORY", "XDG_CONFIG_HOME", ".config", platform)
            / CONFIG_NAME
        )
    except NoHome:
        # Nothing to configure is no error; nowhere to keep the queue is.
        return None


def _folder(
    environment: Mapping[str, str], unit_variable: str, xdg_variable: str, below_home: str, platform: str
) -> Path:
    # systemd may name several folders, separated by colons; the first is ours.
    given = environment.get(unit_variable, "").split(":")[0]
    if given:
        return Path(given)
    base = environment.get(xdg_variable, "")
    if Path(base).is_absolute():
        return Path(base) / NAME
    home = environment.get("HOME", "")
    if not Path(home).is_absolute():
        raise NoHome(xdg_variable)
    if platform == "darwin":
        return Path(home) / "Library" / "Application Support" / NAME
    return Path(home) / below_home / NAME


def _socket(environment: Mapping[str, str], *, platform: str) -> Path:
    if given := environment.get("DARKROOM_SOCKET", ""):
        return Path(given.removeprefix("unix:"))
    if unit := environment.get("RUNTIME_DIRECTORY", "").split(":")[0]:
        return Path(unit) / SOCKET_NAME
    runtime = environment.get("XDG_RUNTIME_DIR", "")
    if Path(runtime).is_absolute():
        return Path(runtime) / NAME / SOCKET_NAME
    if platform == "darwin" and (temporary := environment.get("TMPDIR", "")):
        return Path(temporary) / NAME / SOCKET_NAME
    return SYSTEM_RUNTIME / SOCKET_NAME
