"""A database that was damaged: what it is called from then on, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Damage:
    """A damaged database that was moved aside, whole, at this start of the daemon.

    Attributes:
        path: where it was, and where a new one is now.
        kept: where it is.
        problem: what was found, in the words of whoever found it.
        backup: what told where photos are looked for, and statistics; None: there was no backup.
    """

    path: Path
    kept: Path
    problem: str
    backup: Path | None = None

    @property
    def message(self) -> str:
        """Say what happened, what is lost, and what is left to do."""
        said = (
            f"The queue database {self.path} was damaged ({self.problem}) and now lies at {self.kept}. A new "
            "one is built from the session folders and their records: what is up to date is not developed "
            "again, and attempts and failures stay known. Lost are the order of the queue, pauses, jobs, log "
            "lines and "
        )
        if self.backup is None:
            return said + (
                "statistics. Sessions that neither the command line nor the configuration names have to be "
                "added again."
            )
        return said + (
            f"statistics since {self.backup} was made, from which sessions and roots are known that were "
            "added. Those that were added since have to be added again."
        )


def damaged_names(name: str, *, at: datetime) -> Iterator[str]:
    """Yield names for the damaged database that was called `name`, the best one first.

    `at` is when the damage was found, in UTC.
    """
    first = f"{name}.damaged-{at:%Y%m%dT%H%M%SZ}"
    yield first
    number = 2
    while True:
        yield f"{first}.{number}"
        number += 1
