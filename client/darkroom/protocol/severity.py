"""How bad a line of the health report is: `Check` has `ok` and a message, and this is what they say together.

What is bad has `ok` false. What is well has `ok` true, and so has what a person should look at before it gets
bad: its message begins with `Warning: `. Programs of any language can tell the three apart by that.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

WARNING: Final = "Warning: "
"""How the message of a check begins that is well for now, and may not stay so."""


class Severity(StrEnum):
    """How a check came out, from best to worst."""

    OK = "ok"
    WARNING = "warning"
    BAD = "bad"


def severity_of(*, ok: bool, message: str) -> Severity:
    """Return how a check with these fields came out."""
    if not ok:
        return Severity.BAD
    return Severity.WARNING if message.startswith(WARNING) else Severity.OK


def as_warning(message: str) -> str:
    """Return the message of a check that warns of this."""
    return f"{WARNING}{message}"


def without_mark(message: str) -> str:
    """Return what a message says, for readers who are shown the severity beside it."""
    return message.removeprefix(WARNING)
