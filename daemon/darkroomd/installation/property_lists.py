"""The jobs of launchd, filled in for one program and the folders it watches."""

from __future__ import annotations

import plistlib
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from darkroom.errors import EXIT_USAGE, DarkroomError
from darkroomd.installation.marks import marked
from darkroomd.installation.program import Program, Watched
from darkroomd.installation.units import InstalledFile, Template

AGENT: Final = "io.darkroomd.agent"
DAEMON: Final = "io.darkroomd.daemon"
LAUNCH_DAEMONS: Final = Path("/Library/LaunchDaemons")
LAUNCH_AGENTS: Final = Path("Library/LaunchAgents")
"""Below the user's home folder."""

_BELOW_HOME: Final = Path("Library/Application Support/darkroomd")


class NotForLaunchd(DarkroomError):
    """A path cannot be written into a property list."""

    code = "service.path_not_for_launchd"
    exit_status = EXIT_USAGE

    def __init__(self, path: str) -> None:
        super().__init__(
            f"launchd cannot be told of {path!r}: it has control characters, or bytes that are no UTF-8, in "
            "its name. Rename it, or name the folder that it lies in.",
            path=path,
        )


def launch_daemon(template: Template, program: Program, watched: Watched) -> InstalledFile:
    """Return the job of the whole machine.

    Raises:
        NotForLaunchd: a path cannot be named in a property list.
    """
    job = _job(template, DAEMON)
    job["ProgramArguments"] = [*program.command, *job["ProgramArguments"][1:], *watched.arguments]
    return _file(LAUNCH_DAEMONS / f"{DAEMON}.plist", job)


def launch_agent(template: Template, program: Program, watched: Watched, *, home: Path) -> InstalledFile:
    """Return the job of the user whose home folder is `home`: launchd knows no word for that.

    Raises:
        NotForLaunchd: a path cannot be named in a property list.
    """
    job = _job(template, AGENT)
    socket = str(home / _BELOW_HOME / "darkroomd.sock")
    job["ProgramArguments"] = [*program.command, "--socket", socket, *watched.arguments]
    job["Sockets"]["darkroomd"]["SockPathName"] = socket
    job["StandardErrorPath"] = str(home / "Library/Logs/darkroomd.log")
    return _file(home / LAUNCH_AGENTS / f"{AGENT}.plist", job)


def recorded_folders(job: bytes) -> Watched:
    """Return the folders of a job that was written by us and not edited since."""
    words: list[str] = plistlib.loads(job)["ProgramArguments"]
    named = list(pairwise(words))
    return Watched(
        roots=tuple(Path(folder) for option, folder in named if option == "--root"),
        sessions=tuple(Path(folder) for option, folder in named if option == "--session"),
    )


def agent_folder(home: Path) -> Path:
    """Return the folder that has to be there before launchd can open the user's socket in it."""
    return home / _BELOW_HOME


def _job(template: Template, label: str) -> dict[str, Any]:
    job: dict[str, Any] = plistlib.loads(template(f"launchd/{label}.plist"))
    return job


def _file(path: Path, job: dict[str, Any]) -> InstalledFile:
    for word in (str(path), *job["ProgramArguments"]):
        if any(ord(character) < 0x20 or "\ud800" <= character <= "\udfff" for character in word):  # noqa: PLR2004 - controls
            raise NotForLaunchd(word)
    return InstalledFile(path, marked(plistlib.dumps(job, sort_keys=False)))
