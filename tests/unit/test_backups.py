"""What backups are called, when they are due and which are kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroomd.core.backups import (
    backup_moment,
    backup_name,
    former_name,
    next_backup_at,
    superfluous_backups,
    superfluous_formers,
)

NOW = datetime(2026, 11, 21, 20, 30, 15, tzinfo=UTC)
DAY = timedelta(days=1)


def named(days: float) -> str:
    """Return the name of a backup that was made so many days after now."""
    return backup_name(NOW + timedelta(days=days))


def test_a_backup_is_called_by_the_second_in_which_it_was_made() -> None:
    assert backup_name(NOW) == "queue-20261121T203015Z.db"


@given(st.datetimes(min_value=datetime(1000, 1, 1), max_value=datetime(9999, 12, 30)))  # noqa: DTZ001 - hypothesis wants naive bounds
def test_a_name_tells_when_a_backup_was_made(at: datetime) -> None:
    moment = at.replace(microsecond=0, tzinfo=UTC)

    assert backup_moment(backup_name(moment)) == moment


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("queue.db", id="database"),
        pytest.param(".queue-20261121T203015Z.db.7.part", id="part"),
        pytest.param("queue-20261321T203015Z.db", id="no-such-month"),
        pytest.param("queue-20261121T203015Z.db.bak", id="kept-by-somebody"),
        pytest.param("queue-20261121T203015Z.db\n", id="line-feed"),
    ],
)
def test_other_files_are_no_backups(name: str) -> None:
    assert backup_moment(name) is None
    assert superfluous_backups([name, named(-1)], made=named(0), keep=1) == (named(-1),)


@pytest.mark.parametrize(
    ("names", "due_at"),
    [
        pytest.param([], NOW, id="there-is-none"),
        pytest.param([named(-0.5)], NOW + DAY / 2, id="one-of-today"),
        pytest.param([named(-9), named(-3)], NOW - 2 * DAY, id="days-were-missed"),
        pytest.param([named(40)], NOW, id="made-by-a-wrong-clock"),
        pytest.param([named(40), named(-0.5)], NOW + DAY / 2, id="of-which-one-by-a-wrong-clock"),
    ],
)
def test_a_backup_is_due_a_day_after_the_last_one(names: list[str], due_at: datetime) -> None:
    assert next_backup_at(names, now=NOW, every=DAY) == due_at


@pytest.mark.parametrize(
    ("names", "keep", "removed"),
    [
        pytest.param([named(-1), named(0)], 2, (), id="few"),
        pytest.param([named(-3), named(-1), named(0), named(-2)], 2, (named(-3), named(-2)), id="oldest-go"),
        pytest.param([named(-1), named(0)], 1, (named(-1),), id="only-one"),
        pytest.param([named(-1), named(0)], 0, (named(-1),), id="never-the-one-that-is-good"),
        pytest.param([named(9), named(-1), named(0)], 2, (named(9),), id="those-of-a-wrong-clock-first"),
    ],
)
def test_the_newest_backups_are_kept(names: list[str], keep: int, removed: tuple[str, ...]) -> None:
    assert superfluous_backups(names, made=named(0), keep=keep) == removed


@given(st.sets(st.integers(-50, 50)), st.integers(0, 9))
def test_as_many_are_left_as_are_wanted_and_the_new_one_is_among_them(days: set[int], keep: int) -> None:
    names = {named(day) for day in days | {0}}

    left = names - set(superfluous_backups(names, made=named(0), keep=keep))

    assert named(0) in left
    assert len(left) == min(len(names), max(1, keep))


def test_the_last_three_former_schemas_are_kept() -> None:
    names = [former_name("queue.db", schema) for schema in (9, 10, 12, 15)]

    removed = superfluous_formers([*names, "other.db.before-1", "queue.db"], name="queue.db", made=names[3])

    assert removed == (names[0],)
