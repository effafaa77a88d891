"""The page about the configuration is held to the types, and what it shows to what is said."""

from __future__ import annotations

import re

import pytest

from darkroomd.config import Config, parse_config
from darkroomd.core.faults import ConfigInvalid
from darkroomd.core.reloading import EFFECTS
from print_config import PAGE, with_keys

TEXT = PAGE.read_text(encoding="utf-8")
FLAWED = b'rots = 1\n[intake]\nquiet_seconds = "1"\n\n[[recipe]]\nformat = "jpg"\n'


def test_the_page_has_every_key_as_its_type_has_it() -> None:
    assert with_keys(TEXT) == TEXT, "Run tests/print_config.py."


def test_the_flaws_that_the_page_shows_are_told_so() -> None:
    shown = re.search(r"<!-- flaws -->\n```\n(.*?)```", TEXT, re.DOTALL)

    with pytest.raises(ConfigInvalid) as caught:
        parse_config(FLAWED, "config.toml")

    assert shown is not None
    assert shown[1].splitlines() == list(map(str, caught.value.flaws))


def test_every_table_of_the_configuration_has_a_heading() -> None:
    for name in {key.split(".")[0] for key in EFFECTS if "." in key}:
        assert f"### `[{name}]`" in TEXT
    assert "### `[[recipe]]`" in TEXT
    assert "### `[recipe.overlay]`" in TEXT
    assert Config.__struct_fields__[:3] == ("roots", "sessions", "workers")
