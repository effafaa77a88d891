from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroomd.config import Config
from darkroomd.core.reloading import (
    EFFECTS,
    Reloaded,
    Values,
    compare,
    differences,
    in_force,
    keys_of,
)

DEFAULTS: Values = msgspec.to_builtins(Config())


def changed(key: str, value: object) -> Values:
    """Return the defaults with another value of one key."""
    table, _, name = key.rpartition(".")
    values: dict[str, object] = msgspec.to_builtins(Config())
    place: object = values
    for part in filter(None, table.split(".")):
        assert isinstance(place, dict)
        place = place[part]
    assert isinstance(place, dict)
    place[name] = value
    return values


def test_the_table_says_of_every_key_when_it_takes_effect() -> None:
    assert set(keys_of(DEFAULTS)) == EFFECTS.keys()


@pytest.mark.parametrize("key", keys_of(DEFAULTS))
def test_a_key_that_can_change_at_work_is_in_force(key: str) -> None:
    after = changed(key, "another")

    assert compare(DEFAULTS, after) == Reloaded(changed=(key,), warnings=())
    assert in_force(DEFAULTS, after) == after


def test_a_configuration_that_is_the_same_changes_nothing() -> None:
    assert compare(DEFAULTS, msgspec.to_builtins(Config())) == Reloaded(changed=(), warnings=())


def test_keys_are_told_in_order_and_those_that_wait_are_no_part_of_what_is_in_force() -> None:
    before = {**DEFAULTS, "future": 1}
    after = {**DEFAULTS, "future": 2, "workers": 2, "recipe": []}

    assert compare(before, after).changed == ("recipe", "workers")
    assert in_force(before, after) == {**before, "workers": 2, "recipe": []}


def test_what_nobody_knows_of_needs_a_restart() -> None:
    before, after = {"future": {"key": 1}}, {"future": {"key": 2}}

    assert differences(before, after) == ("future.key",)
    reloaded = compare(before, after)
    assert reloaded.changed == ()
    [warning] = reloaded.warnings
    assert warning.startswith("future.key has changed, and takes effect when darkroomd is started again: ")
    assert in_force(before, after) == before


TABLES = st.dictionaries(
    st.sampled_from(["workers", "unknown", "roots"]), st.integers(min_value=0, max_value=2)
)


@given(before=TABLES, after=TABLES)
def test_what_is_in_force_afterwards_differs_only_by_what_waits(
    before: Mapping[str, object], after: Mapping[str, object]
) -> None:
    now = in_force(before, after)

    waiting = compare(now, after)
    shared = before.keys() & after.keys()
    assert [key for key in waiting.changed if key in shared] == []
    assert in_force(now, after) == now
