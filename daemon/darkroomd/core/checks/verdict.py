"""How several findings become one line of the health report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from darkroom.protocol.severity import Severity, as_warning
from darkroomd.core.status import Check
from darkroomd.core.wording import readable

MOST_NAMED: Final = 5
"""So many places are named in one sentence; of the others their number is told."""

LONGEST_PATH: Final = 200
"""Characters of a path that are shown; of a longer one its end, which tells more than its beginning."""

_TELLING: Final = 10
"""Two digits tell enough."""

_SIZES: Final = (("TB", 10**12), ("GB", 10**9), ("MB", 10**6))
_SPANS: Final = (("days", 86_400), ("hours", 3_600), ("minutes", 60))


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not well: a sentence that says what, and what to do."""

    severity: Severity
    sentence: str


def bad(sentence: str) -> Finding:
    """Return a finding that photos are, or are about to be, held up by."""
    return Finding(Severity.BAD, sentence)


def worth_a_look(sentence: str) -> Finding:
    """Return a finding that nothing is held up by yet."""
    return Finding(Severity.WARNING, sentence)


def verdict(name: str, findings: Sequence[Finding], *, otherwise: str) -> Check:
    """Return the line about one subject: the worst first; `otherwise` where there is nothing to say."""
    if not findings:
        return Check(name, ok=True, message=otherwise)
    worst_first = sorted(findings, key=lambda finding: finding.severity is not Severity.BAD)
    message = " ".join(finding.sentence for finding in worst_first)
    if worst_first[0].severity is Severity.BAD:
        return Check(name, ok=False, message=message)
    return Check(name, ok=True, message=as_warning(message))


def listed(names: Sequence[str]) -> str:
    """Return names in the middle of a sentence: the first few, and how many others there are."""
    if len(names) > MOST_NAMED:
        return f"{', '.join(names[:MOST_NAMED])} and {len(names) - MOST_NAMED} more"
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def counted(number: int, one: str, several: str) -> str:
    """Return a number with the noun that fits it."""
    return f"{number} {one if number == 1 else several}"


def shown(path: Path) -> str:
    """Return a path fit for the middle of a line."""
    text = "".join(character if character.isprintable() else "\ufffd" for character in readable(path))
    return text if len(text) <= LONGEST_PATH else f"…{text[1 - LONGEST_PATH :]}"


def in_bytes(number: int) -> str:
    """Return a size as people read it, in powers of ten."""
    for unit, length in _SIZES:
        if number >= _TELLING * length:
            return f"{number // length} {unit}"
    return f"{number / 1000:.0f} kB"


def lasting(seconds: float) -> str:
    """Return a span of time as people say it, in the largest unit that fits twice."""
    for unit, length in _SPANS:
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.1f} seconds" if seconds < _TELLING else f"{seconds:.0f} seconds"
