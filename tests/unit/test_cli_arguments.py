from __future__ import annotations

import pytest

from darkroom.cli.arguments import command_line, parse


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["--socket", "/s", "--json", "status"], id="before"),
        pytest.param(["status", "--socket", "/s", "--json"], id="after"),
        pytest.param(["--json", "status", "--socket", "/s"], id="both"),
    ],
)
def test_what_every_command_takes_may_stand_before_or_after_its_name(words: list[str]) -> None:
    arguments = parse(words)

    assert (arguments.command, arguments.socket, arguments.json) == ("status", "/s", True)


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["call", "GetJob", "{}", "--json", "--more"], id="last"),
        pytest.param(["call", "GetJob", "--json", "--more", "{}"], id="between"),
        pytest.param(["call", "--json", "--more", "GetJob", "{}"], id="first"),
    ],
)
def test_options_may_stand_anywhere_between_method_and_parameters(words: list[str]) -> None:
    arguments = parse(words)

    assert (arguments.method, arguments.parameters, arguments.json, arguments.more) == (
        "GetJob",
        "{}",
        True,
        True,
    )


def test_nothing_is_said_by_default() -> None:
    arguments = parse(["status"])

    assert (arguments.socket, arguments.json) == (None, False)


@pytest.mark.parametrize(
    "words",
    [
        pytest.param([], id="no-command"),
        pytest.param(["develop"], id="unknown-command"),
        pytest.param(["photos", "Wedding", "--all"], id="photos-of-both"),
        pytest.param(["photos", "--all", "--state", "pretty"], id="unknown-state"),
        pytest.param(["jobs", "--state", "developed"], id="state-of-a-photo"),
        pytest.param(["watch", "--job", "seven"], id="not-a-number"),
        pytest.param(["watch", "--job", "-1"], id="no-number-of-a-job"),
        pytest.param(["status", "--sock", "/s"], id="abbreviated"),
        pytest.param(["show"], id="show-what"),
        pytest.param(["call", "GetJob", "{}", "{}"], id="too-much"),
        pytest.param(["call", "GetJob", "--quietly"], id="unknown-option"),
    ],
)
def test_wrong_usage_ends_with_status_two_and_one_line(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(words)

    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        pytest.param(
            ["export"],
            "darkroom export: the following arguments are required: SESSION. See `darkroom export --help`.",
            id="what-may-be-left-out-is-not-asked-for",
        ),
        pytest.param(
            ["inhibit", "--why", "tea"],
            "darkroom inhibit: give the command to run after --. See `darkroom inhibit --help`.",
            id="help-is-that-of-the-command",
        ),
    ],
)
def test_wrong_usage_says_what_is_missing(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse(words)

    assert capsys.readouterr().err == f"{sentence}\n"


def test_the_version_is_the_one_installed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(["--version"])

    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("darkroom 0.")


@pytest.mark.parametrize("name", [name for name in command_line().commands if name != "complete"])
def test_a_command_means_the_same_where_the_others_are_left_out(name: str) -> None:
    alone = command_line(only=name).commands

    assert alone[name].format_help() == command_line().commands[name].format_help()


def test_help_lists_all_commands_also_before_one(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--help", "status"])

    assert "Show what happens, as it happens" in capsys.readouterr().out
