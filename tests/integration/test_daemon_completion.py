"""`darkroomd` completed by a real shell."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "completions" / "darkroomd"

_BASH = """
source "$0"
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_darkroomd
(( ${#COMPREPLY[@]} )) && printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        pytest.param("", ["demo", "install-service", "state", "uninstall-service"], id="commands"),
        pytest.param("--log", ["--log-format", "--log-level"], id="options"),
        pytest.param("--log-format ", ["json", "console"], id="values"),
        pytest.param("--root t", ["two words"], id="folders-alone"),
        pytest.param("--config t", ["toml", "two words"], id="files"),
        pytest.param("install-service --w", ["--writable"], id="options-of-a-command"),
        pytest.param("state ", ["export", "import"], id="actions"),
        pytest.param("state import ", [], id="whatever-the-shell-offers"),
    ],
)
def test_bash_completes_options_commands_and_folders(tmp_path: Path, words: str, offered: list[str]) -> None:
    (tmp_path / "two words").mkdir()
    (tmp_path / "toml").touch()

    ended = subprocess.run(
        ["bash", "--norc", "-c", _BASH, str(SCRIPT), "darkroomd", *words.split(" ")],  # noqa: S607 - where it stands differs
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (sorted(ended.stdout.splitlines()), ended.stderr) == (sorted(offered), "")
