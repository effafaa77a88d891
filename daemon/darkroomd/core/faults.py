"""Reasons for which the daemon refuses to start or cannot go on, as errors for the person who started it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from darkroom.errors import DarkroomError
from darkroomd.core.backups import former_name
from darkroomd.core.flaws import Flaw

MOST_TOLD: Final = 5
"""Flaws of a configuration that an error tells in words."""

MOST_LISTED: Final = 100
"""Flaws of a configuration that an error has among its facts."""


class StateCorrupt(DarkroomError):
    """The queue database is damaged or is no database of ours."""

    code = "state.corrupt"

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"The queue database {path} is damaged ({problem}). Start darkroomd again: it moves the file "
            "aside and builds a new one from the session folders. What is up to date is not developed again.",
            path=str(path),
            problem=problem,
        )
        self.path = path
        self.problem = problem


class StateTooNew(DarkroomError):
    """The queue database was written by a newer darkroomd."""

    code = "state.too_new"

    def __init__(self, path: Path, *, found: int, known: int) -> None:
        super().__init__(
            f"The queue database {path} has schema {found}; this darkroomd knows schemas up to {known}. "
            "Install the newer darkroomd again, or go back to the copy that was kept before the upgrade: "
            f"`darkroom state import --replace --state-dir {path.parent} {former_name(str(path), found)}`.",
            path=str(path),
            found=found,
            known=known,
        )


class StateInUse(DarkroomError):
    """Another daemon works on the same state folder."""

    code = "state.in_use"

    def __init__(self, folder: Path, holder: str) -> None:
        super().__init__(
            f"Another darkroomd ({holder}) already uses the state folder {folder}. Stop it first, "
            "or give this one another folder with --state-dir.",
            path=str(folder),
            holder=holder,
        )


class StateUnusable(DarkroomError):
    """The state folder cannot be created, read or written."""

    code = "state.unusable"

    def __init__(self, folder: Path, problem: str) -> None:
        super().__init__(
            f"The state folder {folder} cannot be used: {problem}. Correct its permissions or free some "
            "space, or give another folder with --state-dir.",
            path=str(folder),
            problem=problem,
        )


class StateUnreadable(DarkroomError):
    """The queue database could not be read: its disk fails, or another program keeps it locked."""

    code = "state.unreadable"

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"The queue database cannot be read ({problem}). Look at the disk of the state folder; darkroomd "
            "goes on by itself.",
            problem=problem,
        )


class StateUnwritable(DarkroomError):
    """A change could not be recorded: the state folder's disk is full, read-only or failing."""

    code = "state.unwritable"

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"The queue database cannot be written ({problem}). Free some space or make the state folder "
            "writable; darkroomd goes on by itself.",
            problem=problem,
        )


class ConfigInvalid(DarkroomError):
    """The configuration says something that means nothing.

    Attributes:
        flaws: all that is wrong with the file, at least one.
    """

    code = "config.invalid"
    exit_status = 2

    def __init__(self, flaws: Sequence[Flaw]) -> None:
        told = " ".join(map(str, flaws[:MOST_TOLD]))
        rest = len(flaws) - MOST_TOLD
        more = f" There are {rest} more; `darkroomd --check-config` lists them all." if rest > 0 else ""
        super().__init__(
            f"The configuration is not valid. {told}{more}",
            path=flaws[0].source,
            line=flaws[0].line,
            key=flaws[0].key or None,
            problems=[flaw.facts for flaw in flaws[:MOST_LISTED]],
        )
        self.flaws: Final = tuple(flaws)


class ConfigUnreadable(DarkroomError):
    """A configuration file that was named, or that is there, cannot be read.

    Attributes:
        path: of the file.
    """

    code = "config.unreadable"
    exit_status = 2

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"The configuration {path} cannot be read: {problem}. Correct the file or its permissions, or "
            "name another one with --config; --without-system-config leaves out that of the machine.",
            path=str(path),
            problem=problem,
        )
        self.path: Final = path


class DefaultPresetUnknown(DarkroomError):
    """No preset has the id that the configuration names as the default."""

    code = "config.unknown_preset"
    exit_status = 2

    def __init__(self, preset_id: str, known: tuple[str, ...]) -> None:
        super().__init__(
            f"There is no preset {preset_id}, which presets.default in the configuration names; known are "
            f"{', '.join(known)}. Correct the id, or put the preset file into the folder of presets.",
            preset_id=preset_id,
            known=known,
        )


class SocketGroupUnknown(DarkroomError):
    """There is no group of the name that the configuration gives."""

    code = "config.unknown_group"
    exit_status = 2

    def __init__(self, group: str) -> None:
        super().__init__(
            f"There is no group {group!r}, which socket.group in the configuration names. Create it, or "
            "correct the name.",
            group=group,
        )


class PresetsUnreadable(DarkroomError):
    """The folder of presets cannot be read."""

    code = "config.presets_unreadable"
    exit_status = 2

    def __init__(self, folder: str, problem: str) -> None:
        super().__init__(
            f"The folder of presets {folder} cannot be read ({problem}). Correct its permissions, or set "
            "presets.folder in the configuration.",
            path=folder,
            problem=problem,
        )


class OverlayUnusable(DarkroomError):
    """The picture that a recipe lays over its outputs cannot be used."""

    code = "config.overlay_unusable"
    exit_status = 2

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(
            f"The overlay {path} cannot be used: {problem}. Correct overlay.file of the recipe.",
            path=path,
            problem=problem,
        )
