"""Where the levels of log lines come from: the configuration, and above it the command line."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from darkroomd.__main__ import _level
from darkroomd.logs import COMPONENTS, Levels
from darkroomd.sections import LogLevelsSection
from darkroomd.settings import Settings, Sources
from darkroomd.system.paths import Places


def levels(folder: Path, config: str, *orders: tuple[str, str]) -> Levels:
    file = folder / "config.toml"
    file.write_text(config)
    places = Places(config=file, system_config=folder / "none", state=folder, socket=folder / "s")
    return Settings.gather(Sources(places=places, config=file, log_levels=orders)).levels


def test_every_part_can_be_given_a_level() -> None:
    assert set(LogLevelsSection.__struct_fields__) == set(COMPONENTS)


CONFIG = '[log]\nlevel = "warning"\n[log.levels]\nintake = "debug"\n'


@pytest.mark.parametrize(
    ("config", "orders", "expected"),
    [
        pytest.param("", [], ("info", "info", "info"), id="nothing-said"),
        pytest.param(CONFIG, [], ("warning", "debug", "warning"), id="configured"),
        pytest.param(CONFIG, [("", "error")], ("error", "error", "error"), id="all-on-the-command-line"),
        pytest.param(CONFIG, [("api", "info")], ("warning", "debug", "info"), id="one-more"),
        pytest.param(CONFIG, [("", "info"), ("intake", "error")], ("info", "error", "info"), id="in-order"),
    ],
)
def test_levels_are_those_of_the_configuration_and_above_it_of_the_command_line(
    tmp_path: Path, config: str, orders: list[tuple[str, str]], expected: tuple[str, str, str]
) -> None:
    found = levels(tmp_path, config, *orders)

    assert (found.general, found.of("intake"), found.of("api")) == expected


@pytest.mark.parametrize(
    ("text", "order"),
    [
        pytest.param("debug", ("", "debug"), id="all"),
        pytest.param("queue=error", ("queue", "error"), id="one"),
    ],
)
def test_the_command_line_names_a_level_or_a_part_and_its_level(text: str, order: tuple[str, str]) -> None:
    assert _level(text) == order


@pytest.mark.parametrize("text", ["loud", "kitchen=debug", "queue=", "=debug=x"])
def test_what_is_no_level_is_a_mistake_on_the_command_line(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        _level(text)
