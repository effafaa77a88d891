from __future__ import annotations

import pytest
from msgspec.structs import replace

import sent
from darkroom.cli import words
from darkroom.cli.commands.doctor import report

SECOND = 1_000_000
HOUR = 3600 * SECOND


def test_a_report_tells_who_answers_and_what_is_wrong() -> None:
    lines = report(sent.health(ok=False), socket="/s", now_usec=sent.NOON_USEC + HOUR, width=80)

    assert lines[0] == "daemon   something is wrong"
    assert lines[3].endswith(", 1.0 h ago")
    assert lines[-1].split() == ["space", "WRONG", "The", "disk", "is", "full."]


def test_a_report_of_a_daemon_that_is_well_says_so_first() -> None:
    lines = report(replace(sent.health(), ok=True), socket="/s", now_usec=sent.NOON_USEC, width=None)

    assert lines[0] == "daemon   all is well"


@pytest.mark.parametrize(
    ("passed", "text"),
    [
        pytest.param(-5 * SECOND, "just now", id="to-come"),
        pytest.param(0, "just now", id="now"),
        pytest.param(40 * SECOND, "40 s ago", id="seconds"),
        pytest.param(4 * 60 * SECOND, "4 min ago", id="minutes"),
        pytest.param(26 * HOUR, "26.0 h ago", id="a-day"),
        pytest.param(72 * HOUR, "3 days ago", id="days"),
    ],
)
def test_how_long_ago_is_told_in_the_fitting_unit(passed: int, text: str) -> None:
    assert words.age(sent.NOON_USEC, now_usec=sent.NOON_USEC + passed) == text
