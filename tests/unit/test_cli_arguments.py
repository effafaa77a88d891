from __future__ import annotations

import pytest

from darkroom.cli.arguments import parser


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["--socket", "/s", "--json", "status"], id="before"),
        pytest.param(["status", "--socket", "/s", "--json"], id="after"),
        pytest.param(["--json", "status", "--socket", "/s"], id="both"),
    ],
)
def test_what_every_command_takes_may_stand_before_or_after_its_name(words: list[str]) -> None:
    arguments = parser().parse_args(words)

    assert (arguments.command, arguments.socket, arguments.json) == ("status", "/s", True)


def test_nothing_is_said_by_default() -> None:
    arguments = parser().parse_args(["status"])

    assert (arguments.socket, arguments.json) == (None, False)


@pytest.mark.parametrize(
    "words",
    [
        pytest.param([], id="no-command"),
        pytest.param(["develop"], id="unknown-command"),
        pytest.param(["export", "Wedding"], id="not-built-yet"),
        pytest.param(["photos"], id="photos-of-what"),
        pytest.param(["photos", "Wedding", "--all"], id="photos-of-both"),
        pytest.param(["photos", "--all", "--state", "pretty"], id="unknown-state"),
        pytest.param(["jobs", "--state", "developed"], id="state-of-a-photo"),
        pytest.param(["watch", "--job", "seven"], id="not-a-number"),
        pytest.param(["status", "--sock", "/s"], id="abbreviated"),
        pytest.param(["show"], id="show-what"),
    ],
)
def test_wrong_usage_ends_with_status_two_and_one_line(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(words)

    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_version_is_the_one_installed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(["--version"])

    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("darkroom 0.")
