from __future__ import annotations

import pytest

from print_daemon_completions import FOLDER, scripts

SCRIPTS = scripts()


@pytest.mark.parametrize("name", SCRIPTS)
def test_shells_complete_what_the_parsers_of_the_daemon_know(name: str) -> None:
    found = (FOLDER / name).read_text(encoding="utf-8")

    assert found == SCRIPTS[name], "Run tests/print_daemon_completions.py."


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("word", ["install-service", "root", "check-config", "console", "writable", "import"])
def test_each_script_has_commands_options_and_values(name: str, word: str) -> None:
    assert word in SCRIPTS[name]
