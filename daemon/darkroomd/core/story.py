"""The log lines of one photo, kept with the end of its item."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

LEVELS: Final[Mapping[str, int]] = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
"""Names of the log levels and their ranks."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One event of the log.

    Attributes:
        level: rank as in the standard library: 10 debug, 20 info, 30 warning, 40 error, 50 critical.
        fields: what the event carries beside its ids.
    """

    at_usec: int
    level: int
    event: str
    correlation_id: str | None
    job_id: int | None
    item_id: int | None
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose log lines are meant: those of one story, of one job or of one item. One of them is given."""

    correlation_id: str | None = None
    job_id: int | None = None
    item_id: int | None = None
