from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from darkroom.protocol.severity import Severity, as_warning, severity_of, without_mark
from darkroomd.core.checks.verdict import (
    Finding,
    bad,
    in_bytes,
    lasting,
    listed,
    verdict,
    worth_a_look,
)


@pytest.mark.parametrize(
    ("findings", "severity"),
    [
        pytest.param([], Severity.OK, id="nothing"),
        pytest.param([worth_a_look("Mind this.")], Severity.WARNING, id="a-warning"),
        pytest.param([worth_a_look("Mind this."), bad("Do that.")], Severity.BAD, id="the-worst-counts"),
    ],
)
def test_a_line_is_as_bad_as_the_worst_that_was_found(findings: list[Finding], severity: Severity) -> None:
    check = verdict("space", findings, otherwise="All is well.")

    assert severity_of(ok=check.ok, message=check.message) is severity


def test_what_is_bad_is_said_first() -> None:
    check = verdict("space", [worth_a_look("Mind this."), bad("Do that.")], otherwise="")

    assert check.message == "Do that. Mind this."


@given(st.text())
def test_the_mark_of_a_warning_is_taken_off_again(message: str) -> None:
    marked = as_warning(message)

    assert severity_of(ok=True, message=marked) is Severity.WARNING
    assert without_mark(marked) == message


@pytest.mark.parametrize(
    ("names", "text"),
    [
        pytest.param(["a"], "a", id="one"),
        pytest.param(["a", "b"], "a and b", id="two"),
        pytest.param(list("abcde"), "a, b, c, d and e", id="all-that-are-named"),
        pytest.param(list("abcdef"), "a, b, c, d, e and 1 more", id="too-many"),
    ],
)
def test_names_are_listed_up_to_a_bound(names: list[str], text: str) -> None:
    assert listed(names) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        pytest.param(0, "0 kB", id="nothing"),
        pytest.param(9_999_999, "10000 kB", id="kilobytes"),
        pytest.param(10_000_000, "10 MB", id="megabytes"),
        pytest.param(50_000_000_000, "50 GB", id="gigabytes"),
        pytest.param(12 * 10**12, "12 TB", id="terabytes"),
    ],
)
def test_sizes_are_told_in_the_unit_that_fits(number: int, text: str) -> None:
    assert in_bytes(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        pytest.param(0.43, "0.4 seconds", id="tenths"),
        pytest.param(42.0, "42 seconds", id="seconds"),
        pytest.param(119.0, "119 seconds", id="nearly-two-minutes"),
        pytest.param(7_200.0, "2 hours", id="hours"),
        pytest.param(864_000.0, "10 days", id="days"),
    ],
)
def test_spans_are_told_in_the_unit_that_fits(seconds: float, text: str) -> None:
    assert lasting(seconds) == text
