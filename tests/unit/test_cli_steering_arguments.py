from __future__ import annotations

import pytest

from darkroom.cli.arguments import parse


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(["cancel", "7", "8", "--reason", "x"], {"jobs": [7, 8], "reason": "x"}, id="cancel"),
        pytest.param(
            ["retry", "--include-canceled", "7"], {"jobs": [7], "include_canceled": True}, id="retry"
        ),
        pytest.param(["pause"], {"jobs": [], "now": False, "until": None}, id="pause-the-queue"),
        pytest.param(["pause", "--until", "2h", "--now"], {"until": "2h", "now": True}, id="pause-for-now"),
        pytest.param(["pause", "7", "8"], {"jobs": [7, 8]}, id="pause-jobs"),
        pytest.param(["resume"], {"jobs": []}, id="resume"),
        pytest.param(["priority", "7", "8", "high"], {"jobs": [7, 8], "priority": "high"}, id="priority"),
        pytest.param(["move", "7", "--before", "3"], {"jobs": [7], "before": 3}, id="move-before"),
        pytest.param(["move", "--to-end", "7"], {"jobs": [7], "before": None}, id="move-to-the-end"),
        pytest.param(
            ["clear", "--state", "failed", "--older-than", "7d"],
            {"state": ["failed"], "older_than": "7d"},
            id="clear",
        ),
        pytest.param(["wait", "7", "--timeout", "90s"], {"job": 7, "timeout": "90s"}, id="wait"),
        pytest.param(["log", "7", "--follow"], {"what": "7", "item": None, "follow": True}, id="log"),
        pytest.param(["log", "--item", "70"], {"what": None, "item": 70}, id="log-of-an-item"),
        pytest.param(["stats", "--by", "hour"], {"by": "hour", "since": None}, id="stats"),
        pytest.param(["stats"], {"by": "day"}, id="stats-by-default"),
        pytest.param(["jobs", "--by-position"], {"by_position": True}, id="jobs-as-they-run"),
    ],
)
def test_the_words_that_steer_are_understood(words: list[str], expected: dict[str, object]) -> None:
    arguments = vars(parse(words))

    assert {name: arguments[name] for name in expected} == expected


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["inhibit", "--why", "x", "--", "tool", "--json", "--", "-a"], id="plain"),
        pytest.param(
            ["--socket", "inhibit", "inhibit", "--why=x", "--", "tool", "--json", "--", "-a"], id="odd"
        ),
        pytest.param(
            ["--socket=/s", "inhibit", "--why", "x", "--", "tool", "--json", "--", "-a"], id="joined"
        ),
    ],
)
def test_what_follows_two_dashes_is_the_command_alone(words: list[str]) -> None:
    arguments = parse(words)

    assert (list(arguments.program), arguments.why, arguments.json) == (
        ["tool", "--json", "--", "-a"],
        "x",
        False,
    )


def test_two_dashes_mean_nothing_special_to_other_commands() -> None:
    assert parse(["show", "--", "-inhibit"]).what == "-inhibit"


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["cancel"], id="cancel-what"),
        pytest.param(["cancel", "seven"], id="no-number"),
        pytest.param(["cancel", "-7"], id="negative"),
        pytest.param(["cancel", "\u0667"], id="other-digits"),
        pytest.param(["cancel", "9223372036854775808"], id="too-large"),
        pytest.param(["cancel", "9" * 5000], id="endless"),
        pytest.param(["priority", "7"], id="no-priority"),
        pytest.param(["priority", "7", "urgent"], id="unknown-priority"),
        pytest.param(["move", "7"], id="move-where"),
        pytest.param(["move", "7", "--before", "3", "--to-end"], id="move-to-both"),
        pytest.param(["clear", "--state", "running"], id="not-ended"),
        pytest.param(["wait"], id="wait-for-what"),
        pytest.param(["wait", "7", "8"], id="wait-for-two"),
        pytest.param(["log"], id="log-of-what"),
        pytest.param(["log", "7", "--item", "70"], id="log-of-both"),
        pytest.param(["log", "7", "--level", "loud"], id="unknown-level"),
        pytest.param(["stats", "--by", "moon"], id="unknown-group"),
        pytest.param(["inhibit", "--why", "x"], id="no-command"),
        pytest.param(["inhibit", "--why", "x", "--"], id="empty-command"),
        pytest.param(["inhibit", "--why", "x", "tool"], id="command-without-dashes"),
        pytest.param(["inhibit", "--", "tool"], id="no-reason"),
        pytest.param(["inhibit", "--why", "x", "tool", "--", "tool"], id="too-much"),
    ],
)
def test_wrong_words_end_with_status_two_and_one_line(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(words)

    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
