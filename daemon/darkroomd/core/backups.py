"""Backups of the database: what they are called, when the next one is due, and which of them are kept."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

_MOMENT: Final = "%Y%m%dT%H%M%SZ"
_NAME: Final = re.compile(r"queue-(?P<at>[0-9]{8}T[0-9]{6}Z)\.db")
_FORMER: Final = re.compile(r"(?P<name>.+)\.before-(?P<schema>[0-9]{1,4})", re.DOTALL)

KEPT_FORMER: Final = 3
"""Copies of the database as it was before so many changes of its schema."""


def backup_name(at: datetime) -> str:
    """Return what a backup is called that is made at this moment, in UTC."""
    return f"queue-{at.astimezone(UTC):{_MOMENT}}.db"


def backup_moment(name: str) -> datetime | None:
    """Return when a backup of this name was made; None if no backup is called so."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    try:
        return datetime.strptime(found["at"], _MOMENT).replace(tzinfo=UTC)
    except ValueError:
        return None


def next_backup_at(names: Iterable[str], *, now: datetime, every: timedelta) -> datetime:
    """Return when the next backup is due where files of these names lie; that may be long past.

    Backups from the future were made while the clock was wrong, and put nothing off.
    """
    moments = (backup_moment(name) for name in names)
    past = [moment for moment in moments if moment is not None and moment <= now]
    return max(past) + every if past else now


def superfluous_backups(names: Iterable[str], *, made: str, keep: int) -> tuple[str, ...]:
    """Return which files to remove once the backup `made` is known to be good, so that `keep` are left.

    It is kept itself in any case, as is what is no backup. Those from its future were made while the clock
    was wrong, nobody knows when: they go first.
    """
    others = sorted(name for name in names if backup_moment(name) is not None and name != made)
    by_age = [name for name in others if name > made] + [name for name in others if name < made]
    return tuple(by_age[: max(0, len(by_age) - max(0, keep - 1))])


def former_name(name: str, schema: int) -> str:
    """Return what the copy of the database `name` is called that is made before it gets this schema."""
    return f"{name}.before-{schema}"


def superfluous_formers(names: Iterable[str], *, name: str, made: str) -> tuple[str, ...]:
    """Return which copies that `former_name` names to remove once `made` is there: the lowest numbers first.

    Those of higher numbers were made before a downgrade, and are kept as well as they can be.
    """
    numbers: dict[str, int] = {}
    for one in names:
        found = _FORMER.fullmatch(one)
        if found is not None and found["name"] == name and one != made:
            numbers[one] = int(found["schema"])
    by_age = sorted(numbers, key=lambda one: numbers[one])
    return tuple(by_age[: max(0, len(by_age) - (KEPT_FORMER - 1))])
