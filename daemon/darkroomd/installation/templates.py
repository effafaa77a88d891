"""The unit files as they are shipped, for a daemon at `/usr/bin/darkroomd`."""

from __future__ import annotations

import os
import sysconfig
from pathlib import Path
from typing import Final

from darkroom.errors import DarkroomError

CHECKOUT: Final = Path(__file__).resolve().parents[3] / "systemd"
"""Where they lie in a clone of the repository."""

BELOW_DATA: Final = Path("share", "darkroomd", "systemd")
"""Where an installation puts them, below its folder of data."""


class TemplatesMissing(DarkroomError):
    """The unit files were not installed together with the program, or cannot be read."""

    code = "service.templates_missing"

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(
            f"The file {name}, which darkroomd is installed with, cannot be read ({problem}). Install "
            "darkroomd again.",
            name=name,
            problem=problem,
        )


def template(name: str) -> bytes:
    """Return the content of a file below `systemd/` in the repository.

    Raises:
        TemplatesMissing: see there.
    """
    problem = os.strerror(2)
    for folder in _folders():
        try:
            return (folder / name).read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            problem = os.strerror(error.errno or 0)
    raise TemplatesMissing(name, problem)


def _folders() -> tuple[Path, ...]:
    """Return where they may lie; a clone's own come before those of an installation made from it earlier."""
    schemes = (sysconfig.get_default_scheme(), sysconfig.get_preferred_scheme("user"))
    return (CHECKOUT, *(Path(sysconfig.get_path("data", scheme)) / BELOW_DATA for scheme in schemes))
