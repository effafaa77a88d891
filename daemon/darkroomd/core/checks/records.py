"""What is said of the queue and of the database it is kept in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from darkroomd.core.checks.verdict import (
    Finding,
    bad,
    counted,
    in_bytes,
    lasting,
    listed,
    shown,
    verdict,
    worth_a_look,
)
from darkroomd.core.gate import INHIBITED, OUTSIDE_SCHEDULE, PAUSED
from darkroomd.core.status import Check
from darkroomd.core.wording import reason_in_words

LARGE_DATABASE_BYTES: Final = 4_000_000_000
LARGE_LOG_BYTES: Final = 256_000_000
"""The write-ahead log is folded in long before, unless a reader hangs on to it."""

OLD_BACKUP_SECONDS: Final = 3 * 86_400.0
"""Backups are made daily; one may be missed for a reason."""

MOST_PROBLEMS: Final = 5
"""Sentences about presets that are shown; the log has all."""

_WANTED: Final = frozenset((PAUSED, INHIBITED, OUTSIDE_SCHEDULE))
"""Wait reasons that somebody has asked for."""


@dataclass(frozen=True, slots=True)
class Pages:
    """How the last look at all pages of the database came out.

    Attributes:
        problem: the first fault that was found; None: none was.
        complete: False where the time was up before the last page.
        ago_seconds: since then.
    """

    problem: str | None
    complete: bool
    ago_seconds: float


@dataclass(frozen=True, slots=True)
class Database:
    """The file of the queue.

    Attributes:
        size_bytes, log_bytes: of the file, and of its write-ahead log.
        damage: what was moved aside when the daemon started, in a sentence; None: nothing.
        pages: None: they are just being looked at for the first time.
    """

    size_bytes: int
    log_bytes: int
    damage: str | None = None
    pages: Pages | None = None


@dataclass(frozen=True, slots=True)
class Copies:
    """Backups of the database.

    Attributes:
        folder: where they lie.
        wanted: whether the configuration asks for any.
        age_seconds: since the newest one was made; None: there is none, or nobody looked yet.
        problem: why the one that is due could not be made, in a sentence.
    """

    folder: Path
    wanted: bool = True
    age_seconds: float | None = None
    problem: str | None = None


def queue_check(reasons: Sequence[str]) -> Check:
    """Return whether the queue goes on; what somebody wants it to wait for is nothing wrong."""
    if not reasons:
        return Check("queue", ok=True, message="The queue is being worked on.")
    said = " and ".join(map(reason_in_words, reasons))
    message = f"Work waits: {said}. `darkroom status` tells more."
    return Check("queue", ok=_WANTED.issuperset(reasons), message=message)


def missing_check(path: Path) -> Check:
    """Return that somebody took the database away from under the daemon."""
    sentence = (
        f"Somebody removed the queue database {shown(path)} while it is in use: what is recorded from now on "
        "is lost at the next start. Restart the daemon: it builds a new one from the session folders."
    )
    return verdict("database", [bad(sentence)], otherwise="")


def database_check(database: Database) -> Check:
    """Return whether the database is sound, and no larger than it should be."""
    pages = database.pages
    if database.damage is not None:
        return Check("database", ok=False, message=database.damage)
    findings: list[Finding] = []
    if pages is not None and pages.problem is not None:
        findings.append(
            bad(
                f"The queue database is damaged ({pages.problem}). Restart the daemon: it moves the file "
                "aside and builds a new one from the session folders."
            )
        )
    size = in_bytes(database.size_bytes)
    if database.size_bytes > LARGE_DATABASE_BYTES:
        findings.append(
            worth_a_look(
                f"The queue database has {size}. Let [history] in the configuration keep less; the file does "
                "not shrink by itself, but grows no more."
            )
        )
    if database.log_bytes > LARGE_LOG_BYTES:
        findings.append(
            worth_a_look(
                f"The log of the queue database has {in_bytes(database.log_bytes)}: another program keeps "
                "the file open. End that, or restart the daemon."
            )
        )
    otherwise = f"The queue database was found in order; it has {size}{_looked_at(pages)}."
    return verdict("database", findings, otherwise=otherwise)


def _looked_at(pages: Pages | None) -> str:
    if pages is None:
        return ", and is just being looked through"
    how = "looked through" if pages.complete else "looked into as far as the time allowed"
    return f" and was {how} {lasting(pages.ago_seconds)} ago"


def backup_check(copies: Copies) -> Check:
    """Return whether there is a copy of the database that is not too old."""
    if not copies.wanted:
        said = "The configuration asks for no backups of the queue database."
        return Check("backup", ok=True, message=said)
    said = f"There is no backup of the queue database in {shown(copies.folder)} yet."
    if copies.age_seconds is not None:
        age = lasting(max(0.0, copies.age_seconds))
        said = f"The newest backup of the queue database is {age} old; it is in {shown(copies.folder)}."
    findings: list[Finding] = []
    if copies.problem is not None:
        findings.append(worth_a_look(f"{copies.problem} {said}"))
    elif (copies.age_seconds or 0.0) >= OLD_BACKUP_SECONDS:
        findings.append(worth_a_look(f"{said} The log says why none was made since."))
    return verdict("backup", findings, otherwise=said)


def presets_check(known: int, *, problems: Sequence[str]) -> Check:
    """Return how many presets there are; `problems` are sentences about files that cannot be used."""
    findings = [bad(problem) for problem in problems[:MOST_PROBLEMS]]
    return verdict("presets", findings, otherwise=f"{known} presets are known.")


def failures_check(failed: Mapping[str, int]) -> Check:
    """Return how many photos failed for good in the last day, by their codes; one may stand under several."""
    if not failed:
        return Check("failures", ok=True, message="No photo failed in the last day.")
    most_first = sorted(failed.items(), key=lambda each: (-each[1], each[0]))
    codes = listed([f"{code} ({number})" for code, number in most_first])
    sentence = (
        f"{counted(sum(failed.values()), 'photo', 'photos')} failed in the last day: {codes}. "
        "`darkroom photos --all --state failed` lists what still has; docs/troubleshooting.md says what each "
        "code means."
    )
    return verdict("failures", [worth_a_look(sentence)], otherwise="")
