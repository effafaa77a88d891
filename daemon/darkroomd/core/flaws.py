"""What is wrong with a configuration, or worth a look: where it stands, what it is, and what to do."""

from __future__ import annotations

from dataclasses import dataclass

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
    def place(self) -> str:
        """Where it is: `/etc/darkroomd/config.toml:3: intake.quiet_seconds`."""
        at = self.source if self.line is None else f"{self.source}:{self.line}"
        return f"{at}: {self.key}" if self.key else at

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
