"""What is wrong with a configuration, or worth a look: where it stands, what it is, and what to do."""

from __future__ import annotations

from dataclasses import dataclass

from darkroom.errors import DarkroomError
from darkroomd.core.layers import KeyPath


@dataclass(frozen=True, slots=True)
class Misfit:
    """Something that is not right at a place of a document.

    Attributes:
        path: the place.
        problem: what is not right, as a clause without a full stop.
        remedy: what to do, as a sentence.
    """

    path: KeyPath
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in the configuration something stands.

    Attributes:
        source: the file, or what stands for it.
        line: from 1; None where that is not known.
        key: its name; empty where it is the file as a whole.
    """

    source: str
    line: int | None
    key: str

    def __str__(self) -> str:
        """Return it for people: `/etc/darkroomd/config.toml:3: intake.quiet_seconds`."""
        at = self.source if self.line is None else f"{self.source}:{self.line}"
        return f"{at}: {self.key}" if self.key else at

    def add_to(self, error: DarkroomError) -> None:
        """Note among the facts of an error that this place led to it."""
        error.context["configured_at"] = {"path": self.source, "line": self.line, "key": self.key}


def place_of(error: DarkroomError) -> Place | None:
    """Return the place of the configuration that led to an error, if it has been noted."""
    match error.context.get("configured_at"):
        case {"path": str(source), "line": (int() | None) as line, "key": str(key)}:
            return Place(source=source, line=line, key=key)
        case _:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """Something that is not right in a file.

    Attributes:
        source: the file, or what stands for it.
        line: from 1; None where that is not known.
        key: its name; empty where it is the file as a whole.
        problem: what is not right, as a clause without a full stop.
        remedy: what to do, as a sentence.
    """

    source: str
    line: int | None
    key: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}. {self.remedy}"

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(source=self.source, line=self.line, key=self.key)

    @property
    def facts(self) -> dict[str, object]:
        """What it is, for programs."""
        return {
            "path": self.source,
            "line": self.line,
            "key": self.key or None,
            "problem": self.problem,
            "remedy": self.remedy,
        }
