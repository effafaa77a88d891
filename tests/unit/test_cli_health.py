from __future__ import annotations

import pytest
from msgspec.structs import replace

import sent
from darkroom.cli import words
from darkroom.cli.commands.doctor import exit_status, report
from darkroom.protocol.replies import HealthReply
from darkroom.protocol.severity import as_warning
from darkroom.protocol.types import Check

SECOND = 1_000_000
HOUR = 3600 * SECOND


def test_a_report_tells_who_answers_and_what_is_wrong_first() -> None:
    lines = report(sent.health(ok=False), socket="/s", now_usec=sent.NOON_USEC + HOUR, width=80)

    assert lines[0] == "daemon   something is wrong"
    assert lines[3].endswith(", 1.0 h ago")
    assert lines[-2].split() == ["space", "BAD", "The", "disk", "is", "full."]
    assert lines[-1].split()[:2] == ["queue", "ok"]


WARNED = replace(
    sent.health(), checks=(Check(name="clock", ok=True, message=as_warning("The clock was set back.")),)
)


@pytest.mark.parametrize(
    ("health", "verdict"),
    [
        pytest.param(sent.health(), "all is well", id="well"),
        pytest.param(WARNED, "well, with 1 warning", id="a-warning"),
        pytest.param(sent.health(ok=False), "something is wrong", id="bad"),
    ],
)
def test_a_report_begins_with_how_it_came_out(health: HealthReply, verdict: str) -> None:
    lines = report(health, socket="/s", now_usec=sent.NOON_USEC, width=None)

    assert lines[0] == f"daemon   {verdict}"


def test_a_warning_is_shown_beside_what_it_is_about() -> None:
    lines = report(WARNED, socket="/s", now_usec=sent.NOON_USEC, width=None)

    assert lines[-1].split() == ["clock", "warning", "The", "clock", "was", "set", "back."]


@pytest.mark.parametrize(
    ("health", "strict", "status"),
    [
        pytest.param(sent.health(), True, 0, id="well"),
        pytest.param(WARNED, False, 0, id="a-warning"),
        pytest.param(WARNED, True, 1, id="a-warning-taken-strictly"),
        pytest.param(sent.health(ok=False), False, 1, id="bad"),
    ],
)
def test_the_exit_status_is_for_those_who_supervise(
    health: HealthReply, *, strict: bool, status: int
) -> None:
    assert exit_status(health, strict=strict) == status


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
