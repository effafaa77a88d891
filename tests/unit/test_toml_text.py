from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroomd.core.precedence import RunningBackground
from darkroomd.core.toml_text import LONGEST_SHOWN, as_toml, dotted, shown

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    TEXTS | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(TEXTS, values, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_what_is_written_is_read_back_the_same(value: object) -> None:
    written = as_toml(value)

    assert "\n" not in written
    assert tomllib.loads(f"value = {written}") == {"value": value}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param((1, 2), "[1, 2]", id="tuple"),
        pytest.param(RunningBackground.STOP, '"stop"', id="enumeration"),
        pytest.param(date(2026, 5, 1), "2026-05-01", id="date"),
        pytest.param(datetime(2026, 5, 1, tzinfo=UTC), "2026-05-01T00:00:00+00:00", id="time"),
        pytest.param(16**5000, "0x1" + "0" * 5000, id="number-of-thousands-of-digits"),
        pytest.param({"a b": 1}, '{"a b" = 1}', id="quoted-key"),
    ],
)
def test_each_type_is_written_as_toml_has_it(value: object, expected: str) -> None:
    assert as_toml(value) == expected


def test_a_text_that_toml_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        as_toml("/photos/\udcff")


def test_what_is_shown_is_short_however_much_there_is() -> None:
    assert shown("x" * 1000) == '"' + "x" * (LONGEST_SHOWN - 2) + "…"
    assert shown([[[]]] * 1000) == "an array"
    assert shown({"a": {}}) == "a table"


def test_a_key_is_named_as_it_would_be_written() -> None:
    assert dotted(("recipe", 0, "overlay", "a.b")) == 'recipe[0].overlay."a.b"'
